// The ledger of the last minutes: a sample each second, as bytes by account, and what the engine did meanwhile.
import type { MemoryReport } from 'rullama';
import { answer } from '../chats/answer.svelte.ts';
import { runtime } from '../engine/runtime.svelte.ts';
import { PERIOD_MS, Ring, sampleOf, SAMPLES_MAX } from './samples.ts';

/** What the engine is doing, by the ledger's names, with names for people. */
export const PHASES = { load: 'Loading', session: 'Session', generate: 'Answering' };
export type Phase = keyof typeof PHASES;

/** When something was done; `end` is infinite while it goes on. Milliseconds since 1970. */
export interface Span {
  phase: Phase;
  start: number;
  end: number;
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
