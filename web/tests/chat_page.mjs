// What tests do with the chat page.
import { ensure } from './lib.mjs';

/** Opens the page, which begins to load `model`; `none` waits for the GPU only. */
export async function openChat(page, server, model, origin = server.url) {
  await page.goto(`${origin}/?model=${encodeURIComponent(model)}`);
  const started = () => !document.querySelector('#adapter').textContent.startsWith('Starting');
  await page.waitForFunction(started);
}

/** Waits for the end of a load, which must have gone well; the model line begins with `name`. */
export async function loaded(page, name) {
  const ended = (name) => {
    const line = document.querySelector('#model').textContent;
    return (line.startsWith(name) && / GPU /.test(line)) || !document.querySelector('#error').hidden;
  };
  await page.waitForFunction(ended, name);
  const line = await page.locator('#model').textContent();
  ensure(line.includes(' GPU '), `the model line is \`${line}\`, the error \`${await page.locator('#error').textContent()}\``);
}

/** Loads by the address field. */
export async function loadUrl(page, url) {
  await page.locator('#url').fill(url);
  await page.locator('#by-url button').click();
}

/** Loads bytes as a picked file. */
export async function pick(page, name, buffer) {
  await page.locator('#file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/** Types a message and sends it by the keyboard. */
export async function ask(page, text) {
  await page.locator('#message').fill(text);
  await page.locator('#message').press('Enter');
}

/** Sets the longest answer, in tokens. */
export async function limitAnswers(page, tokens) {
  await openSettings(page);
  await page.locator('#max-tokens').fill(String(tokens));
}

/** Takes the most likely token always. */
export async function greedily(page) {
  await openSettings(page);
  await page.locator('#temperature').fill('0');
}

/** Unfolds the settings. */
export async function openSettings(page) {
  await page.locator('#models details').evaluate((details) => (details.open = true));
}

/** Waits until the answer number `count` has ended. */
export async function answered(page, count) {
  const ended = (count) =>
    document.querySelectorAll('.turn.assistant').length >= count && document.querySelector('#stop').disabled;
  await page.waitForFunction(ended, count);
}

/** Waits for an error and returns its text, which must have this code and say each of `words`. */
export async function refused(page, code, ...words) {
  // The box is hidden as soon as a load begins, so what is seen belongs to the load that was asked for last.
  await page.waitForFunction(() => !document.querySelector('#error').hidden);
  const error = await page.locator('#error').evaluate((box) => ({ code: box.dataset.code, text: box.textContent }));
  const said = words.every((word) => error.text.includes(word));
  ensure(error.code === code && said, `the error is ${error.code}: ${error.text}; expected ${code} with ${words.join(', ')}`);
  return error.text;
}
