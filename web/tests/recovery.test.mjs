// What happens to a model that is loaded: its device is lost, its memory ends, another tab wants it.
import { ensure, equal } from './lib.mjs';
import { modelUrl } from './golden.mjs';
import { answered, answerText, ask, chooseUrl, grown, load, loaded, openChat, refused, set, visit } from './chat_page.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
const NAME = 'ollama-q4_k_m';

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

    // The conversation goes on in the other tab.
    await set(second, { max_tokens: 4 });
    await second.locator('ul[aria-label=Conversations] a').first().click();
    await second.locator('.go-on').click();
    await answered(second, 1);
    await second.close();
  },

  async 'where the lost device cannot be opened again at first, another model can still be chosen'({ browser, page, server }) {
    await prepareWorkers(browser, slowReset);
    await openChat(page, server, modelUrl(MODEL));
    await loaded(page, NAME);
    await set(page, { temperature: 0 });
    await ask(page, 'Who are you?');
    await grown(page, 20);
    await loseDevice(page);
    await page.locator('[data-code=NO_ADAPTER]').waitFor();
    await enough(page);
    await chooseUrl(page, modelUrl('tiny-kv/llama-q4_0'));
    await load(page);
    await loaded(page, 'llama-q4_0');
    await asBefore(browser);
  },

  async 'memory that ends is said with a remedy, and the next attempt works'({ browser, page, server }) {
    await prepareWorkers(browser, poorDevice);
    await openChat(page, server, 'none');
    await chooseUrl(page, `${modelUrl(MODEL)}?poor`);
    await load(page);
    await refused(page, 'OUT_OF_MEMORY', 'no memory for buffer', 'close other programs', 'shorter context');
    await visit(page, 'memory');
    await page.waitForFunction(() => document.querySelector('#figures dd')?.dataset.bytes === '0');

    // What took the memory is closed; the same page and engine go on.
    await enough(page);
    await chooseUrl(page, `${modelUrl(MODEL)}?poor`);
    await load(page);
    await loaded(page, NAME);
    await visit(page, 'chat');
    await set(page, { max_tokens: 3 });
    await ask(page, 'Hi');
    await answered(page, 1);
    await asBefore(browser);
  },
};

const WORKERS = /\/worker-[^/]*\.js$/;

/** Runs `first` in workers that start from now on, before their own script. */
async function prepareWorkers({ context }, first) {
  await context.route(WORKERS, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: `(${first})(); ${await answer.text()}` });
  });
}

/** Ends the trouble of the page's worker. */
const enough = (page) => page.evaluate(() => new BroadcastChannel('test').postMessage('enough'));

const asBefore = ({ context }) => context.unroute(WORKERS);

/** Chromium's GPU process ends; its pages lose their devices, as when a driver is reset. */
async function loseDevice(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Browser.crashGpuProcess');
  await session.detach();
}

/** Runs in the worker: after the device was lost there is no adapter, until the page says `enough`. */
function slowReset() {
  let isLost = false;
  new BroadcastChannel('test').onmessage = () => (isLost = false);
  const open = GPUAdapter.prototype.requestDevice;
  const find = GPU.prototype.requestAdapter;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await open.call(this, descriptor);
    device.lost.then(() => (isLost = true));
    return device;
  };
  GPU.prototype.requestAdapter = async function (options) {
    return isLost ? null : find.call(this, options);
  };
}

/** Runs in the worker: from a megabyte on, buffers meet the error of a driver without memory, until the page says `enough`. */
function poorDevice() {
  let bytes = 0;
  let limit = 2 ** 20;
  new BroadcastChannel('test').onmessage = () => (limit = Infinity);
  const create = GPUDevice.prototype.createBuffer;
  const pop = GPUDevice.prototype.popErrorScope;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    bytes += descriptor.size;
    return create.call(this, descriptor);
  };
  GPUDevice.prototype.popErrorScope = async function () {
    const error = await pop.call(this);
    return bytes > limit ? new GPUOutOfMemoryError('poor') : error;
  };
}
