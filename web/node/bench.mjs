// Speed and memory of the browser's WebAssembly bundle in Node, on Dawn, which is Chrome's WebGPU.
//
//   npm ci
//   node bench.mjs MODEL.gguf [--bundle FOLDER] [--prompt 512] [--decode 128] [--runs 3] [--context N] [--chunk N]
//     [--stages] [--kv f16] [--budget MIB] [--table auto] [--token-tier T] [--prompt-tier T] [--backend vulkan] [--toggles a,b]
//
// FOLDER holds rullama.js and rullama_bg.wasm, by default those of `cargo xtask web`. Together with this file and
// node_modules it is all that another machine needs. The result is JSON on stdout: medians of the runs, after one to
// warm up. Without a graphics card, VK_DRIVER_FILES names a software driver.
import { open } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { create, globals } from 'webgpu';

/** Rounds over which a stage is measured. */
const STAGE_ROUNDS = 50;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bundle: { type: 'string', default: join(import.meta.dirname, '../lib/engine/wasm') },
    prompt: { type: 'string', default: '512' },
    decode: { type: 'string', default: '128' },
    runs: { type: 'string', default: '3' },
    context: { type: 'string' },
    chunk: { type: 'string' },
    kv: { type: 'string', default: 'f16' },
    budget: { type: 'string' },
    table: { type: 'string', default: 'auto' },
    'token-tier': { type: 'string' },
    'prompt-tier': { type: 'string' },
    backend: { type: 'string', default: 'vulkan' },
    stages: { type: 'boolean', default: false },
    // As `rullama/node` has it.
    toggles: { type: 'string', default: 'disable_robustness' },
  },
});
if (positionals.length !== 1) {
  console.error('usage: node bench.mjs MODEL.gguf [--prompt 512] [--decode 128] [--runs 3] …');
  process.exit(2);
}
const count = (name) => {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`--${name} ${values[name]}: must be a whole number above 0`);
  process.exit(2);
};
const [prompt, decode, runs] = ['prompt', 'decode', 'runs'].map(count);
const optional = (name) => (values[name] === undefined ? undefined : count(name));

offerWebGpu();
const { default: init, Cancel, Device, Model, Source } = await import(
  pathToFileURL(resolve(values.bundle, 'rullama.js')).href
);
const { describeAdapter } = await import(pathToFileURL(resolve(values.bundle, '../adapter.js')).href);
await init({ module_or_path: readFileSync(join(values.bundle, 'rullama_bg.wasm')) });

try {
  console.log(JSON.stringify(await measure(positionals[0]), null, 2));
  process.exit(0);
} catch (error) {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  process.exit(1);
}

async function measure(path) {
  const file = await open(path);
  const source = Source.callback((await file.stat()).size, (offset, length) => readPiece(file, offset, length));
  const device = await Device.open((await describeAdapter()).options);
  const cancel = new Cancel();
  // Tiers that are not named are those that a page would use.
  const { choice, rows } = await device.tryTiers();
  const options = {
    tokenTier: values['token-tier'] ?? choice.token,
    promptTier: values['prompt-tier'] ?? choice.prompt,
    contextLength: optional('context') ?? prompt + decode + 1,
    chunkLength: optional('chunk'),
    kv: values.kv,
    perLayerTable: values.table,
    budget: values.budget && optional('budget') * 2 ** 20,
  };
  const loadStart = performance.now();
  const model = await Model.load(device, source, options, cancel, () => {});
  const weightsSeconds = (performance.now() - loadStart) / 1000;
  const session = await model.session();
  const loadSeconds = (performance.now() - loadStart) / 1000;

  const { name, file_bytes, tensors } = model.describe();
  const vocabulary = tensors.find((tensor) => tensor.name === 'token_embd.weight').shape[0];
  // Ids of ordinary tokens; what they say does not matter to the speed.
  const ids = Uint32Array.from({ length: prompt }, (_, i) => (i === 0 ? 2 : 300 + ((i * 7919) % (vocabulary - 400))));
  const answer = async (max_tokens) => {
    session.reset();
    const before = device.counters();
    const greedy = { temperature: 0, ignore_eos: true, parse: 'raw', max_tokens };
    const finished = await session.generate(ids, greedy, cancel, () => {});
    const after = device.counters();
    const used = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
    return { ...finished.timings, used };
  };
  await answer(2);
  const promptOnly = await answer(1);
  const full = [];
  for (let i = 0; i < runs; i++) full.push(await answer(1 + decode));

  const perToken = Object.fromEntries(
    Object.entries(full[0].used).map(([key, total]) => [key, (total - promptOnly.used[key]) / decode]),
  );
  const memory = device.memory();
  const stages = values.stages ? await session.time_stages(STAGE_ROUNDS) : undefined;
  return {
    model: name ?? path,
    file_bytes,
    adapter: device.describe(),
    context: model.plan().context,
    tiers: { token: options.tokenTier, prompt: options.promptTier },
    load_seconds: round(loadSeconds),
    weights_seconds: round(weightsSeconds),
    prompt: { tokens: prompt, tokens_per_second: round(median(full.map((run) => prompt / run.prompt_seconds))) },
    decode: { tokens: decode, tokens_per_second: round(median(full.map((run) => decode / run.decode_seconds))) },
    per_token: perToken,
    stages,
    tried: rows,
    memory: {
      linear_memory_bytes: memory.linear_memory_bytes,
      planned_bytes: model.plan().bytes,
      total_bytes: memory.total_bytes,
      peak_bytes: memory.peak_bytes,
      accounts: Object.fromEntries(
        memory.accounts.filter(({ peak_bytes }) => peak_bytes > 0).map((use) => [use.account, use.peak_bytes]),
      ),
    },
  };
}

/** What the bindings look for where browsers have it: `navigator.gpu` in a worker's global scope. */
function offerWebGpu() {
  Object.assign(globalThis, globals);
  const flags = [`backend=${values.backend}`, `enable-dawn-features=${values.toggles}`];
  const gpu = create(flags);
  // The list's keys() is an array here, where the bindings expect an iterator as browsers have it.
  Object.defineProperty(gpu, 'wgslLanguageFeatures', { value: new Set(gpu.wgslLanguageFeatures.keys()) });
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  globalThis.WorkerGlobalScope ??= class WorkerGlobalScope {};
}

async function readPiece(file, offset, length) {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new Error(`the file ends at ${offset + done}`);
    done += bytesRead;
  }
  return bytes;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function round(number) {
  return Number(number.toPrecision(4));
}
