// An answer while it comes: stopped, continued, cut off by the end of its page.
import { ensure, equal } from './lib.mjs';
import { modelUrl } from './golden.mjs';
import { answered, answerText, ask, grown, loaded, openChat, set } from './chat_page.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
/** Several times as long as the app lets an answer grow without storing it, since tokens are slow on a loaded machine. */
const KEPT_MS = 3000;

export default {
  async 'an answer streams, stops, goes on, and outlives a crash of its page'({ browser, page, server }) {
    // Random weights that take the likeliest token talk without end, so there is always something to stop.
    await openChat(page, server, modelUrl(MODEL));
    await loaded(page, 'ollama-q4_k_m');
    await set(page, { temperature: 0 });
    await ask(page, 'Who are you?');
    const early = await grown(page, 5);
    // In another field Escape is for what is written there.
    await page.locator('input[type=search]').fill('who');
    await page.locator('input[type=search]').press('Escape');
    await page.locator('[aria-label^="Rename "]').first().click();
    await page.locator('[aria-label=Title]').fill('Not this');
    await page.locator('[aria-label=Title]').press('Escape');
    await page.locator('ul[aria-label=Conversations] a:focus').waitFor();
    equal(await page.locator('ul[aria-label=Conversations] a').textContent(), 'Who are you?', 'the title that was to stay');
    await grown(page, await grown(page, early));
    equal(await page.locator('#stop').count(), 1, 'the answer goes on');
    await page.locator('#message').press('Escape');
    await answered(page, 1);
    ensure((await page.locator('.turn.assistant .ending').textContent()).includes('Stopped.'), 'how the answer ended');
    const before = await answerText(page, 1);
    await page.locator('.go-on').press('Enter');
    await page.locator('#message:focus').waitFor();
    await grown(page, before.length + 10);
    ensure((await answerText(page, 1)).startsWith(before.slice(0, 5)), 'the answer goes on from where it was');
    await page.locator('#stop').press('Enter');
    await answered(page, 1);
    await page.locator('#message:focus').waitFor();

    await set(page, { max_tokens: 1, system: 'Be brief.' });
    await ask(page, 'And now?');
    await answered(page, 2);
    ensure((await page.locator('.turn.assistant .ending').last().textContent()).includes('longest answer'), 'a limit is said');
    await set(page, { max_tokens: '' });
    await ask(page, 'Go on and on');
    await grown(page, 60);
    // An answer is kept while it grows, more often than this.
    const said = await answerText(page, 3);
    await page.waitForTimeout(KEPT_MS);
    await crash(page);

    const again = await browser.newPage();
    await openChat(again, server, 'none');
    await again.locator('ul[aria-label=Conversations] a').click();
    await again.locator('.turn.assistant').nth(2).waitFor();
    ensure((await again.locator('.turn.assistant .ending').last().textContent()).includes('Interrupted.'), 'the answer was interrupted');
    const kept = await answerText(again, 3);
    ensure(kept.startsWith(said), `of \`${said}\` there is \`${kept}\``);
    equal(await again.locator('[data-code]').count(), 0, 'errors shown');
    await again.close();
  },
};

/** Ends the page's process, as running out of memory does. A process that is gone answers no command. */
async function crash(page) {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
}
