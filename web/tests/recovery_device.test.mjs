// A device that is lost and cannot be opened again at first, or while nobody uses it.
import { modelUrl } from './golden.mjs';
import { equal } from './lib.mjs';
import { ask, chooseUrl, grown, load, loaded, openChat, set, visit } from './chat_page.mjs';
import { asBefore, enough, loseDevice, prepareWorkers } from './worker_trouble.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
const NAME = 'ollama-q4_k_m';

export default {
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

  async 'a device that is lost while nothing is asked of it is noticed, and another model loads'({ page, server }) {
    await openChat(page, server, modelUrl('tiny-kv/llama-q4_0'));
    await loaded(page, 'llama-q4_0');
    await loseDevice(page);
    await visit(page, 'memory');
    await page.locator('#figures').waitFor({ state: 'detached' });
    await chooseUrl(page, modelUrl('tiny-kv/ollama-q4_k_m'));
    await load(page);
    await loaded(page, 'ollama-q4_k_m');
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');
  },
};

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
