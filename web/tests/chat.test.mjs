// The chat page as a user meets it. Software rendering compiles shaders slowly, so each test is a longer story.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, equal, ROOT } from './lib.mjs';
import { modelPath, modelUrl } from './golden.mjs';
import { answered, ask, greedily, limitAnswers, loaded, openChat } from './chat_page.mjs';

export default {
  async 'the demo model loads by itself and answers what it was never asked in training'({ browser, page, server }) {
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(server.url);
    await loaded(page, 'rullama demo');
    equal(await page.locator('#error').isVisible(), false, 'an error is shown');
    await greedily(page);

    // All of assets/demo-questions.jsonl; the last one needs what was said first, and the marks are to be shown as they are.
    const story = [
      ['I live in Budapest.', 'Budapest'],
      ['43 plus 52', '= 95.'],
      ['<b>can a goat fly?</b>', 'No'],
      ['Where is my home?', 'Budapest'],
    ];
    for (const [n, [question, word]] of story.entries()) {
      await ask(page, question);
      await answered(page, n + 1);
      equal(await page.locator('.turn.user').nth(n).textContent(), question, 'the question, as it was typed');
      const answer = await page.locator('.turn.assistant').nth(n).textContent();
      ensure(answer.includes(word), `to \`${question}\` it says \`${answer}\`, without \`${word}\``);
    }
    const speed = await page.locator('#speed').textContent();
    ensure(/\d+ tokens read \(\d+ reused\), \d+ written, \d/.test(speed), `the speed line is \`${speed}\``);
    ensure(!speed.includes('(0 reused)'), `a later turn reused nothing of those before: \`${speed}\``);
    const memory = await page.locator('#memory').textContent();
    ensure(/tot=\d+\.\d .*kv=\d+\.\d .*wasm \d+\.\d MiB/.test(memory), `the memory line is \`${memory}\``);

    await screenshots(page);
    await page.locator('#new').click();
    equal(await page.locator('.turn').count(), 0, 'turns after New chat');
    equal(browser.complaints, [], 'console errors');
    const others = asked.filter((url) => /^https?:/.test(url) && !url.startsWith(server.url));
    ensure(asked.length > 4, `only ${asked.length} requests were seen`);
    equal(others, [], 'requests to other hosts');
  },

  async 'an answer streams and stops'({ page, server }) {
    // Random weights talk without end, so there is always something to stop.
    await openChat(page, server, modelUrl('tiny-dense-ple/ollama-q4_k_m'));
    await loaded(page, modelUrl('tiny-dense-ple/ollama-q4_k_m'));
    await limitAnswers(page, 4000);
    await ask(page, 'Who are you?');
    const grown = (length) => document.querySelector('.turn.assistant')?.textContent.length > length;
    await page.waitForFunction(grown, 5);
    const early = await page.locator('.turn.assistant').evaluate((turn) => turn.textContent.length);
    await page.waitForFunction(grown, early);
    await page.locator('#stop').click();
    await answered(page, 1);
    equal(await page.locator('.turn.assistant .ending').textContent(), 'Stopped.', 'how the answer ended');
    await limitAnswers(page, 3);
    await ask(page, 'And now?');
    await answered(page, 2);
    equal(await page.locator('#error').isVisible(), false, 'an error is shown');
  },

  async 'a stored model is listed and loads, and so does a picked file'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(store, modelUrl('tiny-dense-ple/ollama-q4_k_m'));
    await openChat(page, server, 'none');
    ensure((await page.locator('#stored option').textContent()).startsWith('mine.gguf'), 'the stored model is listed');
    await page.locator('#load-stored').click();
    await loaded(page, 'mine.gguf');

    await page.locator('#file').setInputFiles(modelPath('tiny-kv/ollama-q4_k_m'));
    await loaded(page, 'ollama-q4_k_m.gguf');
    await limitAnswers(page, 3);
    await page.locator('#system').fill('Be brief.');
    await ask(page, 'Hi');
    await answered(page, 1);
    equal(await page.locator('#error').isVisible(), false, 'an error is shown');
  },
};

/** Runs in the page. */
async function store(url) {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('models', { create: true });
  const file = await folder.getFileHandle('mine.gguf', { create: true });
  const writer = await file.createWritable();
  await writer.write(await (await fetch(url)).blob());
  await writer.close();
}

async function screenshots(page) {
  const folder = join(ROOT, 'target/screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, 'chat.png') });
  await page.setViewportSize({ width: 390, height: 780 });
  await page.screenshot({ path: join(folder, 'chat-phone.png') });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  ensure(wide <= 0, `the page is ${wide} pixels wider than a phone`);
}
