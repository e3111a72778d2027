// What tests do with the app.
import { ensure } from './lib.mjs';

/** Opens the app, which begins to load `model`; `none` loads nothing. */
export async function openChat(page, server, model, { origin = server.url, query = '' } = {}) {
  await page.goto(`${origin}/?model=${encodeURIComponent(model)}${query}`);
  await page.locator('#message').waitFor();
}

/** Goes to a page of the app, as a click would. */
export async function visit(page, name) {
  await page.evaluate((name) => (location.hash = `#/${name}`), name);
}

/** Waits for the end of a load, which must have gone well; the model's name contains `name`. */
export async function loaded(page, name) {
  const ended = (name) => document.querySelector('#model')?.textContent.includes(name) || document.querySelector('[data-code]');
  await page.waitForFunction(ended, name);
  const failure = await page.locator('[data-code]').allTextContents();
  ensure(failure.length === 0, `loading ${name} failed: ${failure}`);
}

/** Chooses a model by the address field; the plan comes, or a refusal. */
export async function chooseUrl(page, url) {
  await visit(page, 'model');
  await page.locator('#url').fill(url);
  await page.locator('#by-url button:not(#download)').click();
}

/** Chooses bytes, or the file of a path, as a picked file; the plan comes, or a refusal. */
export async function pick(page, file) {
  await visit(page, 'model');
  await page.locator('#file').setInputFiles(file);
}

/** Loads what was chosen, once its plan is there. */
export async function load(page) {
  await page.locator('#load:enabled').click();
}

/** Types a message and sends it by the keyboard. */
export async function ask(page, text) {
  await page.locator('#message').fill(text);
  await page.locator('#message').press('Enter');
}

/** Changes settings of the open chat by the names of their fields; an empty text stands for the usual. */
export async function set(page, values) {
  await page.locator('#open-settings').click();
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`#settings #${name}`);
    if (typeof value === 'boolean') await field.setChecked(value);
    else await field.fill(String(value));
  }
  await page.locator('#settings [aria-label=Close]').click();
}

/** Waits until the answer number `count` has ended, and returns its text. */
export async function answered(page, count) {
  const ended = (count) => document.querySelectorAll('.turn.assistant').length >= count && document.querySelector('#send');
  await page.waitForFunction(ended, count);
  return answerText(page, count);
}

/** The text of the answer number `count`, without what stands around it. */
export const answerText = async (page, count) => (await page.locator('.turn.assistant .answer').nth(count - 1).textContent()).trim();

/** Waits until the last answer has more than `length` characters, and returns how many. */
export async function grown(page, length) {
  const longer = (length) => {
    const now = [...document.querySelectorAll('.turn.assistant .answer')].at(-1)?.textContent.length ?? 0;
    return now > length && now;
  };
  return (await page.waitForFunction(longer, length)).jsonValue();
}

/** Waits for an error and returns its text, which must have this code and say each of `words`. */
export async function refused(page, code, ...words) {
  await page.locator('[data-code]').waitFor();
  const error = await page.locator('[data-code]').evaluate((box) => ({ code: box.dataset.code, text: box.textContent }));
  const said = words.every((word) => error.text.toLowerCase().includes(word.toLowerCase()));
  ensure(error.code === code && said, `the error is ${error.code}: ${error.text}; expected ${code} with ${words.join(', ')}`);
  return error.text;
}

/** The text of the file that `action` makes the page offer. */
export async function downloaded(page, action) {
  const [download] = await Promise.all([page.waitForEvent('download'), action()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString('utf8') };
}
