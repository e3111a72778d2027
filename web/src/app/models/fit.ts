// What of a model fits, when what was asked for does not; and which other model does.
import { MemoryError, RequestError, RullamaError, type PlannedModel, type PlanOptions } from 'rullama';
import { failureOf } from '../engine/failure.ts';
import { bytes as sized, exact } from '../parts/format.ts';

export const CONTEXTS = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072];
/** The engine's own, where none is chosen. */
export const CONTEXT_USUAL = 4096;
/** The engine goes down to 64 by itself; fewer tokens of a prompt at once are slow, and the last resort. */
export const CHUNK_SHORTEST = 16;

/** Throws a `MemoryError` for what does not fit. */
export type Plan = (options: PlanOptions) => Promise<PlannedModel>;

export interface Fit {
  options: PlanOptions;
  bytes: number;
}

/** Nothing fits: how much even the least that can be asked for is beyond the limit. */
export interface Missing {
  /** Null where the refusal does not say. */
  missing: number | null;
  /** The one buffer that is too large for the device; null where all of them together are. */
  buffer: string | null;
}

/**
 * The longest context up to the one wanted that fits. Cache, chunk and table are as wanted where that is possible; the cache
 * becomes one of 8 bits, the table one that stays in the file, and last of all the chunk becomes the shortest.
 */
export async function whatFits(plan: Plan, wanted: PlanOptions): Promise<Fit | Missing> {
  let refusal: MemoryError | null = null;
  const attempt = async (options: PlanOptions): Promise<Fit | null> => {
    try {
      return { options, bytes: (await plan(options)).plan.bytes };
    } catch (thrown) {
      if (thrown instanceof MemoryError) refusal = thrown;
      // A context beyond the model's own is refused as a request.
      else if (!(thrown instanceof RequestError)) throw thrown;
      return null;
    }
  };
  const least: PlanOptions = { ...wanted, kv: 'q8' };
  delete least.chunkLength;
  if (least.perLayerTable === 'resident') delete least.perLayerTable;
  for (const options of [least, { ...least, chunkLength: CHUNK_SHORTEST }]) {
    const longest = await longestContext(attempt, options, wanted.contextLength ?? CONTEXT_USUAL);
    if (longest) return asWanted(attempt, longest, wanted);
  }
  return missingOf(refusal);
}

type Attempt = (options: PlanOptions) => Promise<Fit | null>;

/** The shortest context is the last to be refused where none fits. */
async function longestContext(attempt: Attempt, options: PlanOptions, longest: number): Promise<Fit | null> {
  const lengths = CONTEXTS.filter((length) => length <= longest);
  // A longer context never takes less, so halving finds the longest.
  let [low, high] = [0, lengths.length - 1];
  let best: Fit | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const fit = await attempt({ ...options, contextLength: lengths[middle]! });
    if (fit) [best, low] = [fit, middle + 1];
    else high = middle - 1;
  }
  return best;
}

/** The same context with as much as fits of what was wanted besides. */
async function asWanted(attempt: Attempt, fit: Fit, wanted: PlanOptions): Promise<Fit> {
  let best = fit;
  for (const name of ['kv', 'perLayerTable', 'chunkLength'] as const) {
    if (best.options[name] === wanted[name]) continue;
    const options: PlanOptions = { ...best.options, [name]: wanted[name] };
    if (wanted[name] === undefined) delete options[name];
    best = (await attempt(options)) ?? best;
  }
  return best;
}

function missingOf(refusal: MemoryError | null): Missing {
  const { needed, budget, requested, in_use, bytes, max, buffer } = (refusal?.details ?? {}) as Record<string, unknown>;
  const beyond = (...parts: unknown[]) => (parts.every((part) => typeof part === 'number') ? parts.map(Number) : null);
  const total = beyond(needed, budget);
  if (total) return { missing: total[0]! - total[1]!, buffer: null };
  const single = beyond(bytes, max);
  if (single) return { missing: single[0]! - single[1]!, buffer: typeof buffer === 'string' ? buffer : null };
  const live = beyond(requested, in_use, budget);
  return { missing: live && live[0]! + live[1]! - live[2]!, buffer: null };
}

/** The first of `models` that fits, if need be with less than is usual; what cannot be read or run is passed over. */
export async function firstThatFits<M>(models: M[], planOf: (model: M) => Plan, wanted: PlanOptions): Promise<{ model: M; fit: Fit } | null> {
  for (const model of models) {
    const plan = planOf(model);
    try {
      const { plan: { bytes } } = await plan(wanted);
      return { model, fit: { options: wanted, bytes } };
    } catch (thrown) {
      if (!(thrown instanceof MemoryError)) {
        if (RullamaError.from(thrown).code === 'CANCELLED') throw thrown;
        continue;
      }
    }
    const found = await whatFits(plan, wanted).catch(() => null);
    if (found && 'options' in found) return { model, fit: found };
  }
  return null;
}

const KV_NAMES = { f32: 'a 32-bit', f16: 'a 16-bit', q8: 'an 8-bit' };

/** A fit in words, with what differs from what was wanted. */
export function described({ options, bytes }: Fit, wanted: PlanOptions): string {
  const parts = [`${exact(options.contextLength!)} tokens with ${KV_NAMES[options.kv ?? 'f16']} cache`];
  if ((options.perLayerTable ?? 'auto') !== (wanted.perLayerTable ?? 'auto')) parts.push('the per-layer table read from the file');
  if (options.chunkLength && options.chunkLength !== wanted.chunkLength) parts.push(`prompts read ${options.chunkLength} tokens at a time`);
  return `${parts.join(', ')}: ${sized(bytes)}`;
}

/**
 * Whether a model fits, in the few words of a list's row. With `isFar` only what is usual is tried: every attempt reads the
 * header of the file, megabytes of it. Rejects with `CANCELLED`.
 */
export async function fitInWords(plan: Plan, wanted: PlanOptions, isFar: boolean): Promise<string> {
  try {
    return `Fits: ${sized((await plan(wanted)).plan.bytes)} of GPU memory`;
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (!failure) throw thrown;
    if (!(thrown instanceof MemoryError)) return failure.headline;
  }
  if (isFar) return 'Does not fit as usual; choose it to see what would';
  const found = await whatFits(plan, wanted);
  if ('options' in found) return `Fits with ${described(found, wanted)}`;
  return found.missing === null ? 'Does not fit' : `Does not fit: ${sized(found.missing)} are missing`;
}
