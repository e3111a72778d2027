// Samples of the ledger: the latest of them, and how they are stacked in the chart.
import type { MemoryReport } from 'rullama';
import { MIB } from '../parts/format.ts';
import { ACCOUNTS } from './accounts.ts';

export const PERIOD_MS = 1000;
/** Ten minutes. */
export const SAMPLES_MAX = 600;
/** A budget so much higher than everything else would press the rest to the ground; it is a number only. */
const BUDGET_DRAWN_WITHIN = 2;

/** One moment; `bytes` is in the order of `ACCOUNTS`. */
export interface Sample {
  /** Milliseconds since 1970. */
  time: number;
  bytes: number[];
  wasm: number;
  /** Bytes that the model's plan has, and what may be used; null where there is none. */
  planned: number | null;
  budget: number | null;
}

/** The latest samples, the oldest first. */
export class Ring {
  #samples: Sample[] = [];

  add(sample: Sample) {
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }
}

export function sampleOf(report: MemoryReport, planned: number | null, time: number): Sample {
  const of = new Map(report.accounts.map(({ account, bytes }) => [account, bytes]));
  const bytes = ACCOUNTS.map(({ account }) => of.get(account) ?? 0);
  return { time, bytes, wasm: report.linear_memory_bytes, planned, budget: report.budget_bytes };
}

export const total = ({ bytes }: Sample) => bytes.reduce((sum, count) => sum + count, 0);
export const times = (samples: readonly Sample[]) => samples.map(({ time }) => time / 1000);
export const mib = (count: number | null) => (count === null ? null : count / MIB);

/**
 * What the chart draws, in MiB: the times, the sums up to each of the accounts `used`, the plan and the budget. `used` has places in
 * `ACCOUNTS` from the bottom of the stack; the highest sum is drawn first, and each one below over it.
 */
export function stacked(samples: readonly Sample[], used: number[]): [number[], ...(number | null)[][]] {
  const sums = samples.map(() => 0);
  const layers = used.map((n) => samples.map(({ bytes }, at) => (sums[at] = sums[at]! + bytes[n]!) / MIB));
  const highest = Math.max(...samples.map((sample) => Math.max(total(sample), sample.planned ?? 0)));
  const budgets = samples.map(({ budget }) => (budget !== null && budget <= BUDGET_DRAWN_WITHIN * highest ? mib(budget) : null));
  return [times(samples), ...layers.reverse(), samples.map(({ planned }) => mib(planned)), budgets];
}
