// Which blocks of a complete file are wrong, by their digests, where the server has a list of them; only those are loaded again.
import { ask, Interrupted, interruption } from './answer.ts';
import { digestOf } from './hash.ts';
import { Bodies } from './pieces.ts';
import type { Meter } from './progress.ts';
import { insist } from './retry.ts';
import { whileHeard } from './silence.ts';
import type { GrowingFile, Tools } from './transfer.ts';

/** Largest block that is taken: one is held in memory. */
const BLOCK_BYTES_MAX = 64 << 20;
/** Longest list that is read; some hosts answer every address with a page. */
const LIST_BYTES_MAX = 1 << 20;

interface Block {
  start: number;
  end: number;
  /** `sha256:…` */
  digest: string;
}

/** Where the list of a file is: at the address of the file with `.blocks` behind its path. */
export function listAddress(url: string): string {
  const address = new URL(url);
  address.pathname += '.blocks';
  return address.href;
}

/**
 * The blocks of a file of `bytes` bytes from the text of a list: how many bytes a block has, then the sha256 of each, a line
 * each. Null for other texts, and for lists of other files.
 */
export function blocksOf(text: string, bytes: number): Block[] | null {
  const [first = '', ...digests] = text.trimEnd().split(/\r?\n/);
  const size = /^\d+$/.test(first) ? Number(first) : 0;
  if (size < 1 || size > BLOCK_BYTES_MAX || digests.length !== Math.ceil(bytes / size)) return null;
  if (!digests.every((digest) => /^[0-9a-f]{64}$/.test(digest))) return null;
  return digests.map((digest, i) => ({ start: i * size, end: Math.min((i + 1) * size, bytes), digest: `sha256:${digest}` }));
}

/**
 * Makes the blocks of `file` those of the server's list. False if the server has none. A block takes the place of another only
 * when its digest is right; on failure the others stay for the next call.
 */
export async function repair(url: string, file: GrowingFile, tools: Tools, meter: Meter): Promise<boolean> {
  const work = new Repair(url, file, tools, meter);
  const blocks = await work.blocks();
  if (!blocks) return false;
  await work.replace(await work.wrong(blocks));
  return true;
}

class Repair {
  readonly #url: string;
  readonly #file: GrowingFile;
  readonly #tools: Tools;
  readonly #meter: Meter;
  readonly #bodies = new Bodies();

  constructor(url: string, file: GrowingFile, tools: Tools, meter: Meter) {
    this.#url = url;
    this.#file = file;
    this.#tools = tools;
    this.#meter = meter;
  }

  /** What the server says of its blocks; null if it says nothing. */
  async blocks(): Promise<Block[] | null> {
    let text: string | null | undefined;
    const attempt = async () => {
      text = await this.#heard(listAddress(this.#url), (signal, heard) => this.#list(signal, heard));
    };
    await this.#insist(() => text !== undefined, () => 0, attempt);
    return text ? blocksOf(text, this.#file.bytes) : null;
  }

  async #list(signal: AbortSignal, heard: () => void): Promise<string | null> {
    const { fetch } = this.#tools;
    const url = listAddress(this.#url);
    const response = await fetch(url, { signal, cache: 'no-store' }).catch(() => null);
    if (!response) {
      // Servers often let no page read that there is no such file; one that is there still sends the file itself.
      await (await ask(this.#url, 0, 1, null, fetch, signal)).body.cancel();
      return null;
    }
    heard();
    const body = response.body && this.#bodies.pieces(response.body);
    const decoder = new TextDecoder();
    let text = '';
    try {
      const passing = interruption(url, response);
      if (passing) throw passing;
      for (let piece = await body?.next(); response.ok && piece && text.length < LIST_BYTES_MAX; piece = await body?.next()) {
        heard();
        text += decoder.decode(piece, { stream: true });
      }
    } catch (thrown) {
      throw thrown instanceof Interrupted ? thrown : new Interrupted(url, `the connection broke: ${(thrown as Error).message}`);
    } finally {
      body?.cancel();
    }
    return response.ok ? text : null;
  }

  /** Those that are not in the file. */
  async wrong(blocks: Block[]): Promise<Block[]> {
    const { newHash, signal } = this.#tools;
    const wrong = [];
    for (const block of blocks) {
      const { start, end, digest } = block;
      const part = {
        bytes: end - start,
        read: (into: Uint8Array, at: number) => this.#file.read(into.subarray(0, end - start - at), start + at),
      };
      const found = await digestOf(part, newHash(), signal, (hashed) => this.#meter.at('verifying', start + hashed, this.#file.bytes));
      if (found !== digest) wrong.push(block);
    }
    return wrong;
  }

  /** Loads blocks again, each into memory and, if it is right, into its place. */
  async replace(wrong: Block[]): Promise<void> {
    let missing = wrong.reduce((sum, { start, end }) => sum + end - start, 0);
    const right = () => this.#file.bytes - missing;
    let next = 0;
    const attempt = async (onAnswer: () => void) => {
      const { start, end, digest } = wrong[next]!;
      const content = new Uint8Array(end - start);
      this.#meter.at('loading', right(), this.#file.bytes);
      await this.#heard(this.#url, (signal, heard) => this.#load(content, start, signal, () => (onAnswer(), heard())));
      const hash = this.#tools.newHash();
      hash.update(content);
      if (`sha256:${hash.digest()}` !== digest) {
        throw new Interrupted(this.#url, `the digest of bytes ${start} to ${end} is wrong again`);
      }
      this.#file.replace(content, start);
      missing -= content.length;
      next++;
    };
    await this.#insist(() => next === wrong.length, right, attempt);
    this.#meter.at('loading', right(), this.#file.bytes);
  }

  /** Fills `content` with the bytes from `start`. */
  async #load(content: Uint8Array, start: number, signal: AbortSignal, heard: () => void): Promise<void> {
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
  }

  #heard<T>(url: string, work: (signal: AbortSignal, heard: () => void) => Promise<T>): Promise<T> {
    return whileHeard(url, this.#tools.silenceSeconds, this.#tools.signal, work);
  }

  #insist(isDone: () => boolean, reached: () => number, attempt: (onAnswer: () => void) => Promise<void>): Promise<void> {
    const { bytes } = this.#file;
    return insist({ isDone, reached, attempt, onWait: (more) => this.#meter.at('waiting', bytes, bytes, more) }, this.#tools.signal);
  }
}
