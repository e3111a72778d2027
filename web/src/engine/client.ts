// Calls across the port: each has an id, and ends with a result, an error, or the end of the engine.
import { cancelled, ClosedError, InternalError, revive, type RullamaError } from './errors.ts';
import type { Argument, Event, Name, Port, Request, Response, Result } from './protocol.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: RullamaError): void;
  onEvent: ((event: never) => void) | undefined;
  release(): void;
}

export interface Watch<N extends Name> {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: Event<N>) => void) | undefined;
}

export class Client {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #gone: RullamaError | null = null;
  /** Told of the errors that calls end with, before their callers are. */
  onError: (error: RullamaError) => void = () => {};

  constructor(port: Port) {
    this.#port = port;
    port.onResponse = (message) => this.#receive(message);
    port.onFailure = (reason) =>
      this.end(new InternalError({ code: 'INTERNAL', message: `the engine's worker failed: ${reason}` }));
  }

  /** Why there is no engine any more. */
  get gone(): RullamaError | null {
    return this.#gone;
  }

  call<N extends Name>(operation: N, argument: Argument<N>, watch: Watch<N> = {}): Promise<Result<N>> {
    return this.begin(operation, argument, watch).answer;
  }

  /**
   * A call, whether it was sent, and a way to say that events were taken. A call whose signal is aborted already is never sent, and
   * neither is one that cannot be cloned or has no engine.
   */
  begin<N extends Name>(operation: N, argument: Argument<N>, { signal, onEvent }: Watch<N> = {}) {
    const id = ++this.#lastId;
    let sent = false;
    const answer = new Promise<Result<N>>((resolve, reject) => {
      if (this.#gone) return reject(this.#gone);
      if (signal?.aborted) return reject(cancelled());
      const cancel = () => this.#port.send({ cancel: id });
      const release = () => signal?.removeEventListener('abort', cancel);
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, onEvent, release });
      signal?.addEventListener('abort', cancel);
      try {
        this.#port.send({ id, operation, argument } as Request);
        sent = true;
      } catch (thrown) {
        // What cannot be cloned into a worker is the caller's mistake and must not leave the call open.
        this.#pending.delete(id);
        release();
        const message = `the argument of \`${operation}\` cannot be sent to the worker: ${(thrown as Error).message}`;
        reject(revive({ code: 'BAD_OPTION', message, details: { operation } }));
      }
    });
    const taken = (events: number) => {
      if (this.#pending.has(id)) this.#port.send({ taken: id, events });
    };
    return { answer, sent, taken };
  }

  /** Ends the other side; whatever is under way rejects with `reason`. */
  end(reason: RullamaError = new ClosedError({ code: 'CLOSED', message: 'the engine was closed; start a new one' })) {
    if (this.#gone) return;
    this.#gone = reason;
    this.#port.close();
    for (const pending of this.#pending.values()) {
      pending.release();
      pending.reject(reason);
    }
    this.#pending.clear();
  }

  #receive(message: Response) {
    if ('fatal' in message) return this.end(revive(message.fatal));
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ('event' in message) return pending.onEvent?.(message.event as never);
    this.#pending.delete(message.id);
    pending.release();
    if (!('error' in message)) return pending.resolve(message.result);
    const error = revive(message.error);
    this.onError(error);
    pending.reject(error);
  }
}
