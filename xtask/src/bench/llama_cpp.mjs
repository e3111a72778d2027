// node bench.mjs MODEL cpu|auto|vulkan|cuda PROMPT DECODE RUNS: one line of JSON for each run, after one that warms up.
// Exit code 4: llama.cpp finds no graphics adapter that it takes.
import { availableParallelism } from 'node:os';
import { getLlama } from 'node-llama-cpp';

const [model, device] = process.argv.slice(2, 4);
const [prompt, decode, runs] = process.argv.slice(4).map(Number);

const llama = await getLlama({ gpu: device === 'cpu' ? false : device, build: 'never', logLevel: 'error' });
const adapters = await llama.getGpuDeviceNames();
if (device !== 'cpu' && adapters.length === 0) process.exit(4);

// Its threads spin while they wait for each other: one that shares its core holds up all.
const threads = Math.max(1, availableParallelism() - 1);
const loaded = await llama.loadModel({ modelPath: model, gpuLayers: device === 'cpu' ? 0 : 'max' });
const context = await loaded.createContext({ contextSize: prompt + decode, batchSize: 512, flashAttention: true, threads });
const where = device === 'cpu' ? `processor, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : `${llama.gpu}: ${adapters.join(', ')}`;
console.log(`engine: ${llama.llamaCppRelease.release}, ${where}`);

const ids = arbitraryIds(prompt, loaded.fileInfo.metadata.tokenizer.ggml.tokens.length);
const sequence = context.getSequence();
for (let run = 0; run <= runs; run++) {
  await sequence.clearHistory();
  const start = performance.now();
  let first;
  let count = 0;
  for await (const _token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    first ??= performance.now();
    if (++count === decode) break;
  }
  const end = performance.now();
  const rates = { prompt: (1e3 * prompt) / (first - start), decode: (1e3 * (count - 1)) / (end - first) };
  console.log(JSON.stringify(rates));
}
process.exit(0);

/** The tokens that `rullama bench` uses. */
function arbitraryIds(count, vocabulary) {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % vocabulary;
  });
}
