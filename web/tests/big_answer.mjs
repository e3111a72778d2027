// A file of any length that takes no room on a server: one block of noise, over and over.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { noise } from './fickle_files.mjs';

const BLOCK_BYTES = 1 << 20;

export class BigAnswer {
  #block = noise(BLOCK_BYTES, 'block');

  /** `path` is answered as fast as it goes or at a pace; `path?no-store` with the header of that name. */
  constructor(path, bytes, bytesPerSecond = Infinity) {
    Object.assign(this, { path, bytes, bytesPerSecond });
    const hash = createHash('sha256');
    for (const piece of this.#pieces()) hash.update(piece);
    this.digest = `sha256:${hash.digest('hex')}`;
  }

  /** For `serveProject`. */
  answer = (request, response) => {
    const [path, query] = request.url.split('?');
    if (path !== this.path) return false;
    const caching = query === 'no-store' ? { 'Cache-Control': 'no-store' } : {};
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? 'bytes=0-');
    const start = Number(from);
    const end = Math.min(to ? Number(to) + 1 : Infinity, this.bytes);
    const range = { 'Content-Length': end - start, 'Content-Range': `bytes ${start}-${end - 1}/${this.bytes}`, ETag: '"1"' };
    response.writeHead(206, { ...range, ...caching });
    this.#send(response, start, end);
    return true;
  };

  async #send(response, start, end) {
    const began = performance.now();
    let sent = 0;
    for (const piece of this.#pieces(start, end)) {
      // Of a page that goes away nothing is heard again.
      if (!response.write(piece)) await once(response, 'drain');
      sent += piece.length;
      const early = (1000 * sent) / this.bytesPerSecond - (performance.now() - began);
      if (early > 0) await wait(early);
    }
    response.end();
  }

  *#pieces(start = 0, end = this.bytes) {
    for (let at = start; at < end; ) {
      const from = at % BLOCK_BYTES;
      const piece = this.#block.subarray(from, Math.min(BLOCK_BYTES, from + end - at));
      yield piece;
      at += piece.length;
    }
  }
}
