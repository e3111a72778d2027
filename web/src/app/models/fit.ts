// What of a model fits, when what was asked for does not.
import { MemoryError, RequestError, type PlannedModel, type PlanOptions } from 'rullama';

export const CONTEXTS = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];
/** The engine's own, where none is chosen. */
export const CONTEXT_USUAL = 4096;

export interface Fit {
  options: PlanOptions;
  bytes: number;
}

/**
 * The longest context below the one wanted that fits, with the cache as wanted if possible and in 8 bits if not; null
 * when not even the shortest does. `plan` throws a `MemoryError` for what does not fit.
 */
export async function whatFits(plan: (options: PlanOptions) => Promise<PlannedModel>, wanted: PlanOptions): Promise<Fit | null> {
  const attempt = async (contextLength: number, kv: PlanOptions['kv']): Promise<Fit | null> => {
    const options: PlanOptions = { ...wanted, contextLength, ...(kv && { kv }) };
    if (kv === undefined) delete options.kv;
    try {
      return { options, bytes: (await plan(options)).plan.bytes };
    } catch (thrown) {
      // A context beyond the model's own is refused as a request.
      if (thrown instanceof MemoryError || thrown instanceof RequestError) return null;
      throw thrown;
    }
  };
  const below = CONTEXTS.filter((context) => context <= (wanted.contextLength ?? CONTEXT_USUAL));
  // A longer context never takes less, so halving finds the longest.
  let [low, high] = [0, below.length - 1];
  let best: Fit | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const fit = await attempt(below[middle]!, 'q8');
    if (fit) best = fit;
    if (fit) low = middle + 1;
    else high = middle - 1;
  }
  if (!best || wanted.kv === 'q8') return best;
  return (await attempt(best.options.contextLength!, wanted.kv)) ?? best;
}
