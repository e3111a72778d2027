// Which blocks of a complete file are wrong, by their digests, where the server has a list of them; only those are loaded again.
import { ask, Interrupted, interruption } from './answer.ts';
import { Blocks } from './blocks.ts';
import { digestOf } from './hash.ts';
import type { Meter } from './progress.ts';
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
  readonly #blocks: Blocks;

  constructor(url: string, file: GrowingFile, tools: Tools, meter: Meter) {
    this.#url = url;
    this.#file = file;
    this.#tools = tools;
    this.#meter = meter;
    this.#blocks = new Blocks(url, file.bytes, tools, meter);
  }

  /** What the server says of its blocks; null if it says nothing. */
  async blocks(): Promise<Block[] | null> {
    let text: string | null | undefined;
    const attempt = async () => {
      text = await this.#blocks.heard(listAddress(this.#url), (signal, heard) => this.#list(signal, heard));
    };
    await this.#blocks.insist(() => text !== undefined, () => 0, attempt);
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
    const body = response.body && this.#blocks.pieces(response.body);
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
      await this.#blocks.load(content, start, onAnswer);
      const hash = this.#tools.newHash();
      hash.update(content);
      if (`sha256:${hash.digest()}` !== digest) {
        throw new Interrupted(this.#url, `the digest of bytes ${start} to ${end} is wrong again`);
      }
      this.#file.replace(content, start);
      missing -= content.length;
      next++;
    };
    await this.#blocks.insist(() => next === wrong.length, right, attempt);
    this.#meter.at('loading', right(), this.#file.bytes);
  }
}
