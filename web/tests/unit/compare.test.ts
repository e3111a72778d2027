// What becomes of a complete file whose digest is wrong, where the server says nothing of its blocks.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { compare, type Outcome } from '../../src/engine/downloads/compare.ts';
import { Meter, type Progress } from '../../src/engine/downloads/progress.ts';
import { BYTES, MemoryFile, NodeHash, origin, ranged, run, URL_, wanted, type Reply } from './planned_download.ts';

const SIZE = 1024;
const none: Reply = () => new Response('there is nothing of this name', { status: 404 });
/** An answer with the bytes that were asked for. */
const part: Reply = (start, _, end) => ranged(BYTES.slice(0, end!), start);

/** The file with wrong bytes, `compared` so far. */
function spoilt(places: number[], compared = { bytes: 0, differed: false }) {
  const content = BYTES.slice();
  for (const place of places) content[place]! ^= 1;
  return new MemoryFile(content, { ...origin, digest: wanted.digest, compared });
}

/** Compares in blocks of `SIZE`; the answers are what `sent` gives for the bytes from a start to an end. */
async function compared(file: MemoryFile, sent: (start: number, end: number) => Response | null): Promise<[Outcome | string, number[]]> {
  const asked: number[] = [];
  const tools = {
    fetch: async (_: string, { headers }: RequestInit) => {
      const [start, last] = new Headers(headers).get('Range')!.match(/\d+/g)!.map(Number) as [number, number];
      const response = sent(start, last + 1);
      if (!response) throw new TypeError('Failed to fetch');
      asked.push(start);
      return response;
    },
    newHash: () => new NodeHash(),
    freeBytes: async () => null,
    signal: new AbortController().signal,
    silenceSeconds: 30,
    onProgress: (_: Progress) => {},
  };
  const ended = compare(URL_, file, wanted.digest!, tools, new Meter(() => {}), SIZE).catch((thrown: { code: string }) => thrown.code);
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver) await vi.advanceTimersByTimeAsync(1000);
  return [await ended, asked];
}

const good = (start: number, end: number) => ranged(BYTES.slice(0, end), start);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a file is compared up to where its digest is right', async () => {
  const file = spoilt([10, 2500]);
  expect(await compared(file, good)).toEqual(['right', [0, 1024, 2048]]);
  expect(file.content).toEqual(BYTES);
});

test('what was compared is not asked for again after the network has failed', async () => {
  const file = spoilt([10, 2500]);
  expect(await compared(file, (start, end) => (start < 2048 ? good(start, end) : null))).toEqual(['NETWORK', [0, 1024]]);
  expect(file.origin!.compared).toEqual({ bytes: 2048, differed: true });
  expect(await compared(file, good)).toEqual(['right', [2048]]);
});

test('a call that ended behind the last wrong byte is looked at before anything is asked for', async () => {
  expect(await compared(spoilt([], { bytes: 2048, differed: true }), good)).toEqual(['right', []]);
});

test('a server that sends the same again has another file, one that sends others may be right the next time', async () => {
  const file = spoilt([10]);
  const sent = file.content.slice();
  const same = (start: number, end: number) => ranged(sent.slice(0, end), start);
  expect(await compared(file, same)).toEqual(['same', [0, 1024, 2048, 3072, 4096]]);
  const others = (start: number, end: number) => ranged(sent.slice(0, end).fill(start, start), start);
  expect((await compared(spoilt([10]), others))[0]).toBe('others');
});

test('a server without ranges is not asked for each block with all before it', async () => {
  expect(await compared(spoilt([10]), () => new Response(BYTES))).toEqual(['no ranges', [0]]);
});

test('bytes that came wrong stay, and the next call puts them right', async () => {
  const file = spoilt([1500]);
  delete file.origin!.compared;
  const first = await run(file, [], {}, { lists: [none] });
  expect([first.error?.code, first.error?.details.isKept, file.bytes, file.cleared]).toEqual(['WRONG_DIGEST', true, 5000, 0]);
  expect(first.error?.message).toContain('they stay');
  const second = await run(file, [part]);
  expect([second.digest, second.asked, file.content]).toEqual([wanted.digest, ['bytes=0-4999'], BYTES]);
});

test('bytes that come wrong twice are deleted', async () => {
  const file = spoilt([1500]);
  const sent = file.content.slice();
  const { error } = await run(file, [(start) => ranged(sent, start)]);
  expect([error?.code, error?.details.isKept, file.cleared]).toEqual(['WRONG_DIGEST', false, 1]);
  expect(error?.message).toContain('another file');
});

test('bytes that come otherwise each time stay', async () => {
  const file = spoilt([1500]);
  const sent = BYTES.slice().fill(1, 3000);
  const { error } = await run(file, [(start) => ranged(sent, start)]);
  expect([error?.code, file.cleared, file.origin?.compared]).toEqual(['WRONG_DIGEST', 0, { bytes: 0, differed: false }]);
});
