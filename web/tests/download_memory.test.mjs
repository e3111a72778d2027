// A download's bytes go from the network to the disk: however many they are, the browser holds few of them at a time.
import { setTimeout as wait } from 'node:timers/promises';
import { BigAnswer } from './big_answer.mjs';
import { memoryOf, tellsMemory, total, watched } from './browser_memory.mjs';
import { ensure, serveProject, skip } from './lib.mjs';

/** What is behind is not kept, so gigabytes need little more (docs/performance.md). */
const BYTES = 400e6;
/** What a download may take over what the browser had before. */
const MORE_MAX = 100e6;
const SETTLE_MS = 3000;

export default {
  async 'a download takes less than 100 MB of memory'({ browser, page }) {
    if (!tellsMemory()) skip('this system does not tell what a process holds');
    const file = new BigAnswer('/file', BYTES);
    const server = await serveProject(file.answer);
    try {
      await page.goto(`${server.url}/blank.html`);
      await wait(SETTLE_MS);
      // With the header of `rullama serve`: without it Chromium itself reads ahead of the page as fast as a server sends.
      const wanted = { url: '/file?no-store', name: 'big', bytes: BYTES, digest: file.digest };
      const load = () => page.evaluate(async (wanted) => {
        const { download, deleteStored } = await import('/lib/engine/index.js');
        const { bytes } = await download(wanted);
        await deleteStored(wanted.name);
        return bytes;
      }, wanted);
      const more = await memoryNeeded(browser, load);
      ensure(more < MORE_MAX, `${BYTES} bytes were loaded with ${more} more of memory, at most ${MORE_MAX} are allowed`);

      // The same bytes in a page's heap: what is measured is there to be seen.
      const hold = () => page.evaluate(async (url) => (await (await fetch(url)).arrayBuffer()).byteLength, wanted.url);
      const held = await memoryNeeded(browser, hold);
      ensure(held > BYTES / 2, `${BYTES} bytes are in the page, and memory is only ${held} more`);
    } finally {
      await server.close();
    }
  },
};

/** Bytes of own pages at the peak of `work` over those before it; `work` returns how many it has moved. */
async function memoryNeeded(browser, work) {
  const before = total(await memoryOf(browser), ['own']);
  const { outcome, peak } = await watched(browser, ['own'], work);
  ensure(outcome === BYTES, `${outcome} bytes came of ${BYTES}`);
  return total(peak, ['own']) - before;
}
