// Downloads over networks and servers that fail: nothing is lost, nothing wrong is kept, and the next attempt goes on.
import { ensure, equal, serveProject } from './lib.mjs';
import { blocksOf, digestOf, FickleFiles, noise } from './fickle_files.mjs';

const FILE = noise(600_000, 'model');
const OTHER = noise(600_000, 'another model');
const THIRD = noise(600_000, 'a third model');
const DIGEST = digestOf(FILE);
const PAGE = '<!doctype html><title>Sign in</title>'.padEnd(4096);

/** So long that only a test that wants it sees a connection given up. */
const PATIENCE_SECONDS = 60;

export default {
  async 'a server that fails, cuts and stalls is asked for the rest until the digest is right'(test) {
    await withFiles(test, async ({ page, files, url }) => {
      const plan = [{ status: 500, headers: { 'Retry-After': '0' } }, { stall: 200_000 }, { cut: 50_000 }];
      const file = files.add('/file', FILE, ...plan);
      const got = await download(page, { url: '/file', name: 'a/b:c', digest: DIGEST }, { silenceSeconds: 5 });
      equal(got.model, { name: 'a/b:c', bytes: FILE.length, digest: DIGEST, url: `${url}/file` }, 'the stored model');
      equal(got.stored, DIGEST, 'what is on the disk');
      equal(await call(page, 'listStored'), [got.model], 'stored models');
      equal(await call(page, 'listPartial'), [], 'unfinished downloads');
      equal(file.asked.map(({ status }) => status), [500, 206, 206, 206], 'answers');
      const starts = file.asked.map(({ start }) => start);
      equal(starts.slice(0, 3), [0, 0, 200_000], 'starts');
      // Browsers drop what came just before a connection breaks, if nobody has read it yet.
      ensure(starts[3] >= 200_000 && starts[3] <= 250_000, `after the cut, the rest from ${starts[3]} is asked for`);
      equal(file.asked.map(({ ifRange }) => ifRange), [null, null, file.etag, file.etag], 'If-Range');
      const phases = got.progress.map(({ phase }) => phase);
      for (const phase of ['checking', 'loading', 'waiting']) ensure(phases.includes(phase), `no \`${phase}\` in ${phases}`);
      const problems = got.progress.map(({ problem }) => problem ?? '').join('\n');
      ensure(problems.includes('nothing came for 5 s'), problems);
      // What is there already is not asked for again.
      equal((await download(page, { url: '/file', name: 'a/b:c', digest: DIGEST })).model, got.model, 'a second download');
      equal(file.asked.length, 4, 'requests after a second download');
      await call(page, 'deleteStored', 'a/b:c');
      equal(await call(page, 'listStored'), [], 'stored models after deleting');
    });
  },

  async 'the browser is asked to keep what is stored before a download begins'(test) {
    await withFiles(test, async ({ page, files }) => {
      files.add('/file', FILE);
      // A worker asks for the file.
      await page.evaluate(() => {
        globalThis.order = [];
        navigator.storage.persist = async () => (order.push('persist'), false);
        globalThis.Worker = class extends Worker {
          constructor(...of) {
            super(...of);
            order.push('worker');
          }
        };
      });
      // A no stops nothing.
      equal((await download(page, { url: '/file', name: 'm', digest: DIGEST })).stored, DIGEST, 'what is on the disk');
      equal(await page.evaluate(() => globalThis.order.slice(0, 2)), ['persist', 'worker'], 'what happened first');
    });
  },

  async 'a download goes on after a pause, and after the page was closed'(test) {
    await withFiles(test, async ({ page, files, url }) => {
      const file = files.add('/file', FILE, { stall: 200_000 }, { stall: 100_000 });
      const wanted = { url: '/file', name: 'model.gguf', digest: DIGEST };
      equal((await download(page, wanted, { stopAt: 200_000 })).error, 'CANCELLED', 'a paused download');
      const partial = { name: 'model.gguf', total: FILE.length, url: `${url}/file`, digest: DIGEST };
      equal(await call(page, 'listPartial'), [{ ...partial, done: 200_000 }].map(ordered), 'after the pause');
      equal(await call(page, 'listStored'), [], 'an unfinished model is not stored');

      const left = download(page, wanted, { seen: 300_000 }).catch(() => 'left');
      await page.waitForFunction(() => globalThis.seen);
      await page.reload();
      equal(await left, 'left', 'the download of the page that was closed');
      equal(await call(page, 'listPartial'), [{ ...partial, done: 300_000 }].map(ordered), 'after the page was closed');
      const got = await download(page, wanted);
      equal([got.stored, got.model?.digest], [DIGEST, DIGEST], `the rest (${got.error})`);
      equal(file.asked.map(({ start }) => start), [0, 200_000, 300_000], 'starts');
      equal(await call(page, 'listPartial'), [], 'unfinished downloads');

      files.add('/file', FILE, { stall: 1000 });
      await download(page, { ...wanted, name: 'unwanted' }, { stopAt: 1000 });
      await call(page, 'discardPartial', 'unwanted');
      equal(await call(page, 'listPartial'), [], 'after discarding');
    });
  },

  async 'wrong bytes never take the place of a good file'(test) {
    await withFiles(test, async ({ page, files }) => {
      files.add('/good', FILE);
      equal((await download(page, { url: '/good', name: 'm', digest: DIGEST })).stored, DIGEST, 'the good file');
      const check = async (path, code, wanted, ...says) => {
        const got = await download(page, { url: path, name: 'm', ...wanted });
        equal(got.error, code, `${path}: ${got.message}`);
        for (const text of says) ensure(got.message.includes(text), `\`${text}\` is not in: ${got.message}`);
        equal([got.stored, (await call(page, 'listStored'))[0].digest], [DIGEST, DIGEST], `the good file after ${path}`);
      };
      const other = digestOf(OTHER);
      files.add('/wrong', THIRD);
      await check('/wrong', 'WRONG_DIGEST', { digest: other }, digestOf(THIRD), other, 'they stay');
      equal((await call(page, 'listPartial')).map(({ done }) => done), [THIRD.length], 'what may be put right');
      await check('/wrong', 'WRONG_DIGEST', { digest: other }, other, 'deleted', 'another file');
      equal(await call(page, 'listPartial'), [], 'what the server has sent twice is not kept');
      files.add('/short', OTHER, { total: 1000 });
      await check('/short', 'WRONG_LENGTH', { digest: other, bytes: OTHER.length }, '1000', String(OTHER.length));
      files.add('/gone', OTHER, { status: 404 });
      await check('/gone', 'NETWORK', { digest: other }, '404');
      files.add('/empty', OTHER.subarray(0, 0), { whole: true });
      await check('/empty', 'WRONG_LENGTH', {}, '0 bytes');
      files.add('/portal', OTHER, { page: PAGE }, { page: PAGE });
      await check('/portal', 'BAD_FILE', {}, '<!do', 'sign in');
      await check('/portal', 'BAD_FILE', { digest: other, bytes: OTHER.length }, '<!do', 'sign in');
      await check('http://127.0.0.1:9/x', 'NETWORK', {}, '127.0.0.1:9', 'check the connection');
      await check('/good', 'BAD_OPTION', { digest: 'sha256:abc' }, 'sha256:abc');
    });
  },

  async 'of a file that came wrong, only the wrong blocks are loaded again, also after a pause meanwhile'(test) {
    await withFiles(test, async ({ page, files }) => {
      const file = files.add('/file', FILE, { spoil: 250_000 }, { stall: 10_000 });
      const list = files.add('/file.blocks', blocksOf(FILE, 100_000));
      const wanted = { url: '/file', name: 'm', digest: DIGEST };
      const stalled = files.stalled();
      const lost = download(page, wanted);
      await stalled;
      await page.evaluate(() => globalThis.abort.abort());
      equal((await lost).error, 'CANCELLED', 'a download that was paused while it was put right');
      equal((await call(page, 'listPartial')).map(({ done }) => done), [FILE.length], 'bytes that stay');
      const got = await download(page, wanted);
      equal([got.error, got.stored], [undefined, DIGEST], `the file in the end (${got.message})`);
      equal(file.asked.map(({ range }) => range).slice(1), ['bytes=200000-299999', 'bytes=200000-299999'], 'what was asked for again');
      equal([list.asked.length, await call(page, 'listPartial')], [2, []], 'requests for the list, and unfinished downloads');
    });
  },

  async 'a file that came wrong from a server without digests of blocks is compared with what it sends again'(test) {
    await withFiles(test, async ({ page, files }) => {
      const file = files.add('/file', FILE, { spoil: 250_000 }, { stall: 10_000 });
      const wanted = { url: '/file', name: 'm', digest: DIGEST };
      equal((await download(page, wanted)).error, 'WRONG_DIGEST', 'a file that came wrong');
      const stalled = files.stalled();
      const lost = download(page, wanted);
      await stalled;
      await page.evaluate(() => globalThis.abort.abort());
      equal((await lost).error, 'CANCELLED', 'a comparison that was paused');
      const got = await download(page, wanted);
      equal([got.error, got.stored], [undefined, DIGEST], `the file in the end (${got.message})`);
      equal(file.asked.map(({ status }) => status), [206, 206, 206], 'answers');
      equal(await call(page, 'listPartial'), [], 'unfinished downloads');
    });
  },

  async 'neither a page in the place of the file nor a server without ranges costs what is there'(test) {
    await withFiles(test, async ({ page, files }) => {
      const plan = [{ stall: 200_000 }, { page: PAGE }, { whole: true, stall: 100_000 }, { whole: true, stall: 300_000 }, { whole: true }];
      const file = files.add('/file', FILE, ...plan);
      const wanted = { url: '/file', name: 'm' };
      const done = async () => (await call(page, 'listPartial'))[0].done;
      equal((await download(page, wanted, { stopAt: 200_000 })).error, 'CANCELLED', 'a paused download');
      equal((await download(page, wanted)).error, 'BAD_FILE', 'a page in its place');
      equal(await done(), 200_000, 'bytes after the page');
      const stalled = files.stalled();
      const got = download(page, wanted, { stopAt: 300_000 });
      await stalled;
      files.breakStalled();
      equal([(await got).error, await done()], ['CANCELLED', 300_000], 'two answers from the beginning');
      const least = Math.min(...(await got).progress.map((progress) => progress.done));
      equal(least, 200_000, 'the least that was there meanwhile');
      equal((await download(page, wanted)).stored, DIGEST, 'the whole file');
      equal(file.asked.map(({ status }) => status), [206, 200, 200, 200, 200], 'answers');
    });
  },

  async 'a file that changes on the server is loaded anew'(test) {
    await withFiles(test, async ({ page, files, url }) => {
      const check = async (name, before, after, address, starts) => {
        const file = files.add(`/${name}`, FILE, { stall: 100_000 }, ...after.plan);
        before(file);
        const first = download(page, { url: `${address}/${name}`, name }, { stopAt: 100_000 });
        equal((await first).error, 'CANCELLED', `${name}: pausing`);
        Object.assign(file, { etag: after.etag ?? file.etag, modified: after.modified ?? file.modified, bytes: after.bytes ?? FILE });
        const got = await download(page, { url: `${address}/${name}`, name });
        equal(got.stored, digestOf(file.bytes), `${name}: what is on the disk (${got.error})`);
        equal(file.asked.slice(1).map(({ start, ifRange }) => [start, ifRange]), starts, name);
      };
      const old = '"old"';
      const tagged = (file) => (file.etag = old);
      await check('changed', tagged, { bytes: OTHER, etag: '"new"', plan: [] }, '', [[100_000, old]]);
      await check('shorter', tagged, { bytes: OTHER.subarray(0, 50_000), etag: '"new"', plan: [] }, '', [[100_000, old]]);
      // Another origin lets the page read neither ETag nor Content-Range, and is asked without If-Range.
      const cross = url.replace('127.0.0.1', 'localhost');
      const dated = (file) => Object.assign(file, { etag: null, modified: 'Wed, 01 Jul 2026 10:00:00 GMT' });
      const later = { bytes: OTHER, modified: 'Thu, 02 Jul 2026 10:00:00 GMT', plan: [] };
      await check('cross-changed', dated, later, cross, [[100_000, null], [0, null]]);
      await check('cross-same', dated, { plan: [] }, cross, [[100_000, null]]);
      const silent = (file) => (file.etag = null);
      await check('unknown', silent, { plan: [] }, cross, [[100_000, null], [0, null]]);
      await check('shrunk', silent, { bytes: OTHER.subarray(0, 50_000), plan: [] }, cross, [[100_000, null], [0, null]]);
    });
  },

  async 'a full disk says how much is missing, and the download goes on when there is room'(test) {
    await withFiles(test, async ({ page, files, url }) => {
      const cdp = await page.context().newCDPSession(page);
      const quota = (quotaSize) => cdp.send('Storage.overrideQuotaForOrigin', { origin: url, ...(quotaSize && { quotaSize }) });
      const wanted = { url: '/file', name: 'm', digest: DIGEST };
      const file = files.add('/file', FILE, {}, { stall: 300_000 });
      await quota(100_000);
      const refused = await download(page, wanted);
      equal([refused.error, refused.details.needed], ['STORAGE_FULL', FILE.length], refused.message);
      ensure(refused.message.includes('delete a stored model'), refused.message);
      await quota(0);
      equal((await download(page, wanted, { stopAt: 300_000 })).error, 'CANCELLED', 'pausing');
      await quota(400_000);
      const stopped = await download(page, wanted);
      equal(stopped.error, 'STORAGE_FULL', stopped.message);
      equal((await call(page, 'listPartial'))[0].done, 300_000, 'what is there stays');
      await quota(0);
      equal((await download(page, wanted)).stored, DIGEST, 'the rest');
      equal(file.asked.at(-1).start, 300_000, 'the last start');
      const { usage, quota: room } = await call(page, 'storageEstimate');
      ensure(usage >= FILE.length && room > usage, `${usage} of ${room} bytes in use`);
    });
  },

  async 'two tabs load a name once'(test) {
    await withFiles(test, async ({ page, files, url }) => {
      const second = await test.browser.newPage();
      await second.goto(`${url}/blank.html`);
      const file = files.add('/file', FILE, { stall: 200_000 });
      const wanted = { url: '/file', name: 'm', digest: DIGEST };
      const stalled = files.stalled();
      const one = download(page, wanted);
      await stalled;
      const two = download(second, wanted);
      await second.waitForFunction(() => globalThis.phase === 'waiting');
      equal((await call(second, 'discardPartial', 'm').catch((error) => error.message)).includes('IN_USE'), true, 'discarding');
      files.breakStalled();
      equal([(await one).model, (await two).model], Array(2).fill({ name: 'm', bytes: FILE.length, digest: DIGEST, url: `${url}/file` }), 'both tabs');
      equal(file.asked.map(({ start }) => start), [0, 200_000], 'starts');

      // Whoever runs a stored model keeps it: neither a new file nor deleting takes it away.
      await second.evaluate(openForReading, 'm');
      const newer = files.add('/new', OTHER);
      const replaced = { url: '/new', name: 'm', digest: digestOf(OTHER) };
      equal((await download(page, replaced)).error, 'IN_USE', 'replacing a model that is in use');
      equal((await call(page, 'deleteStored', 'm').catch((error) => error.message)).includes('IN_USE'), true, 'deleting');
      equal((await call(page, 'listStored'))[0].digest, DIGEST, 'the model that is in use');
      await second.close();
      equal((await download(page, replaced)).stored, digestOf(OTHER), 'replacing it afterwards');
      equal(newer.asked.length, 1, 'it is not loaded again');
    });
  },

  async "a server's models are listed"(test) {
    const digest = `sha256:${'0'.repeat(64)}`;
    const offered = { name: 'gemma4:e2b', bytes: 5, digest, family: 'gemma4', url: 'api/blob/x' };
    const { page } = test;
    let answer = () => false;
    const server = await serveProject((request, response) => request.url === '/api/models' && answer(response));
    try {
      await page.goto(`${server.url}/blank.html`);
      const listed = () => call(page, 'listServer').catch((error) => /[A-Z]+_[A-Z]+/.exec(error.message)[0]);
      equal(await listed(), 'NOT_FOUND', 'a plain web server');
      answer = (response) => (response.end('<!doctype html>'), true);
      equal(await listed(), 'NOT_FOUND', 'a page for every address');
      answer = (response) => (response.end(JSON.stringify({ models: [offered, { name: 5 }] })), true);
      equal(await listed(), [{ ...offered, url: `${server.url}/api/api/blob/x` }], 'models');
    } finally {
      await server.close();
    }
  },
};

/** Runs `work` with a blank page of a server that has the files, and an empty storage. */
async function withFiles({ page }, work) {
  const files = new FickleFiles();
  const server = await serveProject(files.answer);
  try {
    await page.goto(`${server.url}/blank.html`);
    await work({ page, files, url: server.url });
  } finally {
    await server.close();
  }
}

/** A function of the package, called in the page; an error has its code in front. */
function call(page, name, ...args) {
  return page.evaluate(
    async ([name, args]) => {
      const api = await import('/lib/engine/index.js');
      return api[name](...args).catch((error) => {
        throw new Error(`${error.code}: ${error.message}`);
      });
    },
    [name, args],
  );
}

/**
 * Downloads in the page; gives model or error, progress, and the digest of the stored file. `stopAt` pauses once as many
 * bytes are there, `seen` sets a global then.
 */
function download(page, wanted, options = {}) {
  return page.evaluate(downloading, [wanted, { silenceSeconds: PATIENCE_SECONDS, ...options }]);
}

/** Runs in the page. */
async function downloading([wanted, { stopAt, seen, silenceSeconds }]) {
  const api = await import('/lib/engine/index.js');
  const abort = (globalThis.abort = new AbortController());
  const got = { progress: [] };
  const onProgress = (progress) => {
    got.progress.push(progress);
    globalThis.phase = progress.phase;
    if (progress.done >= stopAt) abort.abort();
    if (progress.done >= seen) globalThis.seen = true;
  };
  try {
    got.model = await api.download(wanted, { onProgress, signal: abort.signal, silenceSeconds });
  } catch (error) {
    Object.assign(got, { error: error.code, message: error.message, details: error.details });
  }
  const root = await navigator.storage.getDirectory();
  try {
    const folder = await root.getDirectoryHandle('models');
    const file = await (await folder.getFileHandle(encodeURIComponent(wanted.name))).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    got.stored = `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  } catch {
    got.stored = null;
  }
  return got;
}

/** Runs in the page: holds a stored file as an engine does. */
async function openForReading(name) {
  const code = `onmessage = async ({ data }) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    self.held = await (await folder.getFileHandle(data)).createSyncAccessHandle({ mode: 'read-only' });
    postMessage('held');
  }`;
  globalThis.holder = new Worker(URL.createObjectURL(new Blob([code])));
  await new Promise((resolve) => {
    globalThis.holder.onmessage = resolve;
    globalThis.holder.postMessage(name);
  });
}

/** In the order in which the package gives them. */
const ordered = ({ name, done, total, url, digest }) => ({ name, done, total, url, digest });
