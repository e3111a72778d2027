// When to try again: soon at first, then less and less often, and at once when the network is back.
import { cancelled } from '../errors.ts';
import { Interrupted } from './answer.ts';

/** Failures in a row, without a new byte between them, after which a server that has answered before is given up. */
const FAILURES_MAX = 9;
/** The same for one that never answered: most often the address is wrong, or the server does not allow this page. */
const FAILURES_MAX_UNANSWERED = 3;
/** Longest wait, also where a server asks for more. */
const WAIT_SECONDS_MAX = 60;

/** Work that a network may interrupt. */
export interface Attempts {
  isDone: () => boolean;
  /** How far it is; failures in a row end when it grows. */
  reached: () => number;
  /** Calls `onAnswer` when the server has answered. An `Interrupted` is followed by another attempt, other failures are final. */
  attempt: (onAnswer: () => void) => Promise<void>;
  onWait: (wait: { retryInSeconds: number; problem: string }) => void;
}

/** Makes attempts until the work is done. Rejects with the last failure, or with `CANCELLED`. */
export async function insist({ isDone, reached, attempt, onWait }: Attempts, signal: AbortSignal): Promise<void> {
  let furthest = reached();
  let failures = 0;
  let answered = false;
  while (!isDone()) {
    try {
      await attempt(() => (answered = true));
    } catch (thrown) {
      if (signal.aborted) throw cancelled();
      if (!(thrown instanceof Interrupted)) throw thrown;
      // A server that cuts every answer at the same place would never be given up otherwise.
      if (reached() > furthest) failures = 0;
      furthest = Math.max(furthest, reached());
      const { message: problem } = thrown;
      await backOff(++failures, answered, thrown, signal, (seconds) => onWait({ retryInSeconds: seconds, problem }));
    }
  }
}

/**
 * Waits before the next attempt, after `failures` in a row: 1, 2, 4 … 60 seconds, or what the server asked for. Throws
 * `failure` when it is one too many, and `CANCELLED` when `signal` is aborted. While the browser knows that there is no
 * network, nothing is given up.
 */
async function backOff(
  failures: number,
  answered: boolean,
  failure: Interrupted,
  signal: AbortSignal,
  onWait: (seconds: number) => void,
): Promise<void> {
  const isOffline = globalThis.navigator?.onLine === false;
  if (!isOffline && failures >= (answered ? FAILURES_MAX : FAILURES_MAX_UNANSWERED)) throw failure;
  const seconds = Math.min(failure.retryAfter ?? 2 ** (failures - 1), WAIT_SECONDS_MAX);
  if (seconds === 0) return;
  onWait(seconds);
  await new Promise<void>((resolve, reject) => {
    const ends: (() => void)[] = [];
    const end = (settle: () => void) => () => {
      for (const undo of ends) undo();
      settle();
    };
    const timer = setTimeout(end(resolve), 1000 * seconds);
    const online = end(resolve);
    const stop = end(() => reject(cancelled()));
    globalThis.addEventListener?.('online', online);
    signal.addEventListener('abort', stop);
    ends.push(
      () => clearTimeout(timer),
      () => globalThis.removeEventListener?.('online', online),
      () => signal.removeEventListener('abort', stop),
    );
  });
}
