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
    const range = { 'Content-Length': this.bytes, 'Content-Range': `bytes 0-${this.bytes - 1}/${this.bytes}`, ETag: '"1"' };
    response.writeHead(206, { ...range, ...caching });
    this.#send(response);
    return true;
  };

  async #send(response) {
    const start = performance.now();
    let sent = 0;
    for (const piece of this.#pieces()) {
      if (!response.write(piece)) await once(response, 'drain');
      sent += piece.length;
      const early = (1000 * sent) / this.bytesPerSecond - (performance.now() - start);
      if (early > 0) await wait(early);
    }
    response.end();
  }

  *#pieces() {
    for (let left = this.bytes; left > 0; left -= BLOCK_BYTES) yield this.#block.subarray(0, Math.min(left, BLOCK_BYTES));
  }
}
