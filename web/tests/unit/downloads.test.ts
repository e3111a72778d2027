// The order of events of a download.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PlainWanted } from '../../src/engine/downloads/download.ts';
import { FollowingHash } from '../../src/engine/downloads/hash.ts';
import { goesOn, hasChanged, revision, type Origin } from '../../src/engine/downloads/origin.ts';
import { STRETCH_BYTES } from '../../src/engine/downloads/pace.ts';
import { Meter, type Progress } from '../../src/engine/downloads/progress.ts';
import { fileName, modelName } from '../../src/engine/stored.ts';
import { BYTES, digestOf, good, MemoryFile, NodeHash, origin, ranged, run, URL_, wanted, type Reply } from './planned_download.ts';

type Signs = Parameters<typeof hasChanged>[1];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a whole file is loaded with one request', async () => {
  const file = new MemoryFile();
  const { digest, starts, waits } = await run(file, [good]);
  expect([digest, starts, waits, file.content]).toEqual([wanted.digest, [0], [], BYTES]);
  expect(file.origin).toEqual({ ...origin, digest: wanted.digest });
});

test('what is there is hashed from the file and not loaded again', async () => {
  const file = new MemoryFile(BYTES.slice(0, 3000), origin);
  expect(await run(file, [good])).toMatchObject({ digest: wanted.digest, starts: [3000] });
  const complete = new MemoryFile(BYTES, origin);
  expect(await run(complete, [])).toMatchObject({ digest: wanted.digest, starts: [] });
});

test('broken answers are gone on from, and the waits grow until bytes come again', async () => {
  const cut: Reply = (start) => ranged(BYTES, start, { upTo: start + 1000 });
  const down: Reply = () => new Response(null, { status: 503 });
  const broken: Reply = () => new Response(null, { status: 500 });
  const busy: Reply = () => new Response(null, { status: 429, headers: { 'Retry-After': '20' } });
  const { digest, starts, waits } = await run(new MemoryFile(), [broken, down, cut, down, busy, good]);
  expect(digest).toBe(wanted.digest);
  expect(starts).toEqual([0, 0, 0, 1000, 1000, 1000]);
  expect(waits).toEqual([1, 2, 1, 2, 20]);
});

test('a server that never answers is given up soon, one that has answered later', async () => {
  const never = await run(new MemoryFile(), []);
  expect([never.error?.code, never.waits]).toEqual(['NETWORK', [1, 2]]);
  expect(never.error?.message).toContain('Failed to fetch');
  const file = new MemoryFile();
  const once = await run(file, [(start) => ranged(BYTES, start, { upTo: 1000 })]);
  expect([once.error?.code, once.waits]).toEqual(['NETWORK', [1, 2, 4, 8, 16, 32, 60, 60]]);
  expect(file.bytes).toBe(1000);
});

test('a server that cuts every answer at the same place is given up', async () => {
  const whole: Reply = () =>
    new Response(ranged(BYTES, 0, { upTo: 1000 }).body, { status: 200, headers: { 'Content-Length': '5000' } });
  const { error, waits } = await run(new MemoryFile(), Array(20).fill(whole));
  expect([error?.code, waits.length]).toEqual(['NETWORK', 8]);
});

test('silence counts as a lost connection', async () => {
  const silent: Reply = (_start, signal) => {
    const start = (body: ReadableStreamDefaultController) => signal.addEventListener('abort', () => body.error(signal.reason));
    return new Response(new ReadableStream({ start }), { status: 206 });
  };
  const start = performance.now();
  const { digest, progress } = await run(new MemoryFile(), [silent, good]);
  expect(digest).toBe(wanted.digest);
  expect(performance.now() - start).toBeGreaterThanOrEqual(31_000);
  expect(progress.find(({ phase }) => phase === 'waiting')?.problem).toContain('nothing came for 30 s');
});

test('without a network nothing is given up, and the next attempt comes as soon as it is back', async () => {
  const network = new EventTarget();
  vi.stubGlobal('navigator', { onLine: false });
  for (const name of ['addEventListener', 'removeEventListener'] as const) vi.stubGlobal(name, network[name].bind(network));
  const replies: Reply[] = [];
  const start = performance.now();
  // Between two attempts, which are a minute apart by then.
  const back = 610_000;
  setTimeout(() => {
    replies.push(good);
    network.dispatchEvent(new Event('online'));
  }, back);
  const { digest, waits } = await run(new MemoryFile(), replies);
  expect(digest).toBe(wanted.digest);
  expect(waits.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 60]);
  expect(waits.length).toBeGreaterThan(9);
  expect(performance.now() - start).toBeLessThan(back + 1000);
});

test('the last bytes before a stop are reported, and the speed is that of the last seconds', async () => {
  const reports: Progress[] = [];
  const meter = new Meter((progress) => reports.push(progress));
  for (let done = 0; done <= 1000; done += 100) meter.at('loading', done, 5000);
  expect(reports.map(({ done }) => done)).toEqual([0]);
  await vi.advanceTimersByTimeAsync(250);
  expect(reports.at(-1)).toMatchObject({ done: 1000, bytesPerSecond: 4000, secondsLeft: 1 });
  meter.at('loading', 1100, 5000);
  meter.end();
  await vi.advanceTimersByTimeAsync(1000);
  expect(reports.length).toBe(2);
});

test('a file that has changed is loaded anew at once', async () => {
  const file = new MemoryFile(Uint8Array.from(BYTES.slice(0, 3000)).reverse(), { ...origin, etag: '"old"' });
  expect(await run(file, [good, good])).toMatchObject({ digest: wanted.digest, starts: [3000, 0], waits: [] });
});

test('a wrong digest and a wrong length leave all', async () => {
  const none: Reply = () => new Response(null, { status: 404 });
  const file = new MemoryFile();
  const wrong = await run(file, [good], { digest: digestOf(BYTES.slice(1)) }, { lists: [none] });
  expect(wrong.error).toMatchObject({ code: 'WRONG_DIGEST', details: { found: wanted.digest } });
  expect(file.bytes).toBe(5000);
  const begun = new MemoryFile(BYTES.slice(0, 3000), { ...origin, total: 6000 });
  expect((await run(begun, [good], { bytes: 6000 })).error).toMatchObject({ code: 'WRONG_LENGTH', details: { expected: 6000, found: 5000 } });
  expect(begun.bytes).toBe(3000);
});

test('a body longer than was said, or of other bytes than were asked for, is not taken', async () => {
  const long: Reply = () => new Response(BYTES, { status: 206, headers: { 'Content-Range': 'bytes 0-999/1000' } });
  expect((await run(new MemoryFile(), [long])).error?.code).toBe('WRONG_LENGTH');
  const elsewhere: Reply = () => ranged(BYTES, 2000);
  const file = new MemoryFile(BYTES.slice(0, 3000), origin);
  expect(await run(file, [elsewhere, good])).toMatchObject({ digest: wanted.digest, starts: [3000, 3000] });
});

test('a page in the place of the file costs nothing, whatever was there before', async () => {
  const text = new TextEncoder().encode('<!doctype html><title>Sign in</title>'.padEnd(6000));
  const page: Reply = () => new Response(text, { status: 200, headers: { 'Content-Length': '6000' } });
  const begun = () => new MemoryFile(BYTES.slice(0, 3000), origin);
  for (const ask of [{ digest: null }, {}, { bytes: 5000 }, { url: 'https://other.example/', digest: null }]) {
    const file = begun();
    const { error, waits } = await run(file, [page], ask);
    expect([error?.code, error?.details.found, waits, file.bytes]).toEqual(['BAD_FILE', '<!do', [], 3000]);
    expect(error?.message).toContain('sign in');
    const first = new MemoryFile();
    expect([(await run(first, [page], ask)).error?.code, first.bytes]).toEqual(['BAD_FILE', 0]);
  }
  // One that an earlier version of the app has begun to store.
  const stored = new MemoryFile(text.slice(0, 3000), { ...origin, total: 6000, etag: '"p"' });
  const rest: Reply = (start) => ranged(text, start, { headers: { ETag: '"p"' } });
  expect((await run(stored, [rest], { digest: null })).error?.code).toBe('BAD_FILE');
  expect(stored.bytes).toBe(0);
});

test('a server without ranges sends the same file again, and what is there is passed over', async () => {
  const whole = (upTo: number | undefined, etag = '"a"'): Reply => () =>
    new Response(ranged(BYTES, 0, { ...(upTo !== undefined && { upTo }) }).body, { status: 200, headers: { 'Content-Length': '5000', ETag: etag } });
  const file = new MemoryFile(BYTES.slice(0, 3000), origin);
  const { digest, progress } = await run(file, [whole(1000), whole(4000), whole(undefined)]);
  expect([digest, file.cleared]).toEqual([wanted.digest, 0]);
  expect(Math.min(...progress.map(({ done }) => done))).toBe(3000);
  const changed = new MemoryFile(BYTES.slice(0, 3000), { ...origin, etag: '"old"' });
  expect((await run(changed, [whole(undefined)])).digest).toBe(wanted.digest);
  expect(changed.cleared).toBe(1);
});

/** So long that it comes in three stretches. */
const LARGE = new Uint8Array(2.5 * STRETCH_BYTES);
LARGE.set(new TextEncoder().encode('GGUF'));
const large: Partial<PlainWanted> = { digest: digestOf(LARGE) };
const [FIRST, SECOND, THIRD] = [0, 1, 2].map((i) => `bytes=${i * STRETCH_BYTES}-${(i + 1) * STRETCH_BYTES - 1}`);

class LargeFile extends MemoryFile {
  #bytes = 0;
  override get bytes() {
    return this.#bytes;
  }
  override append(piece: Uint8Array) {
    if (this.content.length === 0) this.content = new Uint8Array(LARGE.length);
    this.content.set(piece, this.#bytes);
    this.#bytes += piece.length;
  }
  override clear() {
    super.clear();
    this.#bytes = 0;
  }
}

/** What is asked for of the large file; each piece of 4 MiB comes after `seconds`. */
const stretch = (seconds = 0, headers: Record<string, string> = {}, tell = () => {}): Reply => (start, _signal, end) => {
  const upTo = Math.min(end ?? Infinity, LARGE.length);
  let at = start;
  const body = new ReadableStream({
    async pull(controller) {
      if (seconds > 0) await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      const piece = LARGE.slice(at, Math.min(at + (4 << 20), upTo));
      if (piece.length > 0) controller.enqueue(piece);
      else controller.close();
      at += piece.length;
    },
    cancel: tell,
  });
  const all = { 'Content-Range': `bytes ${start}-${upTo - 1}/${LARGE.length}`, 'Content-Length': `${upTo - start}`, ETag: '"a"', ...headers };
  return new Response(body, { status: 206, headers: Object.entries(all).filter(([, value]) => value !== '') });
};

test('a server that is faster than the page is asked for a stretch at a time', async () => {
  const { digest, asked, progress, waits } = await run(new LargeFile(), [stretch(), stretch(), stretch()], large);
  expect([digest, asked, waits]).toEqual([large.digest, [FIRST, SECOND, THIRD], []]);
  // Between stretches nothing is checked and nothing waited for.
  const phases = progress.map(({ phase }) => phase);
  expect(phases.filter((phase, i) => phase !== phases[i - 1])).toEqual(['checking', 'loading']);
});

test('a server that the page waits for is asked for all there is, until it is faster', async () => {
  const slow = await run(new LargeFile(), [stretch(1), stretch(1)], large);
  expect([slow.digest, slow.asked]).toEqual([large.digest, [FIRST, `bytes=${STRETCH_BYTES}-`]]);
  const cancelled = vi.fn();
  const faster = await run(new LargeFile(), [stretch(1), stretch(0, {}, cancelled), stretch()], large);
  expect([faster.digest, faster.asked]).toEqual([large.digest, [FIRST, `bytes=${STRETCH_BYTES}-`, THIRD]]);
  expect(cancelled).toHaveBeenCalledOnce();
});

test('a file that cannot be told from another, hides its length or seems to change is asked for in one piece', async () => {
  for (const [headers, ask] of [[{ ETag: '' }, { digest: null }], [{ 'Content-Range': '' }, {}]] as const) {
    const { digest, asked } = await run(new LargeFile(), [stretch(0, headers), stretch(0, headers)], { ...large, ...ask });
    expect([digest, asked]).toEqual([large.digest, [FIRST, 'bytes=0-']]);
  }
  // Where the page knows the length, no server has to say it.
  const ask = { ...large, bytes: LARGE.length };
  const hidden = stretch(0, { 'Content-Range': '' });
  expect((await run(new LargeFile(), [hidden, hidden, hidden], ask)).asked).toEqual([FIRST, SECOND, THIRD]);
  // Two servers behind one address, each with a tag of its own.
  const other = stretch(0, { ETag: '"b"' });
  expect(await run(new LargeFile(), [stretch(), other, other], large)).toMatchObject({ digest: large.digest, asked: [FIRST, SECOND, 'bytes=0-'] });
  const noRanges: Reply = () => new Response(LARGE, { status: 200, headers: { 'Content-Length': `${LARGE.length}`, ETag: '"a"' } });
  expect(await run(new LargeFile(), [noRanges], large)).toMatchObject({ digest: large.digest, asked: [FIRST] });
});

test('a download of another address keeps what is there until the first bytes come', async () => {
  const file = new MemoryFile(Uint8Array.from(BYTES).reverse(), { ...origin, url: 'https://other.example/' });
  const none = await run(file, [], { digest: null });
  expect([none.error?.code, file.bytes]).toEqual(['NETWORK', 5000]);
  expect(await run(file, [good], { digest: null })).toMatchObject({ digest: wanted.digest, starts: [0] });
});

test('a length that nobody says is the one that came', async () => {
  const chunked: Reply = () => new Response(BYTES, { status: 200, headers: { 'Content-Encoding': 'gzip', 'Content-Length': '7' } });
  const file = new MemoryFile();
  expect((await run(file, [chunked])).digest).toBe(wanted.digest);
  expect(file.origin?.total).toBe(5000);
});

test('too little room is said before a byte is loaded', async () => {
  const file = new MemoryFile(BYTES.slice(0, 3000), origin);
  const { error } = await run(file, [good], {}, { free: 1999 });
  expect(error).toMatchObject({ code: 'STORAGE_FULL', details: { needed: 2000, free: 1999 } });
  expect(file.bytes).toBe(3000);
  expect((await run(file, [good], {}, { free: 2000 })).digest).toBe(wanted.digest);
});

test('what tells one revision of a file from another', () => {
  const answer: Signs = { isPart: true, start: 0, end: 5000, total: 5000, etag: '"a"', lastModified: null };
  const known = { ...origin, digest: 'sha256:1' };
  const check = (of: Origin | null, now: Partial<Signs>, expected: boolean) =>
    expect(hasChanged(of, { ...answer, ...now })).toBe(expected);
  check(origin, {}, false);
  check(null, {}, true);
  check(origin, { etag: '"b"' }, true);
  check(origin, { total: 5001 }, true);
  check({ ...origin, etag: null, lastModified: 'Monday' }, { lastModified: 'Monday' }, false);
  check({ ...origin, etag: null, lastModified: 'Monday' }, { lastModified: 'Tuesday' }, true);
  // Without any sign the digest decides at the end; without a digest nothing would.
  check({ ...origin, etag: null }, { etag: null }, true);
  check({ ...known, etag: null }, { etag: null }, false);
  expect(revision(origin)).toBe('"a"');
  expect(revision({ ...origin, etag: 'W/"a"', lastModified: 'Monday' })).toBe('Monday');
});

test('the same digest goes on from another address', () => {
  const known = { ...origin, digest: 'sha256:1' };
  expect(goesOn(known, { ...wanted, url: 'https://mirror.example/', digest: 'sha256:1' })).toBe(true);
  expect(goesOn(known, { ...wanted, digest: 'sha256:2' })).toBe(false);
  expect(goesOn(known, { ...wanted, digest: null })).toBe(true);
  expect(goesOn(known, { ...wanted, url: 'https://mirror.example/', digest: null })).toBe(false);
});

test('a hash that is behind catches up', async () => {
  const content = new Uint8Array(9 << 20).fill(3);
  const file = new MemoryFile(content);
  const hash = new FollowingHash(new NodeHash(), file);
  hash.follow(content.subarray(0, 100));
  const done: number[] = [];
  const end = hash.finish(new AbortController().signal, (at) => done.push(at));
  await vi.runAllTimersAsync();
  expect(await end).toBe(digestOf(content));
  expect(done.at(-1)).toBe(content.length);
});

test.each(['gemma4:e2b', 'hf.co/a/b:Q4', '..', '.', 'Grüße 100%', 'a.gguf'])('`%s` is a file name and comes back', (name) => {
  expect(fileName(name)).not.toMatch(/[/:\\]|^\.+$/);
  expect(modelName(fileName(name))).toBe(name);
});
