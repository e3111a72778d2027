// Files in memory whose server misbehaves as a test has planned it, request by request.
import { createHash } from 'node:crypto';

/**
 * Files by their path. A file is `{ bytes, etag, modified, plan, asked }`; each request takes the next item of `plan`:
 *
 *   { status, headers }  this status with an empty body
 *   { cut: n }           the connection is closed after n bytes of the body
 *   { stall: n }         the body stops after n bytes and the connection stays open
 *   { spoil: n }         byte n of the file is wrong
 *   { page: text }       status 200 and a page of this text in place of the file, as networks that want a sign-in answer
 *   { whole: true }      Range is ignored: status 200 and the whole file
 *   { total: n }         Content-Range, or Content-Length where Range is ignored, claims a file of n bytes
 *
 * Without an item the answer is right. `asked` records `{ range, start, ifRange, status }`.
 */
export class FickleFiles {
  #files = new Map();
  #waiting = [];
  #stalled = [];

  add(path, bytes, ...plan) {
    const file = { bytes, etag: `"${digestOf(bytes).slice(-8)}"`, modified: null, plan, asked: [] };
    this.#files.set(path, file);
    return file;
  }

  /** Resolves once a body has stopped as planned, so that a test need not guess when. */
  stalled() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Closes the connections of bodies that have stopped. */
  breakStalled() {
    for (const response of this.#stalled.splice(0)) response.destroy();
  }

  /** For `serveProject`. */
  answer = (request, response) => {
    const file = this.#files.get(new URL(request.url, 'http://127.0.0.1').pathname);
    if (!file) return false;
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    const { range = null, 'if-range': ifRange = null } = request.headers;
    const fault = file.plan.shift() ?? {};
    const size = file.bytes.length;
    const [, from = 0, to = Infinity] = (/^bytes=(\d+)-(\d+)?$/.exec(range ?? '') ?? []).map((text) => text && Number(text));
    const isSame = ifRange === null || ifRange === file.etag;
    const start = fault.whole || fault.page || !isSame || range === null ? null : from;
    const status = fault.status ?? (start === null ? 200 : start < size ? 206 : 416);
    file.asked.push({ range, start: range === null ? null : from, ifRange, status });
    response.statusCode = status;
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    if (file.etag) response.setHeader('ETag', file.etag);
    if (file.modified) response.setHeader('Last-Modified', file.modified);
    if (status === 416) response.setHeader('Content-Range', `bytes */${size}`);
    if (fault.page) return response.setHeader('Content-Type', 'text/html').end(fault.page), true;
    if (fault.status || status === 416) return response.end(), true;
    const last = start === null ? size - 1 : Math.min(to, size - 1);
    const bytes = fault.spoil === undefined ? file.bytes : spoilt(file.bytes, fault.spoil);
    const body = bytes.subarray(start ?? 0, last + 1);
    if (start !== null) response.setHeader('Content-Range', `bytes ${start}-${last}/${fault.total ?? size}`);
    response.setHeader('Content-Length', start === null ? (fault.total ?? size) : body.length);
    const end = fault.cut ?? fault.stall;
    if (end === undefined && body.length < (start === null ? (fault.total ?? 0) : 0)) {
      // Fewer bytes than were claimed, and then the end.
      response.write(body, () => response.destroy());
    } else if (end === undefined) response.end(body);
    else {
      response.write(body.subarray(0, end), () => {
        if (fault.cut !== undefined) response.destroy();
        else {
          this.#stalled.push(response);
          for (const tell of this.#waiting.splice(0)) tell();
        }
      });
    }
    return true;
  };
}

export const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function spoilt(bytes, at) {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
}

/** What a server says of the blocks of a file. */
export function blocksOf(bytes, size) {
  const digests = [];
  for (let at = 0; at < bytes.length; at += size) digests.push(digestOf(bytes.subarray(at, at + size)).slice('sha256:'.length));
  return Buffer.from(`${size}\n${digests.join('\n')}\n`);
}

/** A file that begins as a model does, of bytes that repeat nowhere, so that a piece in a wrong place shows. */
export function noise(length, seed) {
  const bytes = Buffer.alloc(length);
  for (let at = 0, block = 0; at < length; at += 32, block++) {
    createHash('sha256').update(`${seed} ${block}`).digest().copy(bytes, at);
  }
  bytes.write('GGUF');
  return bytes;
}
