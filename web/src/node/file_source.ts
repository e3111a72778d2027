// Files by their addresses, which Node does not fetch.
import { open } from 'node:fs/promises';
import type { Source } from '../engine/wasm/rullama.js';
import { SourceError } from '../engine/errors.ts';

/** A file that is read piece by piece, as the engine asks for it. */
export async function openFile(url: string, sources: typeof Source): Promise<Source> {
  const failed = (thrown: unknown) =>
    new SourceError({ code: 'READ_FAILED', message: `${url}: ${(thrown as Error).message}`, details: { url } });
  try {
    const file = await open(new URL(url));
    const read = async (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) throw new Error(`the file ends at ${offset + done}`);
        done += bytesRead;
      }
      return bytes;
    };
    const source = sources.callback((await file.stat()).size, read);
    // The engine frees a source with its model; Node would complain of a file that nobody closes.
    const free = source.free.bind(source);
    return Object.assign(source, { free: () => (free(), void file.close()) });
  } catch (thrown) {
    throw failed(thrown);
  }
}
