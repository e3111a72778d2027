// How far a download is, how fast, and how long it will take.

/** Where a download stands. */
export interface Progress {
  /** Bytes that are on the disk; in the phase `verifying`, bytes that have been hashed. */
  done: number;
  /** Bytes of the file; 0 until they are known. */
  total: number;
  /** Over the last seconds. */
  bytesPerSecond: number;
  /** null until there is a speed to tell it by. */
  secondsLeft: number | null;
  /** `checking` before the first byte, `waiting` for the next attempt or for another tab that loads the same name. */
  phase: 'checking' | 'loading' | 'waiting' | 'verifying';
  /** Seconds until the next attempt, in the phase `waiting`. */
  retryInSeconds?: number;
  /** Why there has to be another attempt. */
  problem?: string;
}

/** The span that the speed is the mean of. */
const WINDOW_MS = 5000;
/** Time between two samples, and between two reports. */
const INTERVAL_MS = 250;

interface State {
  phase: Progress['phase'];
  done: number;
  total: number | null;
  more: Partial<Progress>;
}

/** Measures, and reports when it is time. */
export class Meter {
  readonly #report: (progress: Progress) => void;
  #samples: { at: number; done: number }[] = [];
  #reported = -Infinity;
  #state: State | null = null;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  /** Notes where the work is. A new phase and the end of one are reported at once, everything else in its time. */
  at(phase: State['phase'], done: number, total: number | null, more: Partial<Progress> = {}) {
    const isNew = phase !== this.#state?.phase;
    // What is hashed says nothing about the network, and what was loaded before a wait nothing about now.
    if (isNew) this.#samples = [];
    this.#state = { phase, done, total, more };
    const wait = this.#reported + INTERVAL_MS - performance.now();
    if (isNew || done === total || wait <= 0) return this.#say();
    // Should nothing follow, the last bytes are reported all the same.
    this.#later ??= setTimeout(() => this.#say(), wait);
  }

  /** Reports nothing any more. */
  end() {
    clearTimeout(this.#later);
  }

  #say() {
    clearTimeout(this.#later);
    this.#later = undefined;
    const { phase, done, total, more } = this.#state!;
    const now = performance.now();
    this.#reported = now;
    this.#samples.push({ at: now, done });
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    const bytesPerSecond = now > first.at ? Math.max(0, (1000 * (done - first.done)) / (now - first.at)) : 0;
    const secondsLeft = total !== null && bytesPerSecond > 0 ? (total - done) / bytesPerSecond : null;
    this.#report({ done, total: total ?? 0, bytesPerSecond, secondsLeft, phase, ...more });
  }
}
