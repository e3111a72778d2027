// Files of gigabytes in a browser tab: WebAssembly memory stays small however large the file is.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, equal, ORACLE, skip } from './lib.mjs';
import { golden, modelPath } from './golden.mjs';
import { movedBehind, read, widened, write } from './big_file.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
const GIB = 2 ** 30;
/** What WebAssembly's memory must stay below while a model of any size loads. */
const LINEAR_MEMORY_MAX = 64 * 2 ** 20;

export default {
  async 'tensors beyond 4 GiB are read from a picked file, and the answer is right'(test) {
    const model = movedBehind(await read(modelPath(MODEL)), 4.5 * GIB);
    const values = await golden(MODEL, 'prompt.long.ids', 'prompt.long.greedy');
    const [ids, greedy] = Object.values(values);
    const got = await withFile(test, model, run, { ids, tokens: 4, options: { contextLength: 128 } });
    ensure(got.fileBytes > 4.5 * GIB, `the file has ${got.fileBytes} bytes`);
    equal(got.tokens, greedy.slice(0, 4), 'greedy tokens');
    ensure(got.linear < LINEAR_MEMORY_MAX, `WebAssembly has ${got.linear} bytes`);
  },

  async 'a gigabyte of weights goes to the GPU through less than 64 MiB'(test) {
    // Seven layers of three matrices (256, 45056) of four bytes are 0.9 GiB; one buffer stays far below a GiB.
    const model = widened(await read(modelPath(MODEL)), 45056);
    const got = await withFile(test, model, run, { ids: [2, 11, 12], tokens: 2, options: { contextLength: 64, chunkLength: 16 } });
    ensure(got.loaded > 0.9 * GIB, `only ${got.loaded} bytes were loaded`);
    ensure(got.weights > 0.9 * GIB, `only ${got.weights} bytes of weights are on the GPU`);
    equal(got.total, got.planned, 'bytes in the ledger, and planned');
    equal(got.tokens.length, 2, 'tokens');
    ensure(got.linear < LINEAR_MEMORY_MAX, `WebAssembly has ${got.linear} bytes`);
    console.error(`${got.loaded} bytes loaded, WebAssembly has ${got.linear}`);
  },

  async 'the real vocabulary is read within it'({ page, server }) {
    if (!ORACLE) skip('the folder shared/oracle with the real vocabulary is not beside this checkout');
    await page.goto(`${server.url}/blank.html`);
    const got = await page.evaluate(vocabulary, `${server.url}/oracle/vocab/ggml-vocab-gemma-4.gguf`);
    equal(got.text, 'Hello, world! Grüße 🌍', 'the text of the ids of a text');
    ensure(got.ids > 3 && got.ids < 15, `the text has ${got.ids} tokens`);
    ensure(got.linear < LINEAR_MEMORY_MAX, `WebAssembly has ${got.linear} bytes`);
    console.error(`WebAssembly has ${got.linear} bytes with the real vocabulary`);
  },
};

/** Runs in the page, without a GPU. */
async function vocabulary(url) {
  const { default: init, ModelFile, Source } = await import('/lib/engine/wasm/rullama.js');
  const { memory } = await init();
  const file = await ModelFile.open(await Source.url(url));
  const ids = file.encode('Hello, world! Grüße 🌍');
  return { ids: ids.length, text: file.decode(ids), linear: memory.buffer.byteLength };
}

async function withFile({ page, server }, model, work, argument) {
  const folder = await mkdtemp(join(tmpdir(), 'rullama-big-'));
  try {
    const path = join(folder, 'big.gguf');
    await write(path, model);
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(() => {
      const field = Object.assign(document.createElement('input'), { type: 'file' });
      document.body.append(field);
    });
    await page.locator('input').setInputFiles(path);
    return await page.evaluate(work, argument);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs in the page. */
async function run({ ids, tokens, options }) {
  const { Rullama } = await import('/lib/engine/index.js');
  const engine = await Rullama.start();
  const [file] = document.querySelector('input').files;
  let loaded = 0;
  const { plan } = await engine.load(file, { ...options, onProgress: ({ done }) => (loaded = done) });
  const got = { fileBytes: file.size, loaded, planned: plan.bytes, tokens: [] };
  const memory = await engine.memory();
  got.total = memory.total_bytes;
  got.weights = memory.accounts.find(({ account }) => account === 'weights').bytes;
  const greedy = { temperature: 0, max_tokens: tokens, ignore_eos: true, parse: 'raw' };
  for await (const event of engine.generate(Uint32Array.from(ids), greedy)) {
    if (event.type === 'token') got.tokens.push(event.id);
  }
  got.linear = (await engine.memory()).linear_memory_bytes;
  engine.dispose();
  return got;
}
