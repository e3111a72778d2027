// The app without a mouse: a model is chosen and loaded, a message is written, and its answer is stopped.
import { ensure, equal } from './lib.mjs';
import { loaded, openChat } from './chat_page.mjs';

/** More than any page has that can take the focus. */
const PRESSES_MAX = 60;

export default {
  async 'by keyboard alone the demo model is chosen and loaded, and an answer is begun and stopped'({ page, server }) {
    await openChat(page, server, 'none');
    const { keyboard } = page;
    const skip = page.getByRole('link', { name: 'Skip to the content' });
    await keyboard.press('Tab');
    ensure(await isFocused(skip), `the first to get the focus is ${await focused(page)}`);
    ensure((await skip.boundingBox()).y >= 0, 'the link that has the focus lies outside of the page');
    await keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement.id), 'content', 'where the link leads');

    // Back over the sidebar, whose end is before the content.
    await go(page, page.getByRole('link', { name: 'Model None' }), 'Shift+Tab');
    await keyboard.press('Enter');
    const demo = page.locator('#choose-demo');
    await demo.waitFor();
    await go(page, demo);
    await keyboard.press('Enter');
    // The plan opens before what it was chosen from. Its options are changed by arrow keys.
    await page.locator('#load:enabled').waitFor();
    const cache = page.locator('#kv');
    await go(page, cache, 'Shift+Tab');
    await keyboard.press('ArrowDown');
    equal(await cache.inputValue(), 'q8', 'the type of the cache after an arrow key');
    await page.locator('#load:enabled').waitFor();
    await go(page, page.locator('#load'));
    await keyboard.press('Enter');
    await loaded(page, 'rullama demo');

    await go(page, page.locator('#loaded').getByRole('link', { name: 'Chat' }));
    await keyboard.press('Enter');
    const message = page.locator('#message');
    await message.waitFor();
    await go(page, message);
    await keyboard.type('Please calculate 43 + 52');
    await keyboard.press('Enter');
    // The answer takes longer than two keys.
    await keyboard.press('Tab');
    ensure(await isFocused(page.locator('#stop')), `after the message, the focus is on ${await focused(page)}`);
    await keyboard.press('Enter');
    await page.locator('.turn.assistant .ending', { hasText: 'Stopped' }).waitFor();
    ensure(await isFocused(message), `after the answer was stopped, the focus is on ${await focused(page)}`);
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');
  },
};

const isFocused = (locator) => locator.evaluate((node) => node === document.activeElement);
const focused = (page) => page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));

/** Presses a key that moves the focus until it is on what is wanted. */
async function go(page, wanted, key = 'Tab') {
  for (let presses = 0; presses < PRESSES_MAX; presses++) {
    if (await isFocused(wanted)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`the focus never came to ${await wanted.evaluate((node) => node.outerHTML.slice(0, 200))}`);
}
