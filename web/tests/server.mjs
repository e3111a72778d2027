// A static server for browser tests: Range requests as a good host answers them, and faults on request.
//
// A fault is named in the query of one request, so tests running side by side never share server state:
//   ?fault=no-range      the Range header is ignored and the whole file comes with status 200
//   ?fault=cut:1000      the connection is closed after 1000 bytes of the body
//   ?fault=stall:1000    the body stops after 1000 bytes and the connection stays open
//   ?fault=status:500    the answer is this status with an empty body
//   ?fault=length:1000   Content-Range claims a file of 1000 bytes
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

const MIME = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** What the real server sends with every answer, in one line each: a test of crates/cli/src/serve/headers.rs compares them. */
export const PROTECTION = [
  ['content-security-policy', "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http: https:; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-embedder-policy', 'require-corp'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
];
/** Those that isolate a page. Tests of the package have pages that no policy knows, so these are all that everything gets. */
const ISOLATION = PROTECTION.filter(([name]) => name.startsWith('cross-origin-'));

const BLANK = '<!doctype html><meta charset="utf-8"><title>blank</title><link rel="icon" href="data:,">';

/**
 * Serves folders on a free port of 127.0.0.1.
 *
 * `mounts` maps URL prefixes that begin and end in `/` to folders; the longest matching prefix wins. `first(request, response)`
 * may answer a request by itself, and returns true then. What lies behind the prefix `app` comes with all of `PROTECTION`.
 * `/blank.html` is always there, and so is `/plain.html`, which is not cross-origin isolated. Returns `{ url, requests, close }`; `requests` records `{ path, range, status }`.
 */
export async function serve(mounts, first = () => false, app = null) {
  const requests = [];
  const server = createServer((request, response) => {
    if (first(request, response)) return;
    answer(mounts, app, request, response)
      .catch((error) => {
        // A page that goes away in mid-body is ordinary; everything else is shown to whoever reads the log.
        if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(`test server: ${request.url}: ${error.stack}`);
        response.destroy();
      })
      .finally(() => {
        const range = request.headers.range ?? null;
        requests.push({ path: request.url, range, status: response.statusCode });
      });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(mounts, app, request, response) {
  // Pages are isolated here as they are by the real server.
  for (const [name, value] of ISOLATION) response.setHeader(name, value);
  response.setHeader('Cache-Control', 'no-store');

  const url = new URL(request.url, 'http://127.0.0.1');
  const [fault, amount] = parseFault(url.searchParams.get('fault'));
  if (fault === 'status') return finish(response, amount);
  if (url.pathname === '/blank.html' || url.pathname === '/plain.html') {
    if (url.pathname === '/plain.html') {
      response.removeHeader('Cross-Origin-Opener-Policy');
      response.removeHeader('Cross-Origin-Embedder-Policy');
    }
    response.setHeader('Content-Type', MIME['.html']);
    return finish(response, 200, BLANK);
  }

  const { file, prefix } = locate(mounts, decodeURIComponent(url.pathname));
  if (prefix === app) for (const [name, value] of PROTECTION) response.setHeader(name, value);
  const info = file && (await stat(file).catch(() => null));
  if (!info?.isFile()) return finish(response, 404);

  const size = info.size;
  const range = fault === 'no-range' ? null : parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`);
    return finish(response, 416);
  }
  const [start, end] = range ?? [0, size];
  if (fault !== 'no-range') response.setHeader('Accept-Ranges', 'bytes');
  if (range) {
    const claimed = fault === 'length' ? amount : size;
    response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${claimed}`);
  }
  response.setHeader('Content-Type', MIME[extname(file)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', end - start);
  response.statusCode = range ? 206 : 200;
  if (request.method === 'HEAD' || start === end) return void response.end();

  // A body shorter than the fault's amount comes whole: an answer left open would hold up the next on its connection.
  if ((fault === 'cut' || fault === 'stall') && start + amount < end) {
    const last = start + amount;
    if (last > start) await pipeline(createReadStream(file, { start, end: last - 1 }), response, { end: false });
    else response.flushHeaders();
    if (fault === 'cut') response.destroy();
    return;
  }
  await pipeline(createReadStream(file, { start, end: end - 1 }), response);
}

function finish(response, status, body = '') {
  response.statusCode = status;
  response.end(body);
}

function parseFault(text) {
  if (!text) return [null, 0];
  const [name, amount] = text.split(':');
  const known = ['no-range', 'cut', 'stall', 'status', 'length'];
  if (!known.includes(name)) throw new Error(`fault \`${name}\` is none of ${known.join(', ')}`);
  return [name, Number(amount ?? 0)];
}

function locate(mounts, path) {
  const prefix = Object.keys(mounts)
    .filter((candidate) => path.startsWith(candidate))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return {};
  const inside = normalize('/' + path.slice(prefix.length));
  return { prefix, file: join(mounts[prefix], inside.endsWith('/') ? inside + 'index.html' : inside) };
}

/** `[start, end)` of a single-range header, null without one, `'unsatisfiable'` where nothing of it lies in the file. */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : [size - length, size];
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  return start >= size || end <= start ? 'unsatisfiable' : [start, end];
}
