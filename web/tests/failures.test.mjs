// What can go wrong for a user of the page: each failure says what it is and what to do, and the next attempt works.
import { readFile } from 'node:fs/promises';
import { ensure, equal, launch } from './lib.mjs';
import { modelPath, modelUrl, withEngine } from './golden.mjs';
import { loaded, loadUrl, openChat, openSettings, pick, refused } from './chat_page.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';

export default {
  async 'bad files and small budgets are refused by name, then a good one loads'({ page, server }) {
    const good = await readFile(modelPath(MODEL));
    await openChat(page, server, 'none');
    await pick(page, 'page.gguf', Buffer.from('<!doctype html><title>404</title>'.padEnd(4096)));
    await refused(page, 'BAD_FILE', 'not a GGUF file', '<!do');
    await pick(page, 'empty.gguf', Buffer.alloc(0));
    await refused(page, 'TRUNCATED_FILE');
    await pick(page, 'cut.gguf', good.subarray(0, good.length - 1000));
    await refused(page, 'TRUNCATED_FILE', String(good.length - 1000), 'the download may be incomplete');
    await pick(page, 'missing.gguf', renamed(good, 'blk.1.attn_q.weight', 'blk.1.attn_z.weight'));
    await refused(page, 'MISSING_TENSOR', 'blk.1.attn_q.weight');
    await pick(page, 'other.gguf', renamed(good, 'gemma4', 'gemmaX'));
    await refused(page, 'UNSUPPORTED_MODEL', 'gemmaX');
    await openSettings(page);
    await page.locator('#budget').fill('1');
    await pick(page, 'good.gguf', good);
    await refused(page, 'OVER_BUDGET', String(1024 * 1024));
    await page.locator('#budget').fill('');
    await pick(page, 'good.gguf', good);
    await loaded(page, 'good.gguf');
    equal(await page.locator('#error').isVisible(), false, 'the error is gone');
  },

  async 'broken networks are told apart, and a stalled one can be left'({ page, server }) {
    const size = (await readFile(modelPath(MODEL))).length;
    await openChat(page, server, 'none');
    await loadUrl(page, '/golden/models/none.gguf');
    await refused(page, 'NETWORK', '404', 'none.gguf');
    await loadUrl(page, modelUrl(MODEL, 'status:503'));
    await refused(page, 'NETWORK', '503');
    await loadUrl(page, modelUrl(MODEL, 'no-range'));
    await refused(page, 'RANGE_NOT_SUPPORTED', 'Range', 'pick');
    await loadUrl(page, modelUrl(MODEL, 'cut:1000'));
    await refused(page, 'NETWORK', 'try again');
    await loadUrl(page, modelUrl(MODEL, `length:${size - 1000}`));
    await refused(page, 'TRUNCATED_FILE', String(size - 1000));
    await loadUrl(page, 'http://127.0.0.1:9/model.gguf');
    await refused(page, 'NETWORK', '127.0.0.1:9', 'check the connection');

    await loadUrl(page, modelUrl(MODEL, 'stall:1000'));
    await page.waitForFunction(() => !document.querySelector('#loading').hidden);
    await page.locator('#cancel-load').click();
    await page.waitForFunction(() => document.querySelector('#loading').hidden);
    equal(await page.locator('#model').textContent(), 'No model is loaded.', 'the model line');
    equal(await page.locator('#error').isVisible(), false, 'leaving is no error');
  },

  async 'a browser without a GPU says so'({ server }) {
    const browser = await launch(['--disable-gpu', '--disable-software-rasterizer']);
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none');
      await refused(page, 'NO_ADAPTER', 'hardware acceleration');
    } finally {
      await browser.close();
    }
  },

  async 'a page that is not secure has no WebGPU and says so'({ server }) {
    // Browsers offer WebGPU over https and from localhost only; another name for this machine is neither.
    const browser = await launch(['--host-resolver-rules=MAP plain.example 127.0.0.1']);
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none', server.url.replace('127.0.0.1', 'plain.example'));
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
