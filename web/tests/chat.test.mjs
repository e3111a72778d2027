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
    const plan = await planned(page, server);
    equal(await page.locator('#planned-bytes').getAttribute('data-bytes'), String(plan.bytes), 'bytes planned');
    const lines = await page.locator('#plan .accounts li').evaluateAll((items) =>
      items.map((item) => [item.querySelector('.swatch').className, item.querySelector('[title]').title]),
    );
    const byAccount = lines.map(([swatch, title]) => [/account-(\w+)/.exec(swatch)[1], exactBytes(title)]);
    equal(byAccount.sort(), Object.entries(plan.accounts).filter(([, bytes]) => bytes > 0).sort(), 'bytes planned by account');
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
    // The model is asked for by a worker: what a worker asks for is seen, too.
    ensure(asked.some((url) => new URL(url).pathname.endsWith('.gguf')), `no request of the model was seen: ${asked.join(', ')}`);
    equal(others, [], 'requests to other hosts');
  },
};

/** What the page shows is the ledger, and the ledger is the plan, to the byte. */
async function memoryIsExact(page, server) {
  await visit(page, 'memory');
  const plan = await planned(page, server);
  const expected = plan.bytes;
  await page.waitForFunction((bytes) => document.querySelector('#figures dd')?.dataset.bytes === String(bytes), expected);
  ensure((await page.locator('#figures').textContent()).includes('exact'), 'the page says that the plan is exact');
  // Of each account: what the engine says of now and of the highest, and what the plan has.
  const rows = await page.locator('#accounts tbody tr').evaluateAll((rows) =>
    rows.map(({ dataset, cells: [, now, planned, difference, peak] }) => [dataset.account, now.dataset.bytes, planned.title, difference.textContent, peak.title]),
  );
  const shown = rows.map(([account, now, planned, difference, peak]) => [account, Number(now), exactBytes(planned), difference, exactBytes(peak)]);
  await page.locator('.chart canvas').first().waitFor();
  const { text } = await downloaded(page, () => page.locator('#export-memory').click());
  const { memory, model, samples, phases } = JSON.parse(text);
  const entries = memory.accounts.filter(({ peak_bytes }) => peak_bytes > 0);
  equal(shown, entries.map(({ account, bytes, peak_bytes }) => [account, bytes, plan.accounts[account], 'exact', peak_bytes]), 'bytes by account');
  equal(shown.reduce((sum, [, bytes]) => sum + bytes, 0), expected, 'the sum over the accounts shown');
  equal([memory.total_bytes, model.plan.bytes], [expected, expected], 'bytes in the exported ledger and plan');
  ensure(samples.length > 3 && Object.values(samples.at(-1).accounts).reduce((a, b) => a + b) === expected, 'exported samples');

  // Peaks by phase and WebAssembly's memory are what the engine says, and the phases have their times.
  const bytesOf = (selector) => page.locator(selector).evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.bytes)));
  const peaks = await page.locator('[data-phase]').evaluateAll((cells) => cells.map(({ dataset }) => [dataset.phase, Number(dataset.bytes)]));
  equal(peaks, memory.phases.map(({ name, peak_bytes }) => [name, peak_bytes]), 'peaks by phase');
  equal(peaks.map(([name]) => name).filter((name) => name !== 'start'), ['load', 'session', 'generate'], 'phases');
  ensure(peaks.every(([name, bytes]) => name === 'start' || (bytes > 0 && bytes <= expected)), `peaks by phase: ${peaks}`);
  equal(await bytesOf('#wasm-bytes'), [memory.linear_memory_bytes], 'WebAssembly bytes');
  ensure(memory.linear_memory_bytes > 2 ** 20, `WebAssembly has ${memory.linear_memory_bytes} bytes`);
  equal([...new Set(phases.map(({ name }) => name))], ['load', 'session', 'generate'], 'phases with their times');
  ensure(phases.every(({ start, end }) => end !== null && start <= end), `the engine rests: ${JSON.stringify(phases)}`);

  // Of the length that is chosen, as many moments can be chosen, one each second.
  const moments = async (minutes) => {
    const choice = page.getByRole('group', { name: 'Length of the history' }).getByRole('button', { name: `${minutes} min`, exact: true });
    await choice.click();
    equal(await choice.getAttribute('aria-pressed'), 'true', `whether ${minutes} minutes are chosen`);
    return 1 + Number(await page.locator('.chart').getAttribute('aria-valuemax'));
  };
  const [one, ten] = [await moments(1), await moments(10)];
  ensure(one >= Math.min(60, samples.length) && one <= 60, `${one} moments of ${samples.length} in one minute`);
  ensure(ten >= Math.min(600, samples.length), `${ten} moments of ${samples.length} in ten minutes`);
  const three = await moments(3);
  ensure(three >= Math.min(180, samples.length) && three <= 180, `${three} moments of ${samples.length} in three minutes`);

  // The numbers below the chart are those of now, and of the moment that the pointer or a key chooses.
  const [total, ...others] = await bytesOf('#moment [data-bytes]');
  equal([total, others.includes(model.plan.bytes), others.includes(memory.linear_memory_bytes)], [expected, true, true], 'numbers of now');
  const sampled = samples.map(({ time }) => Date.parse(time));
  await page.locator('.chart').focus();
  for (let n = 0; n < 3; n++) await page.keyboard.press('ArrowLeft');
  const chosen = Number(await page.locator('#moment').getAttribute('data-time'));
  await page.waitForTimeout(1500);
  equal(Number(await page.locator('#moment').getAttribute('data-time')), chosen, 'the chosen moment while time goes on');
  const later = JSON.parse((await downloaded(page, () => page.locator('#export-memory').evaluate((button) => button.click()))).text);
  const sample = later.samples.find(({ time }) => Date.parse(time) === chosen);
  equal((await bytesOf('#moment [data-bytes]'))[0], Object.values(sample.accounts).reduce((a, b) => a + b), 'bytes of the chosen moment');
  await page.keyboard.press('Home');
  ensure(Number(await page.locator('#moment').getAttribute('data-time')) <= sampled.at(-1), 'the oldest moment shown');
  await page.keyboard.press('Escape');
  equal(await page.locator('#moment .when dt').textContent(), 'Now', 'after Escape');
  await page.locator('.chart').blur();
}

/** The number of a title such as `1,234 bytes`. */
const exactBytes = (title) => Number(title.replace(/,| bytes$/g, ''));

/** The demo model's plan, by an engine of its own. */
function planned(page, server) {
  return page.evaluate(async (base) => {
    const { Rullama } = await import(`${base}/lib/engine/index.js`);
    const { demo } = await import(`${base}/lib/engine/demo.js`);
    const engine = await Rullama.start();
    const { plan } = await engine.plan(demo);
    engine.dispose();
    return { bytes: plan.bytes, accounts: plan.accounts };
  }, server.url);
}
