// The app as a user meets it. Software rendering compiles shaders slowly, so each test is a longer story.
import { ensure, equal } from './lib.mjs';
import { accessible } from './accessible.mjs';
import { answered, answerText, ask, downloaded, loaded, openChat, set, visit } from './chat_page.mjs';
import { photograph } from './photograph.mjs';

export default {
  async 'the demo model loads by itself, answers, and every page is right'({ browser, page, server }) {
    const asked = [];
    browser.context.on('request', (request) => asked.push(request.url()));
    await page.goto(server.url);
    await loaded(page, 'rullama demo');
    await set(page, { temperature: 0 });

    // All of assets/demo-questions.jsonl; the last one needs what was said first, and the marks are to be shown as they are.
    const story = [
      ['I live in Budapest.', 'Budapest'],
      ['43 plus 52', '= 95.'],
      ['<b>can a goat fly?</b>', 'No'],
      ['Where is my home?', 'Budapest'],
    ];
    for (const [n, [question, word]] of story.entries()) {
      await ask(page, question);
      const answer = await answered(page, n + 1);
      equal(await page.locator('.turn.user .said').nth(n).textContent(), question, 'the question, as it was typed');
      ensure(answer.includes(word), `to \`${question}\` it says \`${answer}\`, without \`${word}\``);
    }
    const figures = page.locator('.turn.assistant .tools .number').last();
    ensure(/^\s*\d+ tokens, \d+\.\d tokens\/s\s*$/.test(await figures.textContent()), await figures.textContent());
    const reused = /(\d+) tokens read, (\d+) of them reused/.exec(await figures.getAttribute('title'));
    ensure(Number(reused[2]) > 0, `a later turn reused nothing of those before: ${reused[0]}`);
    ensure(/^\d+ of 2048 tokens$/.test(await page.locator('#context').textContent()), 'context in use');

    // Greedy, so the same again; the first answer is another version. What came after an edited question stays with the old one.
    await page.locator('[aria-label="Regenerate answer"]').last().click();
    ensure((await answered(page, 4)).includes('Budapest'), 'the answer after Regenerate');
    const place = page.getByRole('group', { name: 'Versions of this answer' });
    ensure((await place.textContent()).includes('2/2'), `after Regenerate: ${await place.textContent()}`);
    await page.getByRole('button', { name: 'Previous version' }).click();
    ensure((await place.textContent()).includes('1/2'), `after going back: ${await place.textContent()}`);
    ensure((await answerText(page, 4)).includes('Budapest'), 'the first answer');
    await page.locator('[aria-label="Edit message"]').nth(1).click();
    await page.locator('[aria-label="Edited message"]').fill('71 - 26 =');
    await page.locator('[aria-label="Edited message"]').press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 4);
    ensure((await answered(page, 2)).includes('45'), 'the answer to the edited question');
    equal(await page.locator('.turn.user .said').last().textContent(), '71 - 26 =', 'the edited question');
    await page.getByRole('button', { name: 'Previous version' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 8);
    equal(await page.locator('.turn.user .said').nth(1).textContent(), story[1][0], 'the question before it was edited');
    await page.locator('.turn.user').nth(1).getByRole('button', { name: 'Next version' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 4);

    await set(page, { thinking: true });
    await ask(page, 'Please calculate 27 + 27 - 21');
    ensure((await answered(page, 3)).includes('= 33.'), `with thinking it says ${await answerText(page, 3)}`);
    const thoughts = page.locator('.turn.assistant .thoughts').last();
    equal(await thoughts.evaluate((details) => details.open), false, 'whether thoughts are unfolded');
    ensure((await thoughts.locator('div').textContent()).length > 3, 'the thoughts are empty');

    await set(page, { thinking: false, 'stop-strings': 'END\n= ' });
    await ask(page, 'Please calculate 43 + 52');
    const cut = await answered(page, 4);
    ensure(cut.length > 0 && !cut.includes('='), `with a stop string it says \`${cut}\``);
    await set(page, { thinking: true });

    await accessible(page, 'chat');
    await photograph(page, 'chat');
    await memoryIsExact(page, server);
    await accessible(page, 'memory');
    await photograph(page, 'memory');
    await visit(page, 'model');
    await page.locator('#choose-demo').click();
    await page.locator('#load:enabled').waitFor();
    equal(await page.locator('#planned-bytes').getAttribute('data-bytes'), String(await planned(page, server)), 'bytes planned');
    await accessible(page, 'model');
    await photograph(page, 'model');

    // Everything is there after a reload, also the settings.
    await openChat(page, server, 'none');
    await page.locator('ul[aria-label=Conversations] a').click();
    await page.waitForFunction(() => document.querySelectorAll('.turn').length === 8);
    await page.locator('#open-settings').click();
    equal(await page.locator('#settings #temperature').inputValue(), '0', 'temperature after a reload');
    equal(await page.locator('#settings #thinking').isChecked(), true, 'thinking after a reload');

    equal(browser.complaints, [], 'console errors');
    const others = asked.filter((url) => /^https?:/.test(url) && !url.startsWith(server.url));
    ensure(asked.length > 4, `only ${asked.length} requests were seen`);
    equal(others, [], 'requests to other hosts');
  },
};

/** What the page shows is the ledger, and the ledger is the plan, to the byte. */
async function memoryIsExact(page, server) {
  await visit(page, 'memory');
  const expected = await planned(page, server);
  await page.waitForFunction((bytes) => document.querySelector('#figures dd')?.dataset.bytes === String(bytes), expected);
  ensure((await page.locator('#figures').textContent()).includes('exact'), 'the page says that the plan is exact');
  const rows = await page.locator('#accounts tbody [data-bytes]').evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.bytes)));
  equal(rows.reduce((a, b) => a + b), expected, 'the sum over the accounts shown');
  await page.locator('.chart canvas').waitFor();
  const { text } = await downloaded(page, () => page.locator('#export-memory').click());
  const { memory, model, samples } = JSON.parse(text);
  equal([memory.total_bytes, model.plan.bytes], [expected, expected], 'bytes in the exported ledger and plan');
  ensure(samples.length > 3 && Object.values(samples.at(-1).accounts).reduce((a, b) => a + b) === expected, 'exported samples');
}

/** Bytes of the demo model's plan, by an engine of its own. */
function planned(page, server) {
  return page.evaluate(async (base) => {
    const { Rullama } = await import(`${base}/lib/engine/index.js`);
    const { demo } = await import(`${base}/lib/engine/demo.js`);
    const engine = await Rullama.start();
    const { plan } = await engine.plan(demo);
    engine.dispose();
    return plan.bytes;
  }, server.url);
}
