// The ledger of the last minutes: a sample each second, as bytes by account.
import type { MemoryReport } from 'rullama';
import { runtime } from '../engine/runtime.svelte.ts';
import { ACCOUNTS } from './accounts.ts';

export const PERIOD_MS = 1000;
/** Ten minutes. */
export const SAMPLES_MAX = 600;

/** One moment; `bytes` is in the order of `ACCOUNTS`. */
export interface Sample {
  /** Milliseconds since 1970. */
  time: number;
  bytes: number[];
  wasm: number;
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

export function sampleOf(report: MemoryReport, time: number): Sample {
  const of = new Map(report.accounts.map(({ account, bytes }) => [account, bytes]));
  return { time, bytes: ACCOUNTS.map(({ account }) => of.get(account) ?? 0), wasm: report.linear_memory_bytes };
}

class History {
  /** The latest report. */
  last = $state.raw<MemoryReport | null>(null);
  /** Grows with each sample, for who draws them. */
  count = $state(0);
  readonly ring = new Ring();

  start() {
    this.#sample();
  }

  /** Asks the engine now. */
  async ask() {
    this.last = await runtime.memory();
    if (!this.last) return;
    this.ring.add(sampleOf(this.last, Date.now()));
    this.count += 1;
  }

  async #sample(): Promise<void> {
    await this.ask();
    // The next question waits for the answer to this one, so that they never pile up.
    setTimeout(() => this.#sample(), PERIOD_MS);
  }
}

export const history = new History();
