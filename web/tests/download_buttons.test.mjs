// A download as a user meets it on the model page: paused, resumed after the page was closed, discarded.
import { ensure, equal, serveProject } from './lib.mjs';
import { accessible } from './accessible.mjs';
import { digestOf, FickleFiles, noise } from './fickle_files.mjs';
import { openChat, refused, visit } from './chat_page.mjs';

const MIB = 2 ** 20;
const FILE = noise(3 * MIB, 'model');
const OTHER = noise(MIB, 'another model');

export default {
  async 'a download is paused, goes on where it was, also in a page opened later, and is discarded'({ page }) {
    const files = new FickleFiles();
    const server = await serveProject(files.answer);
    try {
      const file = files.add('/models/mine.gguf', FILE, { stall: MIB }, { stall: MIB }, { stall: MIB });
      await openChat(page, server, 'none');
      const entry = page.locator('[data-model="mine.gguf"]');
      const button = (name) => entry.getByRole('button', { name });
      const says = (text) => entry.getByText(text, { exact: false }).waitFor();
      const begin = async () => {
        await visit(page, 'model');
        await page.locator('#url').fill('/models/mine.gguf');
        await page.locator('#download').click();
      };

      await begin();
      await entry.getByText(/^1\.0 MiB of 3\.0 MiB, [\d.]+ [KM]iB\/s, \d+ s left$/).waitFor();
      const share = await entry.locator('progress').evaluate(({ value, max }) => value / max);
      ensure(Math.abs(share - 1 / 3) < 0.01, `the bar is at ${share}`);
      await button('Pause').click();
      await button('Resume').waitFor();
      equal(await entry.locator('progress').count(), 0, 'bars of a paused download');
      await says('1.0 MiB of 3.0 MiB');

      await button('Resume').click();
      await says('2.0 MiB of 3.0 MiB');
      await page.reload();
      await visit(page, 'model');
      // Nobody pressed Pause; what had come is there all the same.
      await says('2.0 MiB of 3.0 MiB');
      await button('Discard mine.gguf').click();
      equal((await partial(page)).length, 1, 'unfinished downloads before the second word');
      await entry.locator('.asked button', { hasText: 'Discard' }).click();
      await page.locator('#storage').waitFor({ state: 'detached' });
      equal(await partial(page), [], 'unfinished downloads after discarding');

      await begin();
      await says('1.0 MiB of 3.0 MiB');
      await button('Pause').click();
      await button('Resume').click();
      await button('Delete mine.gguf').waitFor();
      equal(await stored(page), digestOf(FILE), 'what is on the disk');
      equal(file.asked.map(({ start }) => start), [0, MIB, 0, MIB], 'what was asked for');

      // Another file of the same last part has a name of its own.
      files.add('/other/mine.gguf', OTHER);
      await page.locator('#url').fill('/other/mine.gguf');
      await page.locator('#download').click();
      await page.getByRole('button', { name: 'Delete other/mine.gguf' }).waitFor();
      equal(await stored(page), digestOf(FILE), 'the first file');
      equal(await page.locator('[data-code]').count(), 0, 'failures on the page');
    } finally {
      await server.close();
    }
  },

  async 'a download without room says what to do, keeps what had come, and goes on once there is room'({ page }) {
    const files = new FickleFiles();
    const server = await serveProject(files.answer);
    const cdp = await page.context().newCDPSession(page);
    const quota = (quotaSize) => cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url, ...(quotaSize && { quotaSize }) });
    try {
      const file = files.add('/models/mine.gguf', FILE, {}, { stall: MIB });
      await openChat(page, server, 'none');
      await visit(page, 'model');
      const entry = page.locator('[data-model="mine.gguf"]');
      const button = (name) => entry.getByRole('button', { name });
      const isFull = (missing) => refused(page, 'STORAGE_FULL', 'storage is full', 'mine.gguf', `${missing} more bytes`, 'delete a stored model', 'free space');
      const begin = async () => {
        await page.locator('#url').fill('/models/mine.gguf');
        await page.locator('#download').click();
      };

      await quota(MIB);
      await begin();
      await isFull(3 * MIB);
      equal(await entry.count(), 0, 'rows of a download of which nothing came');
      await accessible(page, 'a full storage');
      await quota(0);
      await begin();
      await entry.getByText('1.0 MiB of 3.0 MiB').waitFor();
      equal(await page.locator('[data-code]').count(), 0, 'failures once there is room');
      await button('Pause').click();
      await button('Resume').waitFor();

      // It fills up in mid-download.
      await quota(2 * MIB);
      await button('Resume').click();
      await isFull(2 * MIB);
      await entry.getByText('1.0 MiB of 3.0 MiB').waitFor();
      await quota(0);
      await button('Resume').click();
      await button('Delete mine.gguf').waitFor();
      equal(await page.locator('[data-code]').count(), 0, 'failures at the end');
      equal(await stored(page), digestOf(FILE), 'what is on the disk');
      equal(file.asked.map(({ start }) => start), [0, 0, MIB, MIB], 'what was asked for');
    } finally {
      await quota(0);
      await server.close();
    }
  },
};

const partial = (page) => page.evaluate(async () => (await import('/lib/engine/index.js')).listPartial());

/** The digest of the stored file. */
const stored = (page) =>
  page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    const file = await (await folder.getFileHandle('mine.gguf')).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  });
