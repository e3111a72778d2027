// The ledger of the last minutes: a sample each second, as bytes by account, and what the engine did meanwhile.
import type { MemoryReport } from 'rullama';
import { answer } from '../chats/answer.svelte.ts';
import { runtime } from '../engine/runtime.svelte.ts';
import { ACCOUNTS } from './accounts.ts';

export const PERIOD_MS = 1000;
/** Ten minutes. */
export const SAMPLES_MAX = 600;

/** What the engine is doing, by the ledger's names, with names for people. */
export const PHASES = { load: 'Loading', session: 'Session', generate: 'Answering' };
export type Phase = keyof typeof PHASES;

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

/** When something was done; `end` is infinite while it goes on. Milliseconds since 1970. */
export interface Span {
  phase: Phase;
  start: number;
  end: number;
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

class History {
  /** The latest report. */
  last = $state.raw<MemoryReport | null>(null);
  /** Grows with each sample, for who draws them. */
  count = $state(0);
  readonly ring = new Ring();
  /** What was done in the time of all samples, the earliest first. */
  spans: Span[] = [];

  start() {
    $effect.root(() => {
      $effect(() => this.#enter(this.phase));
    });
    this.#sample();
  }

  /** What the engine is doing now. Once all tensors are loaded, the session is what remains of a load. */
  get phase(): Phase | null {
    const { loading } = runtime;
    if (loading) return loading.total > 0 && loading.done >= loading.total ? 'session' : 'load';
    return answer.isBusy ? 'generate' : null;
  }

  /** Asks the engine now. */
  async ask() {
    this.last = await runtime.memory();
    if (!this.last) return;
    this.ring.add(sampleOf(this.last, runtime.model?.plan.bytes ?? null, Date.now()));
    this.count += 1;
  }

  #enter(phase: Phase | null) {
    const now = Date.now();
    const before = this.spans.at(-1);
    if (before?.end === Infinity) {
      if (before.phase === phase) return;
      before.end = now;
    }
    this.spans = this.spans.filter(({ end }) => end >= now - SAMPLES_MAX * PERIOD_MS);
    if (phase) this.spans.push({ phase, start: now, end: Infinity });
  }

  async #sample(): Promise<void> {
    await this.ask();
    // The next question waits for the answer to this one, so that they never pile up.
    setTimeout(() => this.#sample(), PERIOD_MS);
  }
}

export const history = new History();
