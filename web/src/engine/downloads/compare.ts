// A complete file whose digest is wrong, where the server says nothing of its blocks: what is there is compared with what the
// server sends now, until the digest is right. Nothing that is there is given up before.
import { Blocks } from './blocks.ts';
import { digestOf } from './hash.ts';
import type { Meter } from './progress.ts';
import type { GrowingFile, Tools } from './transfer.ts';

/** Bytes that are asked for, compared and remembered as compared at once. */
const COMPARED_AT_ONCE = 16 << 20;
/** Bytes read back at once. */
const READ_BYTES = 1 << 20;

/** How a comparison ended: all is right, or the server has sent the same bytes again, or others, or knows no ranges. */
export type Outcome = 'right' | 'same' | 'others' | 'no ranges';

/** Goes on with the comparison that `file.origin.compared` tells of. */
export async function compare(
  url: string,
  file: GrowingFile,
  expected: string,
  tools: Tools,
  meter: Meter,
  atOnce = COMPARED_AT_ONCE,
): Promise<Outcome> {
  const blocks = new Blocks(url, file.bytes, tools, meter);
  const isRight = async () => (await digestOf(file, tools.newHash(), tools.signal, (hashed) => meter.at('verifying', hashed, file.bytes))) === expected;
  let { bytes: at, differed } = file.origin!.compared!;
  const note = () => file.setOrigin({ ...file.origin!, compared: { bytes: at, differed } });
  // A call that was broken off may have put the last wrong byte right.
  if (differed && (await isRight())) return 'right';
  const block = new Uint8Array(Math.min(atOnce, file.bytes));
  while (at < file.bytes) {
    const content = block.subarray(0, Math.min(block.length, file.bytes - at));
    let knowsRanges: boolean | undefined;
    meter.at('checking', at, file.bytes);
    await blocks.insist(() => knowsRanges !== undefined, () => at, async (onAnswer) => {
      knowsRanges = await blocks.load(content, at, onAnswer);
    });
    // Each block would cost all bytes before it.
    if (!knowsRanges) return 'no ranges';
    if (!holds(file, content, at)) {
      differed = true;
      await note();
      file.replace(content, at);
      if (await isRight()) return 'right';
    }
    at += content.length;
    await note();
  }
  return differed ? 'others' : 'same';
}

/** Whether these bytes are in the file from `start`. */
function holds(file: GrowingFile, content: Uint8Array, start: number): boolean {
  const there = new Uint8Array(Math.min(READ_BYTES, content.length));
  for (let at = 0; at < content.length; at += there.length) {
    const wanted = content.subarray(at, at + there.length);
    const length = file.read(there.subarray(0, wanted.length), start + at);
    if (length !== wanted.length || wanted.some((byte, i) => byte !== there[i])) return false;
  }
  return true;
}
