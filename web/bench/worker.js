// Speed of the engine in a browser: the model is copied into the page's private file system, as the app keeps it, and read
// from there. Parameters of the page's address: model (an address, /model.gguf), prompt, decode, runs, chunk, token, prompt_tier,
// table, and source: `file` reads it as one that a user has picked.
import { describeAdapter } from '../lib/engine/adapter.js';
import init, { Cancel, Device, Model, Source } from '../lib/engine/wasm/rullama.js';

self.onmessage = async ({ data }) => {
  try {
    postMessage({ done: await measure(data) });
  } catch (error) {
    postMessage({ done: { code: error.code ?? error.name, message: error.message ?? String(error) } });
  }
};

async function measure({ model: address = '/model.gguf', prompt = 512, decode = 128, runs = 3, chunk = 512, table = 'auto', token, prompt_tier, source: kind }) {
  [prompt, decode, runs, chunk] = [prompt, decode, runs, chunk].map(Number);
  await init();
  postMessage({ note: 'copying the model' });
  const handle = await stored(address);
  const source = kind === 'file' ? Source.file(await handle.getFile()) : Source.handle(await handle.createSyncAccessHandle());
  const device = await Device.open((await describeAdapter()).options);
  postMessage({ note: 'trying tiers' });
  const { choice, rows } = await device.tryTiers();
  const tiers = { tokenTier: token ?? choice.token, promptTier: prompt_tier ?? choice.prompt };
  const cancel = new Cancel();
  const loadStart = performance.now();
  const options = { contextLength: prompt + decode + 1, chunkLength: chunk, perLayerTable: table, ...tiers };
  const model = await Model.load(device, source, options, cancel, () => {});
  const session = await model.session();
  const loadSeconds = (performance.now() - loadStart) / 1000;
  const vocabulary = model.describe().tensors.find(({ name }) => name === 'token_embd.weight').shape[0];
  // Ids of ordinary tokens; what they say does not matter to the speed.
  const ids = Uint32Array.from({ length: prompt }, (_, i) => (i === 0 ? 2 : 300 + ((i * 7919) % (vocabulary - 400))));
  const answer = async (max_tokens) => {
    session.reset();
    const before = device.counters();
    const greedy = { temperature: 0, ignore_eos: true, parse: 'raw', max_tokens };
    const { timings } = await session.generate(ids, greedy, cancel, () => {});
    const after = device.counters();
    return { ...timings, used: Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]])) };
  };
  await answer(2);
  const promptOnly = await answer(1);
  const full = [];
  for (let i = 0; i < runs; i++) full.push(await answer(1 + decode));
  const { name, backend, features } = device.describe();
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
  const rate = (of) => Number(median(full.map(of)).toPrecision(4));
  return {
    adapter: { name, backend, features },
    agent: navigator.userAgent,
    tiers,
    tried: rows,
    load_seconds: loadSeconds,
    prompt: rate(({ prompt_seconds }) => prompt / prompt_seconds),
    decode: rate(({ decode_seconds }) => decode / decode_seconds),
    per_token: Object.fromEntries(
      Object.entries(full[0].used).map(([key, total]) => [key, (total - promptOnly.used[key]) / decode]),
    ),
    memory: device.memory().line,
  };
}

/** The model in the page's private file system, to which it is copied if it is not there. */
async function stored(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle('bench.gguf', { create: true });
  const size = Number(response.headers.get('content-length'));
  if ((await handle.getFile()).size === size) {
    await response.body.cancel();
    return handle;
  }
  const access = await handle.createSyncAccessHandle();
  access.truncate(0);
  let at = 0;
  for await (const piece of response.body) {
    access.write(piece, { at });
    at += piece.length;
  }
  access.flush();
  access.close();
  return handle;
}
