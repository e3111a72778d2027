// What becomes of a complete file whose digest is wrong.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { blocksOf, listAddress } from '../../src/engine/downloads/repair.ts';
import { BYTES, digestOf, good, MemoryFile, origin, ranged, run, wanted, type Reply } from './planned_download.ts';

const SIZE = 1024;
const digests = [0, 1, 2, 3, 4].map((i) => digestOf(BYTES.slice(i * SIZE, (i + 1) * SIZE)).slice('sha256:'.length));
const LIST = [SIZE, ...digests, ''].join('\n');
const list: Reply = () => new Response(LIST);
const none: Reply = () => new Response('there is nothing of this name', { status: 404 });

/** All bytes, of which those at `places` are wrong. */
const spoilt = (...places: number[]) => {
  const content = BYTES.slice();
  for (const place of places) content[place]! ^= 1;
  return new MemoryFile(content, { ...origin, digest: wanted.digest });
};
/** An answer with the bytes that were asked for. */
const part: Reply = (start, _, end) => ranged(BYTES.slice(0, end!), start);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('only the blocks that are wrong are loaded again', async () => {
  const file = spoilt(SIZE, 2 * SIZE - 1, 4999);
  const got = await run(file, [part, part], {}, { lists: [list] });
  expect([got.digest, got.asked]).toEqual([wanted.digest, ['blocks', 'bytes=1024-2047', 'bytes=4096-4999']]);
  expect([file.content, file.cleared]).toEqual([BYTES, 0]);
  // What is right counts as loaded, and the file is checked once more.
  const steps = got.progress.map(({ phase, done }) => `${phase} ${done}`);
  for (const step of ['loading 3072', 'loading 5000', 'verifying 5000']) expect(steps).toContain(step);
});

test('bytes that came wrong are found in the download that brought them', async () => {
  const bad = BYTES.slice();
  bad[3000]! ^= 1;
  const file = new MemoryFile();
  const got = await run(file, [() => ranged(bad, 0), part], {}, { lists: [list] });
  expect([got.digest, got.starts]).toEqual([wanted.digest, [0, 2048]]);
});

test('a server that fails meanwhile is asked again, and a block that comes wrong takes no place', async () => {
  const busy: Reply = () => new Response(null, { status: 503, headers: { 'Retry-After': '3' } });
  const wrong: Reply = (start, _, end) => ranged(BYTES.slice(0, end!).fill(0, start), start);
  const cut: Reply = (start, _, end) => ranged(BYTES.slice(0, end!), start, { upTo: start + 10 });
  const short: Reply = (start) => ranged(BYTES.slice(0, 2000), start);
  const later: Reply = () => ranged(BYTES, 1500);
  const whole: Reply = () => new Response(BYTES);
  const file = spoilt(1500);
  const got = await run(file, [busy, wrong, cut, short, later, whole], {}, { lists: [busy, list] });
  expect([got.digest, got.waits]).toEqual([wanted.digest, [3, 3, 2, 4, 8, 16]]);
  const problems = got.progress.map(({ problem }) => problem ?? '').join();
  for (const problem of ['the digest of bytes 1024 to 2048 is wrong again', 'ended at byte 2000', 'bytes from 1500']) {
    expect(problems).toContain(problem);
  }
});

test('the blocks that are right stay when the network fails, and the next call asks for the others only', async () => {
  const file = spoilt(0, 1500);
  const first = await run(file, [part], {}, { lists: [list] });
  expect([first.error?.code, file.bytes, file.cleared]).toEqual(['NETWORK', 5000, 0]);
  // The server may know nothing of its blocks just now.
  expect([(await run(file, [], {}, {})).error?.code, file.cleared]).toEqual(['NETWORK', 0]);
  const second = await run(file, [part], {}, { lists: [list] });
  expect([second.digest, second.asked]).toEqual([wanted.digest, ['blocks', 'bytes=1024-2047']]);
});

test('without a list bytes stay to be compared', async () => {
  const page: Reply = () => new Response('<!doctype html>');
  const other: Reply = () => new Response(LIST.replace(/.*\n$/, ''));
  for (const lists of [[none], [page], [other]]) {
    const file = spoilt(1500);
    const { error } = await run(file, [], {}, { lists });
    expect([error?.code, error?.details.expected, file.cleared]).toEqual(['WRONG_DIGEST', wanted.digest, 0]);
  }
  // One that a server of another origin lets no page see the absence of.
  const file = spoilt(1500);
  const { error, asked } = await run(file, [good], {}, {});
  expect([error?.code, asked, file.cleared]).toEqual(['WRONG_DIGEST', ['blocks', 'bytes=0-0'], 0]);
});

test('a list of another file does not make one right', async () => {
  const file = spoilt(1500);
  const lie = [SIZE, ...digests.with(1, digestOf(file.content.slice(SIZE, 2 * SIZE)).slice('sha256:'.length))].join('\n');
  const { error, asked } = await run(file, [], {}, { lists: [() => new Response(lie)] });
  expect([error?.code, asked, file.cleared]).toEqual(['WRONG_DIGEST', ['blocks'], 1]);
});

test('a list is read as it is written, or not at all', () => {
  const blocks = blocksOf(LIST, 5000);
  expect(blocks?.map(({ start, end }) => [start, end])).toEqual([[0, 1024], [1024, 2048], [2048, 3072], [3072, 4096], [4096, 5000]]);
  expect(blocks?.[1]?.digest).toBe(`sha256:${digests[1]}`);
  expect(blocksOf(LIST.replaceAll('\n', '\r\n'), 5000)).toEqual(blocks);
  expect([blocksOf(LIST, 4096), blocksOf(LIST, 5121), blocksOf(LIST.toUpperCase(), 5000), blocksOf('', 5000)]).toEqual([null, null, null, null]);
  expect([blocksOf(LIST.replace('1024', '0'), 5000), blocksOf(`99999999999\n${digests[0]}`, 5000)]).toEqual([null, null]);
});

test('the list lies beside the file', () => {
  expect(listAddress('https://models.example/a/model.gguf?key=1')).toBe('https://models.example/a/model.gguf.blocks?key=1');
});
