// Where models come from: the browser's storage, a picked file, a folder of Ollama's.
import { ensure, equal, serveProject } from './lib.mjs';
import { offering } from './offered.mjs';
import { modelPath, modelUrl } from './golden.mjs';
import { answered, ask, load, loaded, openChat, pick, refused, set, visit } from './chat_page.mjs';

const MODEL = 'tiny-kv/llama-q4_0';
/** Its size and that of the other one, as people read them. */
const SIZE = '1.6 MiB';
const OTHER_SIZE = '2.2 MiB';
/** What may be written of a model that is only read; less than any of them has. */
const KEPT_BYTES_MAX = 1_000_000;

export default {
  async 'a stored model is listed and loads, and so do a picked file and one of a listed folder'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(store, modelUrl(MODEL));
    await openChat(page, server, 'none');
    await visit(page, 'model');
    for (const name of ['mine.gguf', 'gemma4:small']) {
      await page.locator(`#storage [data-model="${name}"] .fit`, { hasText: /^Fits: [\d.]+ MiB of GPU memory$/ }).waitFor();
    }
    const size = (name) => page.locator(`#storage [data-model="${name}"] .row > .number`).textContent();
    equal([await size('mine.gguf'), await size('gemma4:small')], [SIZE, `${OTHER_SIZE}, on this server`], 'sizes of a stored model and an offered one');
    await page.locator('#storage [data-model="mine.gguf"] button', { hasText: 'Choose' }).click();
    await load(page);
    await loaded(page, 'mine.gguf');

    // One that the server of the page offers is downloaded, checked, and deleted again.
    const offered = page.locator('[data-model="gemma4:small"]');
    await offered.locator('button', { hasText: 'Download' }).click();
    await offered.locator('[aria-label="Delete gemma4:small"]').waitFor();
    equal(await size('gemma4:small'), OTHER_SIZE, 'the size of one that was downloaded');
    await offered.locator('[aria-label="Delete gemma4:small"]').click();
    await offered.locator('button', { hasText: 'Keep' }).click();
    await offered.locator('[aria-label="Delete gemma4:small"]').click();
    await offered.locator('.asked button', { hasText: 'Delete' }).click();
    await offered.locator('button', { hasText: 'Download' }).waitFor();

    // An address is downloaded too, and its server may refuse.
    await page.locator('#url').fill(modelUrl(MODEL, 'status:404'));
    await page.locator('#download').click();
    await refused(page, 'NETWORK', '404');
    await page.locator('#storage [aria-label=Dismiss]').click();

    // Browsers without directory handles give a list of files.
    await page.evaluate(() => delete window.showDirectoryPicker);
    await page.locator('#folder').evaluate(fill, modelUrl('tiny-kv/ollama-q4_k_m'));
    await page.locator('#ollama button').first().waitFor();
    const listed = await page.locator('#ollama .name').allTextContents();
    equal(listed, ['gemma4:tiny', 'llama9:latest'], 'models in the folder');
    const sizes = await page.locator('#ollama button > .number').allTextContents();
    equal(sizes, [OTHER_SIZE, 'llama, not supported'], 'sizes of the models in the folder');
    ensure(await page.locator('#ollama button').last().isDisabled(), 'a model of another family cannot be chosen');
    const fit = page.locator('#ollama .fit');
    await fit.filter({ hasText: /^Fits: / }).waitFor();
    equal(await fit.count(), 1, 'models of the folder that may fit');
    await page.locator('#ollama button').first().click();
    const fromFolder = await page.locator('#planned-bytes').getAttribute('data-bytes');
    // A budget counts for what is listed too.
    await page.locator('#budget').fill('1');
    await fit.filter({ hasText: /^Does not fit: [\d.]+ MiB are missing$/ }).waitFor();
    await page.locator('#budget').fill('');

    await pick(page, modelPath('tiny-kv/ollama-q4_k_m'));
    await load(page);
    await loaded(page, 'ollama-q4_k_m.gguf');
    await visit(page, 'memory');
    await page.waitForFunction((bytes) => document.querySelector('#figures dd')?.dataset.bytes === bytes, fromFolder);

    await visit(page, 'chat');
    await set(page, { max_tokens: 3 });
    await ask(page, 'Hi');
    await answered(page, 1);
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');
  },

  async 'the model of the last visit is opened again, from files and folders after a click, as the browser asks the user'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(store, modelUrl(MODEL));
    await page.addInitScript(pickers);
    await openChat(page, server, 'none');
    await visit(page, 'model');
    await page.locator('#storage [data-model="mine.gguf"] button', { hasText: 'Choose' }).click();
    await load(page);
    await loaded(page, 'mine.gguf');
    await remembered(page, 'mine.gguf');
    await page.goto(`${server.url}/`);
    await loaded(page, 'mine.gguf');

    // A blob of Ollama's has no extension, which pickers must not ask for.
    await visit(page, 'model');
    equal(await page.locator('#file').getAttribute('accept'), null, 'kinds of files that can be picked');
    await page.locator('#choose-file').click();
    equal(await page.evaluate(() => globalThis.pickedWith), [], 'what the picker was told');
    await load(page);
    await loaded(page, 'sha256-c0ffee');
    await remembered(page, 'sha256-c0ffee');
    await page.goto(`${server.url}/`);
    await page.getByText('The model of your last visit, sha256-c0ffee, lies on this device').waitFor();
    await page.getByRole('button', { name: 'Open it again' }).click();
    await loaded(page, 'sha256-c0ffee');
    equal(await page.getByRole('button', { name: 'Open it again' }).count(), 0, 'questions once it is open');

    // So is one of a picked folder of Ollama's, which is read where it lies.
    await visit(page, 'model');
    await page.locator('#choose-folder').click();
    await page.locator('#ollama button').click();
    await page.locator('#load:enabled').waitFor();
    const before = await page.evaluate(kept);
    await load(page);
    await loaded(page, 'gemma4:tiny');
    await remembered(page, 'gemma4:tiny');
    const after = await page.evaluate(kept);
    equal([before.stored, after.stored], Array(2).fill(['mine.gguf']), 'stored models before and after one of a folder is loaded');
    ensure(after.bytes - before.bytes < KEPT_BYTES_MAX, `reading a model where it lies has written ${after.bytes - before.bytes} bytes`);
    await page.goto(`${server.url}/`);
    await page.getByRole('button', { name: 'Open it again' }).click();
    await loaded(page, 'gemma4:tiny');
    equal(await page.locator('[data-code]').count(), 0, 'errors shown');
  },

  async 'models of a server of another origin are listed, downloaded and told from others of their name'({ page, server }) {
    const offer = offering('gemma4:small', modelPath(MODEL), modelUrl(MODEL));
    let allowed = null;
    const other = await serveProject((request, response) => {
      // As `rullama serve --allow-origin` does.
      if (allowed) response.setHeader('Access-Control-Allow-Origin', allowed).setHeader('Access-Control-Expose-Headers', 'Content-Range, ETag');
      return offer(request, response);
    });
    try {
      await openChat(page, server, 'none');
      await visit(page, 'model');
      const [field, submit, storage] = [page.locator('#server'), page.locator('#by-server button'), page.locator('#storage')];
      await storage.getByRole('button', { name: 'Download' }).click();
      await storage.getByRole('button', { name: 'Delete gemma4:small' }).waitFor();

      // As people type it: without a scheme.
      const address = other.url.replace('http://', '');
      await field.fill(address);
      await submit.click();
      await refused(page, 'NETWORK', address, `--allow-origin ${server.url}`);
      allowed = server.url;
      await submit.click();
      const row = storage.locator('li', { hasText: address });
      await row.locator('.fit', { hasText: 'Fits: ' }).waitFor();
      equal(await page.locator('[data-code]').count(), 0, 'errors once it is allowed');

      await page.reload();
      await row.getByRole('button', { name: 'Download' }).click();
      await storage.locator('[aria-label^="Delete gemma4:small ("]').waitFor();
      const stored = await page.evaluate(async () => (await import('/lib/engine/index.js')).listStored());
      equal(await field.inputValue(), address, 'the server of the last visit');
      const small = stored.find(({ name }) => name === 'gemma4:small');
      const its = stored.find(({ name }) => name.startsWith('gemma4:small ('));
      equal([small.url, its.url], [modelUrl('tiny-kv/ollama-q4_k_m'), modelUrl(MODEL)].map((path, n) => [server, other][n].url + path), 'where both come from');
      equal(its.name, `gemma4:small (${its.digest.slice(7, 15)})`, 'the name of the second');
      await storage.locator(`[data-model="${its.name}"] button`, { hasText: 'Choose' }).click();
      await load(page);
      await loaded(page, its.name);

      await field.fill('');
      await submit.click();
      await page.reload();
      await storage.waitFor();
      equal(await field.inputValue(), '', 'a server that is forgotten');
    } finally {
      await other.close();
    }
  },
};

/** Waits until the app would begin the next visit with this model. */
async function remembered(page, label) {
  const last = (label) =>
    new Promise((resolve) => {
      indexedDB.open('rullama').onsuccess = ({ target: { result: database } }) => {
        database.transaction('remembered').objectStore('remembered').get('last model').onsuccess = ({ target }) => {
          database.close();
          resolve(target.result?.label === label);
        };
      };
    });
  await page.waitForFunction(last, label);
}

/** Runs in the page before its own scripts: pickers that give copies of the stored model, which the browser guards as it does picked files. */
function pickers() {
  const write = async (folder, names, content) => {
    for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
    const file = await folder.getFileHandle(names.at(-1), { create: true });
    const writer = await file.createWritable();
    await writer.write(content);
    await writer.close();
    return file;
  };
  const stored = async (root) => (await (await root.getDirectoryHandle('models')).getFileHandle('mine.gguf')).getFile();
  let isGranted = false;
  FileSystemHandle.prototype.queryPermission = async () => (isGranted ? 'granted' : 'prompt');
  FileSystemHandle.prototype.requestPermission = async () => ((isGranted = true), 'granted');
  window.showOpenFilePicker = async (...options) => {
    globalThis.pickedWith = options;
    const root = await navigator.storage.getDirectory();
    return [await write(root, ['sha256-c0ffee'], await stored(root))];
  };
  window.showDirectoryPicker = async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('ollama', { create: true });
    const model = await stored(root);
    const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest: 'sha256:m1', size: model.size }];
    await write(folder, ['blobs', 'sha256-c1'], '{"model_family":"gemma4"}');
    await write(folder, ['blobs', 'sha256-m1'], model);
    const manifest = ['manifests', 'registry.ollama.ai', 'library', 'gemma4', 'tiny'];
    await write(folder, manifest, JSON.stringify({ config: { digest: 'sha256:c1' }, layers }));
    return folder;
  };
}

/** Runs in the page. */
async function store(url) {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('models', { create: true });
  const file = await folder.getFileHandle('mine.gguf', { create: true });
  const writer = await file.createWritable();
  await writer.write(await (await fetch(url)).blob());
  await writer.close();
}

/** Runs in the page: names of the stored models, and bytes of everything that the browser stores for the page. */
async function kept() {
  const { listStored } = await import('/lib/engine/index.js');
  const stored = await listStored();
  return { stored: stored.map(({ name }) => name), bytes: (await navigator.storage.estimate()).usage };
}

/** Runs in the page: what the field holds after the user has picked Ollama's folder. */
async function fill(field, url) {
  const model = await (await fetch(url)).blob();
  const manifest = (config, digest) =>
    JSON.stringify({ config: { digest: config }, layers: [{ mediaType: 'application/vnd.ollama.image.model', digest, size: model.size }] });
  const library = 'models/manifests/registry.ollama.ai/library';
  const contents = {
    [`${library}/gemma4/tiny`]: manifest('sha256:c1', 'sha256:m1'),
    [`${library}/llama9/latest`]: manifest('sha256:c2', 'sha256:m2'),
    'models/blobs/sha256-c1': '{"model_family":"gemma4"}',
    'models/blobs/sha256-c2': '{"model_family":"llama"}',
    'models/blobs/sha256-m1': model,
  };
  const files = Object.entries(contents).map(([path, content]) => {
    const file = new File([content], path.split('/').at(-1));
    Object.defineProperty(file, 'webkitRelativePath', { value: path });
    return file;
  });
  Object.defineProperty(field, 'files', { value: files, configurable: true });
  field.dispatchEvent(new Event('change', { bubbles: true }));
  delete field.files;
}
