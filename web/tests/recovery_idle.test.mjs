// A device that is lost while nobody is answered, and a question after that.
import { ensure, equal } from './lib.mjs';
import { modelUrl } from './golden.mjs';
import { answered, answerText, ask, loaded, openChat, set, visit } from './chat_page.mjs';
import { loseDevice } from './worker_trouble.mjs';

export default {
  async 'the model is loaded again for a question after the loss, and the conversation goes on'({ page, server }) {
    await openChat(page, server, modelUrl('tiny-kv/llama-q4_0'));
    await loaded(page, 'llama-q4_0');
    await set(page, { temperature: 0, max_tokens: 8 });
    await ask(page, 'Who are you?');
    await answered(page, 1);
    await loseDevice(page);
    // Whoever looks at the memory finds that it is gone, and the engine gives up its model.
    await visit(page, 'memory');
    await page.locator('#figures').waitFor({ state: 'detached' });
    await page.goBack();
    await ask(page, 'And now?');
    await answered(page, 2);
    ensure((await answerText(page, 2)) !== '', 'the second question is answered');
    equal(await page.locator('.ending', { hasText: 'Interrupted.' }).count(), 0, 'answers interrupted');
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');
  },
};
