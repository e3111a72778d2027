// Whether the listed models fit, found out one after the other: each has to read the header of a file.
import type { PlanOptions } from 'rullama';
import { runtime, type Choice } from '../engine/runtime.svelte.ts';
import { fitInWords } from './fit.ts';

/** A server that stalls must not keep the other models of the list waiting. */
const LIMIT_MS = 30_000;

const known = new Map<string, string>();
let queue: Promise<unknown> = Promise.resolve();

/** `id` is the same for the same bytes. Rejects when `signal` is aborted. */
export function fitNote(id: string, choice: () => Promise<Choice>, options: PlanOptions, signal: AbortSignal): Promise<string> {
  const key = JSON.stringify([id, options]);
  const work = async () => {
    signal.throwIfAborted();
    const found = known.get(key);
    if (found) return found;
    const { source, label } = await choice();
    const isFar = typeof source === 'object' && 'url' in source;
    const either = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const note = await fitInWords((options) => runtime.plan({ source, label, options }, either), options, isFar);
    known.set(key, note);
    return note;
  };
  const turn = queue.then(work);
  queue = turn.catch(() => {});
  return turn;
}
