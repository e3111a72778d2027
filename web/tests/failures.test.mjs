// What can go wrong for a user of the page: each failure says what it is and what to do, and the next attempt works.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessible } from './accessible.mjs';
import { ensure, equal, launch } from './lib.mjs';
import { modelPath, modelUrl, withEngine } from './golden.mjs';
import { read, widened, write } from './big_file.mjs';
import { chooseUrl, load, loaded, openChat, pick, refused, visit } from './chat_page.mjs';
import { photograph } from './photograph.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';

export default {
  async 'bad files and small budgets are refused by name with what would fit, then a good one loads'({ page, server }) {
    const good = await readFile(modelPath(MODEL));
    const file = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
    await openChat(page, server, 'none', { query: '&profile=iphone-16e' });
    await pick(page, file('page.gguf', Buffer.from('<!doctype html><title>404</title>'.padEnd(4096))));
    await refused(page, 'BAD_FILE', 'not a GGUF file', '<!do');
    await accessible(page, 'a refused file');
    await pick(page, file('empty.gguf', Buffer.alloc(0)));
    await refused(page, 'TRUNCATED_FILE');
    await pick(page, file('cut.gguf', good.subarray(0, good.length - 1000)));
    await refused(page, 'TRUNCATED_FILE', String(good.length - 1000), 'the download may be incomplete');
    await pick(page, file('missing.gguf', renamed(good, 'blk.1.attn_q.weight', 'blk.1.attn_z.weight')));
    await refused(page, 'MISSING_TENSOR', 'blk.1.attn_q.weight');
    await pick(page, file('other.gguf', renamed(good, 'gemma4', 'gemmaX')));
    await refused(page, 'UNSUPPORTED_MODEL', 'gemmaX');

    await pick(page, file('good.gguf', good));
    await page.locator('#load:enabled').waitFor();
    const usual = Number(await page.locator('#planned-bytes').getAttribute('data-bytes'));
    await page.locator('#budget').fill('1');
    await refused(page, 'OVER_BUDGET', String(1024 * 1024));
    // Even the least is too much; so are the others of the page's lists.
    await page.locator('#no-fit', { hasText: 'No other model listed here fits either' }).waitFor();
    await accessible(page, 'a refused plan');
    const missing = Number(await page.locator('#no-fit').getAttribute('data-missing'));
    equal(await page.locator('#load').isDisabled(), true, 'what does not fit cannot be loaded');
    await page.locator('#budget').fill(String(Math.ceil(1 + missing / 2 ** 20)));
    await page.locator('#use-fit').waitFor();
    const offer = await page.locator('#use-fit').textContent();
    ensure(/\d tokens with an 8-bit cache, prompts read 16 tokens at a time/.test(offer), `with what was missing: ${offer}`);
    await page.locator('#budget').fill('100');
    await page.locator('#load:enabled').waitFor();
    // Smaller budgets get shorter chunks of a prompt by themselves. Where the shortest do not fit, a shorter context does, and
    // the app offers it.
    let planned = usual;
    while ((await page.locator('#use-fit').count()) === 0) {
      await page.locator('#budget').fill(String(Math.ceil(planned / 2 ** 20) - 1));
      await page.waitForFunction((before) => {
        const bytes = document.querySelector('#planned-bytes')?.dataset.bytes;
        return document.querySelector('#use-fit') || (bytes && Number(bytes) < before);
      }, planned);
      if ((await page.locator('#use-fit').count()) > 0) break;
      planned = Number(await page.locator('#planned-bytes').getAttribute('data-bytes'));
    }
    ensure(planned < usual, `the longest chunks take ${usual} bytes, the shortest ${planned}`);
    await page.locator('#use-fit').click();
    await page.locator('#load:enabled').waitFor();
    const less = Number(await page.locator('#planned-bytes').getAttribute('data-bytes'));
    ensure(less < usual, `the offer takes ${less} bytes, the refused one ${usual}`);
    await photograph(page, 'plan');
    await load(page);
    await loaded(page, 'good.gguf');
    equal(await page.locator('[data-code]').count(), 0, 'the errors are gone');
    await visit(page, 'memory');
    await page.waitForFunction((bytes) => document.querySelector('#figures dd')?.dataset.bytes === String(bytes), less);
  },

  async 'a phone shows the plan, and the refusal of what is beyond it'({ page, server }) {
    const folder = await mkdtemp(join(tmpdir(), 'rullama-large-'));
    try {
      // Seven layers of three matrices (256, 180000) of four bytes are 3.6 GiB, and no file of a phone's size.
      const path = join(folder, 'large.gguf');
      await write(path, widened(await read(modelPath(MODEL)), 180_000));
      await page.setViewportSize({ width: 360, height: 740 });
      // Another origin than in the test above, whose budget the app remembers.
      const origin = server.url.replace('127.0.0.1', 'localhost');
      await openChat(page, server, 'none', { origin, query: '&profile=iphone-16e' });
      await pick(page, path);
      await refused(page, 'OVER_BUDGET', '1800000000');
      const missing = await page.locator('#no-fit').getAttribute('data-missing');
      ensure(Number(missing) > 2 ** 30, `${missing} bytes are missing`);
      await photograph(page, 'refusal');
      // The server of the page offers a smaller one.
      await page.locator('#use-other', { hasText: 'gemma4:small' }).click();
      await page.locator('#load:enabled').waitFor();
      equal(await page.locator('#plan-title').count(), 1, 'plans on the page');
    } finally {
      await rm(folder, { recursive: true });
    }
  },

  async 'what is beyond the limits of a device, rather than a budget, is named with its buffer, and what fits is offered'({ page, server }) {
    const folder = await mkdtemp(join(tmpdir(), 'rullama-wide-'));
    try {
      // Weights are divided among buffers; what is between two matrices is not: 512 tokens x 262144 x 4 bytes.
      const path = join(folder, 'wide.gguf');
      await write(path, widened(await read(modelPath(MODEL)), 262_144));
      // Another origin than in the tests above, whose budget the app remembers.
      const origin = server.url.replace('127.0.0.1', 'localhost');
      await openChat(page, server, 'none', { origin, query: '&profile=webgpu-defaults' });
      await pick(page, path);
      await page.locator('#load:enabled').waitFor();
      await page.locator('#chunk-length').selectOption('512');
      await refused(page, 'BINDING_TOO_SMALL', 'does not fit on this graphics card', 'gate_up', '1073741824', '134217728', 'smaller chunk');
      equal(await page.locator('#load').isDisabled(), true, 'what does not fit cannot be loaded');
      // Everything else may stay as it was.
      await page.locator('#use-fit', { hasText: 'What fits: 2,048 tokens with a 16-bit cache' }).click();
      await page.locator('#load:enabled').waitFor();
      equal(await page.locator('#chunk-length').inputValue(), '', 'the chunk that was chosen');
      equal(await page.locator('[data-code]').count(), 0, 'errors shown with what fits');
      await page.getByText('this device allows 256.0 MiB in one').waitFor();
    } finally {
      await rm(folder, { recursive: true });
    }
  },

  async 'broken networks are told apart, and a stalled one can be left'({ page, server }) {
    const size = (await readFile(modelPath(MODEL))).length;
    await openChat(page, server, 'none');
    await chooseUrl(page, '/golden/models/none.gguf');
    await refused(page, 'NETWORK', '404', 'none.gguf');
    await chooseUrl(page, modelUrl(MODEL, 'status:500'));
    await refused(page, 'NETWORK', '500');
    await chooseUrl(page, modelUrl(MODEL, 'no-range'));
    await refused(page, 'RANGE_NOT_SUPPORTED', 'Range', 'pick');
    await chooseUrl(page, modelUrl(MODEL, 'cut:1000'));
    await refused(page, 'NETWORK', 'try again');
    await chooseUrl(page, modelUrl(MODEL, `length:${size - 1000}`));
    await refused(page, 'TRUNCATED_FILE', String(size - 1000));
    await chooseUrl(page, 'http://127.0.0.1:9/model.gguf');
    await refused(page, 'NETWORK', '127.0.0.1:9', 'check the connection');
    await chooseUrl(page, modelUrl(MODEL, 'stall:1000'));
    await page.locator('#plan [role=status]').waitFor();
    await page.locator('#leave-plan').click();
    equal(await page.locator('#plan').count(), 0, 'plans after leaving one');

    await openChat(page, server, modelUrl(MODEL, 'stall:1000'));
    await visit(page, 'model');
    await page.locator('#cancel-load').click();
    await page.locator('#loading').waitFor({ state: 'detached' });
    equal((await page.locator('#model').textContent()).trim(), 'None', 'the model line');
    equal(await page.locator('[data-code]').count(), 0, 'leaving is no error');
  },

  async 'a browser without a GPU says so'({ server }) {
    const browser = await launch(['--disable-gpu', '--disable-software-rasterizer']);
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none');
      await refused(page, 'NO_ADAPTER', 'hardware acceleration', 'Reload the page');
    } finally {
      await browser.close();
    }
  },

  async 'an adapter that the browser blocks is none, and the app says so'({ server }) {
    const browser = await launch([], { adapterFlags: [] });
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none');
      await refused(page, 'NO_ADAPTER', 'hardware acceleration', 'Reload the page');
      await accessible(page, 'no adapter');
    } finally {
      await browser.close();
    }
  },

  async 'a browser without WebGPU says so on a secure page'({ page, server }) {
    const without = 'delete Object.getPrototypeOf(navigator).gpu;';
    await page.addInitScript(without);
    // Such scripts do not reach workers, where the engine looks.
    await page.route(/\/worker-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${without}\n${await response.text()}` });
    });
    await openChat(page, server, 'none');
    await refused(page, 'NO_WEBGPU', 'use a current Chrome, Edge, Safari or Firefox', 'Reload the page');
    ensure(await page.evaluate(() => isSecureContext && navigator.gpu === undefined), 'the page is secure and has no WebGPU');
  },

  async 'a page that is not secure has no WebGPU and says so'({ server }) {
    // Browsers offer WebGPU over https and from localhost only; another name for this machine is neither.
    const browser = await launch(['--host-resolver-rules=MAP plain.example 127.0.0.1']);
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none', { origin: server.url.replace('127.0.0.1', 'plain.example') });
      await refused(page, 'NO_WEBGPU', 'https', 'localhost');
    } finally {
      await browser.close();
    }
  },

  async 'options that do not exist or do not fit are named'(test) {
    const errors = await withEngine(
      test,
      async (engine, { url }) => {
        const code = (work) => work.then(() => 'none', (error) => `${error.name} ${error.code}: ${error.message}`);
        const generate = async () => {
          for await (const event of engine.generate({ messages: [] })) return event;
        };
        return {
          unknown: await code(engine.load({ url }, { contxt: 5 })),
          range: await code(engine.load({ url }, { contextLength: 0 })),
          none: await code(generate()),
        };
      },
      { url: modelUrl(MODEL) },
    );
    ensure(/^RequestError BAD_OPTION: .*contxt.*contextLength/.test(errors.unknown), errors.unknown);
    ensure(/^RequestError BAD_OPTION: .*context of 0/.test(errors.range), errors.range);
    ensure(/^RequestError NO_MODEL: /.test(errors.none), errors.none);
  },

  async 'a tier without its feature is refused by name, and the next load goes on without it'(test) {
    const { refused, tiers } = await withEngine(
      test,
      async (engine, { url }) => {
        const refused = await engine.load({ url }, { promptTier: 'half' }).then(
          () => 'none',
          (error) => `${error.code}: ${error.message}`,
        );
        return { refused, tiers: (await engine.load({ url })).tiers };
      },
      { url: modelUrl(MODEL), device: { profile: 'no-f16' } },
    );
    ensure(/^MISSING_FEATURE: the tier `half` needs half precision \(shader-f16\)/.test(refused), refused);
    equal(tiers.prompt, 'float', 'the tier without half precision');
  },
};

/** The file with one name, wherever it stands, replaced by another of the same length. */
function renamed(file, from, to) {
  equal(from.length, to.length, 'lengths of the names');
  const copy = Buffer.from(file);
  let found = 0;
  for (let at = copy.indexOf(from); at !== -1; at = copy.indexOf(from, at + 1), found++) copy.write(to, at);
  ensure(found > 0, `the file has no \`${from}\``);
  return copy;
}
