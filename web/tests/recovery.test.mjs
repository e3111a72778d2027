// What happens to a model that is loaded: its device is lost, another tab wants it. Each kind of trouble has a file, so a browser, of its own.
import { ensure, equal } from './lib.mjs';
import { modelUrl } from './golden.mjs';
import { answered, answerText, ask, grown, loaded, openChat, refused, set, visit } from './chat_page.mjs';
import { loseDevice } from './worker_trouble.mjs';

const MODEL = 'tiny-kv/llama-q4_0';
const NAME = 'llama-q4_0';

export default {
  async 'a lost device is opened again and the answer goes on; a second tab takes the model over'({ browser, page, server }) {
    await openChat(page, server, modelUrl(MODEL));
    await loaded(page, NAME);
    await set(page, { temperature: 0 });
    await ask(page, 'Who are you?');
    const before = await grown(page, 20);
    const said = (await answerText(page, 1)).slice(0, 10);
    await loseDevice(page);
    await page.locator('.turn.assistant .wait', { hasText: 'loading the model again' }).waitFor();
    await grown(page, before + 20);
    ensure((await answerText(page, 1)).startsWith(said), 'the answer goes on from where it was');
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');

    // The answer is under way when the model leaves; what was written of it stays.
    const second = await browser.newPage();
    await openChat(second, server, modelUrl(MODEL));
    await refused(second, 'ELSEWHERE', 'Another tab', 'move the model here');
    equal(await second.locator('#send').isDisabled(), true, 'nothing can be sent without a model');
    await second.locator('#take-over').click();
    await refused(page, 'ELSEWHERE');
    await loaded(second, NAME);
    ensure((await page.locator('.turn.assistant .ending').textContent()).includes('Stopped'), 'the answer ended');
    await visit(page, 'memory');
    await page.waitForFunction(() => document.querySelector('#figures dd')?.dataset.bytes === '0');

    // The conversation goes on in the other tab. Its own settings end it; without them it would fill the context.
    await second.locator('ul[aria-label=Conversations] a').first().click();
    await second.locator('.go-on').waitFor();
    await set(second, { max_tokens: 4 });
    await second.locator('.go-on').click();
    await answered(second, 1);
    await second.close();
  },
};
