// Blocks of a file, each loaded into memory before anything is made of it.
import { ask, Interrupted } from './answer.ts';
import { Bodies } from './pieces.ts';
import type { Meter } from './progress.ts';
import { insist } from './retry.ts';
import { whileHeard } from './silence.ts';
import type { Tools } from './transfer.ts';

export class Blocks {
  readonly #url: string;
  /** Bytes of the whole file. */
  readonly #bytes: number;
  readonly #tools: Tools;
  readonly #meter: Meter;
  readonly #bodies = new Bodies();

  constructor(url: string, bytes: number, tools: Tools, meter: Meter) {
    this.#url = url;
    this.#bytes = bytes;
    this.#tools = tools;
    this.#meter = meter;
  }

  /** Fills `content` with the bytes from `start`. Resolves to whether the server knows ranges. */
  load(content: Uint8Array, start: number, onAnswer: () => void): Promise<boolean> {
    return this.heard(this.#url, (signal, heard) => this.#load(content, start, signal, () => (onAnswer(), heard())));
  }

  async #load(content: Uint8Array, start: number, signal: AbortSignal, heard: () => void): Promise<boolean> {
    const answer = await ask(this.#url, start, content.length, null, this.#tools.fetch, signal);
    heard();
    const body = this.#bodies.pieces(answer.body);
    let [at, filled] = [answer.start, 0];
    const failed = (problem: string) => new Interrupted(this.#url, problem);
    try {
      if (at > start) throw failed(`the server sent bytes from ${at} where those from ${start} were asked for`);
      while (filled < content.length) {
        const piece = await body.next().catch((thrown: Error) => {
          throw failed(`the connection broke at byte ${at}: ${thrown.message}`);
        });
        if (!piece) throw failed(`the answer ended at byte ${at}`);
        heard();
        // A server that does not know ranges begins at the beginning.
        const fresh = piece.subarray(Math.max(0, start + filled - at), start + content.length - at);
        content.set(fresh, filled);
        filled += fresh.length;
        at += piece.length;
      }
    } finally {
      body.cancel();
    }
    return answer.isPart;
  }

  /** The pieces of a body, through the buffer of all. */
  pieces(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    return this.#bodies.pieces(body);
  }

  heard<T>(url: string, work: (signal: AbortSignal, heard: () => void) => Promise<T>): Promise<T> {
    return whileHeard(url, this.#tools.silenceSeconds, this.#tools.signal, work);
  }

  insist(isDone: () => boolean, reached: () => number, attempt: (onAnswer: () => void) => Promise<void>): Promise<void> {
    const onWait = (more: object) => this.#meter.at('waiting', this.#bytes, this.#bytes, more);
    return insist({ isDone, reached, attempt, onWait }, this.#tools.signal);
  }
}
