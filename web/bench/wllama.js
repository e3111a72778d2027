// Speed of wllama, llama.cpp's WebGPU back end, in the same browser: what `worker.js` measures of this engine. Its package
// lies in ../wllama. Parameters of the page's address: model (an address; of split files the first, …-00001-of-0000N.gguf),
// prompt, decode, runs.
import { LoggerWithoutDebug, Wllama } from '../wllama/index.js';

// A browser gives no adapter while its graphics process starts.
const ADAPTER_ATTEMPTS = 20;
const ADAPTER_PAUSE_MS = 1000;
/** Contexts of llama.cpp are whole numbers of these. */
const CONTEXT_STEP = 256;

const WORDS = ['the', 'garden', 'gate', 'is', 'green', 'and', 'old', 'a', 'dog', 'sleeps', 'in', 'sun', 'near', 'water'];
/** Words by which the tokens of a word are counted. */
const TRIED_WORDS = 14;

const report = document.querySelector('#report');
const done = (text) => {
  report.textContent = text;
  fetch('/done', { method: 'POST', body: text }).catch(() => {});
};
try {
  done(JSON.stringify(await measure(Object.fromEntries(new URLSearchParams(location.search))), null, 2));
} catch (error) {
  done(JSON.stringify({ code: error.type ?? error.name, message: error.message ?? String(error) }));
}

async function measure({ model = '/model.gguf', prompt = 512, decode = 128, runs = 3 }) {
  [prompt, decode, runs] = [prompt, decode, runs].map(Number);
  const adapter = await firstAdapter();
  const files = await Promise.all(parts(model).map(file));
  const wllama = new Wllama({ default: new URL('../wllama/wasm/wllama.wasm', location.href).href }, { logger: LoggerWithoutDebug });
  // It would fetch another build of itself for browsers without JSPI.
  wllama.setCompat(null);
  const loadStart = performance.now();
  const n_ctx = Math.ceil((prompt + decode + 1) / CONTEXT_STEP) * CONTEXT_STEP;
  await wllama.loadModel(files, { n_ctx, n_batch: 512, n_ubatch: 512, n_parallel: 1 });
  const loadSeconds = (performance.now() - loadStart) / 1000;
  const answer = async (text, max_tokens) => {
    const greedy = { temperature: 0, top_k: 1, samplers: ['top_k'], ignore_eos: true, cache_prompt: false };
    const { timings } = await wllama.createCompletion({ prompt: text, max_tokens, ...greedy });
    if (!timings) throw new Error('the completion says no timings');
    return timings;
  };
  // It takes text only: as many words as are about `prompt` tokens, and not more.
  const { prompt_n: triedTokens } = await answer(words(TRIED_WORDS), 2);
  const text = words(Math.max(1, Math.floor((TRIED_WORDS * prompt) / triedTokens)));
  await answer(text, 2);
  const full = [];
  for (let i = 0; i < runs; i++) full.push(await answer(text, 1 + decode));
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
  const rate = (of) => Number(median(full.map(of)).toPrecision(4));
  // Without half precision its WebGPU back end takes no adapter, and it computes on the processor.
  const where = adapter?.features.has('shader-f16') ? 'WebGPU' : 'processor, since the adapter has no shader-f16';
  return {
    engine: `wllama, llama.cpp ${Wllama.getLibllamaVersion()}, ${where}`,
    adapter: adapter && { vendor: adapter.info.vendor, architecture: adapter.info.architecture, features: [...adapter.features] },
    agent: navigator.userAgent,
    threads: wllama.getNumThreads(),
    prompt_tokens: full[0].prompt_n,
    load_seconds: loadSeconds,
    prompt: rate(({ prompt_n, prompt_ms }) => (1e3 * prompt_n) / prompt_ms),
    // The first token came out of the prompt.
    decode: rate(({ predicted_n, predicted_ms }) => (1e3 * (predicted_n - 1)) / predicted_ms),
  };
}

async function firstAdapter() {
  for (let attempt = 0; attempt < ADAPTER_ATTEMPTS; attempt++) {
    const adapter = await navigator.gpu?.requestAdapter();
    if (adapter) return adapter;
    await new Promise((resolve) => setTimeout(resolve, ADAPTER_PAUSE_MS));
  }
  return null;
}

/** Text of so many words. */
function words(count) {
  return Array.from({ length: count }, (_, i) => WORDS[(i * 7) % WORDS.length]).join(' ');
}

/** The addresses of a model's files. */
function parts(address) {
  const [, start, count] = /^(.*)-00001-of-(\d{5})\.gguf$/.exec(address) ?? [];
  if (!count) return [address];
  return Array.from({ length: Number(count) }, (_, i) => `${start}-${String(i + 1).padStart(5, '0')}-of-${count}.gguf`);
}

async function file(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return new File([await response.blob()], address.split('/').at(-1));
}
