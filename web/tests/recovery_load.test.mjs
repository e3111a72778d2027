// Trouble while a model is being loaded: the GPU's memory ends, its device is lost.
import { modelUrl } from './golden.mjs';
import { answered, ask, chooseUrl, load, loaded, openChat, refused, set, visit } from './chat_page.mjs';
import { asBefore, enough, loseDevice, prepareWorkers } from './worker_trouble.mjs';

const MODEL = 'tiny-kv/llama-q4_0';
const NAME = 'llama-q4_0';

export default {
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

  async 'a device that is lost while a model loads is said, and the next attempt works'({ page, server }) {
    await openChat(page, server, 'none');
    await chooseUrl(page, modelUrl(MODEL));
    await load(page);
    await page.locator('progress[value]').waitFor();
    await loseDevice(page);
    await refused(page, 'DEVICE_LOST', 'graphics card was reset', 'load the model again');
    await chooseUrl(page, modelUrl(MODEL));
    await load(page);
    await loaded(page, NAME);
  },
};

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
