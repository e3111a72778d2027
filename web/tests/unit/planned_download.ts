// A download with a file in memory, a planned server and a clock that the test moves.
import { createHash } from 'node:crypto';
import { vi } from 'vitest';
import type { PlainWanted } from '../../src/engine/downloads/download.ts';
import type { Origin } from '../../src/engine/downloads/origin.ts';
import type { Progress } from '../../src/engine/downloads/progress.ts';
import { transfer, type GrowingFile } from '../../src/engine/downloads/transfer.ts';

export const URL_ = 'https://models.example/file';
export const BYTES = Uint8Array.from({ length: 5000 }, (_, i) => i * 7);
BYTES.set(new TextEncoder().encode('GGUF'));
export const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const wanted: PlainWanted = { url: URL_, name: 'm', digest: digestOf(BYTES), bytes: null };
export const origin: Origin = { url: URL_, digest: null, total: 5000, etag: '"a"', lastModified: null };

export class MemoryFile implements GrowingFile {
  origin: Origin | null = null;
  content: Uint8Array;
  cleared = 0;

  constructor(content = new Uint8Array(0), of: Origin | null = null) {
    this.content = content;
    this.origin = of;
  }
  get bytes() {
    return this.content.length;
  }
  async setOrigin(next: Origin) {
    this.origin = next;
  }
  append(piece: Uint8Array) {
    this.content = Uint8Array.from([...this.content, ...piece]);
  }
  read(into: Uint8Array, at: number) {
    const piece = this.content.subarray(at, at + into.length);
    into.set(piece);
    return piece.length;
  }
  replace(piece: Uint8Array, at: number) {
    this.content.set(piece, at);
  }
  clear() {
    this.content = new Uint8Array(0);
    this.origin = null;
    this.cleared++;
  }
}

export class NodeHash {
  #hash = createHash('sha256');
  update(bytes: Uint8Array) {
    this.#hash.update(bytes);
  }
  digest() {
    return this.#hash.digest('hex');
  }
}

/** A server that answers a request for bytes from `start`. */
export type Reply = (start: number, signal: AbortSignal, end: number | null) => Response;

export const ranged = (bytes: Uint8Array, from: number, more: { upTo?: number; headers?: Record<string, string> } = {}) => {
  const body = bytes.slice(from, more.upTo);
  const broken = new ReadableStream({
    pull(controller) {
      if (body.length > 0 && controller.desiredSize === 1 && !this.sent) controller.enqueue(body);
      else controller.error(new TypeError('network error'));
      this.sent = true;
    },
    sent: false,
  } as UnderlyingDefaultSource & { sent: boolean });
  const headers = { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`, ETag: '"a"', ...more.headers };
  return new Response(more.upTo === undefined ? body : broken, { status: 206, headers });
};
export const good: Reply = (start) => ranged(BYTES, start);

/** Runs a download against replies in turn; time passes as fast as it is waited for. `lists` are the replies about blocks. */
export async function run(
  file: MemoryFile,
  replies: Reply[],
  ask: Partial<PlainWanted> = {},
  { free = null, lists = [] }: { free?: number | null; lists?: Reply[] } = {},
) {
  const [asked, starts]: [string[], number[]] = [[], []];
  const progress: Progress[] = [];
  const fetch = async (url: string, { headers, signal }: RequestInit) => {
    if (url === `${URL_}.blocks`) {
      asked.push('blocks');
      const reply = lists.shift();
      if (!reply) throw new TypeError('Failed to fetch');
      return reply(0, signal!, null);
    }
    const range = new Headers(headers).get('Range')!;
    const [start, last] = range.match(/\d+/g)!.map(Number) as [number, number?];
    asked.push(range);
    starts.push(start);
    const reply = replies.shift();
    if (!reply) throw new TypeError('Failed to fetch');
    return reply(start, signal!, last === undefined ? null : last + 1);
  };
  const ended = transfer({ ...wanted, ...ask }, file, {
    fetch,
    newHash: () => new NodeHash(),
    freeBytes: async () => free,
    signal: new AbortController().signal,
    silenceSeconds: 30,
    onProgress: (at) => progress.push(at),
  }).then(
    (digest) => ({ digest, error: null }),
    (error: { code: string; message: string; details: Record<string, unknown> }) => ({ digest: null, error }),
  );
  let isOver = false;
  ended.then(() => (isOver = true));
  while (!isOver) await vi.advanceTimersByTimeAsync(100);
  return { ...(await ended), asked, starts, progress, waits: progress.flatMap(({ retryInSeconds }) => retryInSeconds ?? []) };
}
