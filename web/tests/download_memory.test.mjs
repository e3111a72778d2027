// A download's bytes go from the network to the disk: however many they are, the browser holds few of them at a time.
import { setTimeout as wait } from 'node:timers/promises';
import { alone } from './alone.mjs';
import { BigAnswer } from './big_answer.mjs';
import { memoryOf, tellsMemory, total, watched } from './browser_memory.mjs';
import { ensure, skip } from './lib.mjs';

/** What is behind is not kept, so gigabytes need little more (docs/performance.md). */
const BYTES = 400e6;
/** What a download may take over what the browser had before. */
const MORE_MAX = 100e6;
const SETTLE_MS = 3000;

export default {
  async 'a download takes less than 100 MB of memory'() {
    if (!tellsMemory()) skip('this system does not tell what a process holds');
    // As fast as it goes: Chromium reads ahead of a page without bound.
    const file = new BigAnswer('/file', BYTES);
    const browser = await alone(file.answer);
    try {
      await wait(SETTLE_MS);
      const wanted = { url: '/file', name: 'big', bytes: BYTES, digest: file.digest };
      const more = await memoryNeeded(browser, `
        const { download, deleteStored } = await import('/lib/engine/index.js');
        const { bytes } = await download(${JSON.stringify(wanted)});
        await deleteStored('big');
        return bytes;`);
      ensure(more < MORE_MAX, `${BYTES} bytes were loaded with ${more} more of memory, at most ${MORE_MAX} are allowed`);

      // The same bytes in a page's heap: what is measured is there to be seen.
      const held = await memoryNeeded(browser, `return (await (await fetch('/file')).arrayBuffer()).byteLength;`);
      ensure(held > BYTES / 2, `${BYTES} bytes are in the page, and memory is only ${held} more`);
    } finally {
      await browser.close();
    }
  },
};

/** Bytes of own pages at the peak of `code` over those before it; it returns how many it has moved. */
async function memoryNeeded(browser, code) {
  const before = total(await memoryOf(browser), ['own']);
  const { outcome, peak } = await watched(browser, ['own'], () => browser.run(code));
  ensure(outcome === BYTES, `${outcome} bytes came of ${BYTES}`);
  return total(peak, ['own']) - before;
}
