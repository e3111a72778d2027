// The package as a page uses it, without cross-origin isolation and without the app.
import { ensure, equal } from './lib.mjs';
import { modelUrl, withEngine } from './golden.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';

export default {
  async "Ollama's folder, a plan, a chat in OpenAI's shapes, a saved state"({ page, server }) {
    await page.goto(`${server.url}/plain.html`);
    equal(await page.evaluate(() => crossOriginIsolated), false, 'crossOriginIsolated');
    const got = await page.evaluate(use, modelUrl(MODEL));
    equal(got.listed, [['gemma4:tiny', 'gemma4'], ['llama9:latest', 'llama']], 'models in the folder');
    ensure(got.missing.includes('NOT_FOUND') && got.missing.includes('gemma4:tiny'), got.missing);
    ensure(got.demo.bytes > 0 && /demo/.test(got.demo.name), `the demo model's plan is ${JSON.stringify(got.demo)}`);
    equal([got.refused.name, got.refused.code], ['MemoryError', 'OVER_BUDGET'], 'a plan over its budget');
    equal([got.refused.details.budget, got.refused.details.context], [1000, 512], 'details of the refusal');
    equal(got.planned, got.loaded, 'bytes planned before loading, and after');
    equal(got.loaded, got.memory, 'bytes planned and in the ledger');
    equal(got.text, 'Grüße', 'the text of the ids of a text');

    const { streamed, whole, continued } = got;
    equal(streamed.text, whole.choices[0].message.content, 'the text of a stream, and without one');
    equal(streamed.reason, 'length', 'finish reason');
    equal([streamed.usage.completion_tokens, whole.usage.completion_tokens], [6, 6], 'tokens');
    ensure(whole.usage.prompt_tokens_details.cached_tokens > 0, 'the second answer reused nothing of the first');
    equal(continued.usage.prompt_tokens, whole.usage.prompt_tokens + got.begunTokens, 'tokens of a continued prompt');
    equal(got.guessed.choices[0].message, got.repeated.choices[0].message, 'an answer with guesses, and without');
    const counted = got.guessed.usage.completion_tokens_details;
    ensure(counted.accepted_prediction_tokens >= 20, `${counted.accepted_prediction_tokens} guesses of 40 tokens were right`);
    equal([got.guessed.usage.completion_tokens, counted.rejected_prediction_tokens], [40, 0], 'tokens, and wrong guesses');
    equal([got.aborted.name, got.aborted.code], ['CancelledError', 'CANCELLED'], 'an aborted stream');
    ensure(got.reused > 0, 'a restored state reuses its tokens');
    equal(got.otherState, 'BAD_STATE', 'bytes that are no state');
    equal(got.closed, 'CLOSED', 'a call after dispose');
  },

  async 'one call that starts no engine leaves none behind'({ page, server }) {
    await page.goto(`${server.url}/plain.html`);
    await page.evaluate(countWorkers);
    for (const [n, [what, codes]] of Object.entries(REFUSED).entries()) {
      equal(await page.evaluate(refusedCall, what), codes, what);
      const { started, ended } = await page.evaluate(() => globalThis.workers);
      equal([started, ended], [n + 1, n + 1], `${what}: workers that started, and were ended`);
    }
  },

  async 'log-probabilities are those of all logits, with a stream and without one'(test) {
    const { streamed, whole, pieces, text, usage, errors, refused } = await withEngine(test, likely, { url: modelUrl(MODEL) });
    equal(streamed, whole, 'what a stream says of its tokens, and an answer');
    equal(whole.length, usage.completion_tokens, 'tokens with a log-probability');
    ensure(pieces > 2, `${pieces} chunks have log-probabilities`);
    equal(whole.map(({ top_logprobs }) => top_logprobs.length), whole.map(() => 3), 'likeliest tokens named');
    equal(new TextDecoder().decode(Uint8Array.from(whole.flatMap(({ bytes }) => bytes))), text, 'the text of the tokens');
    // As far as goldens allow the logits to be off.
    ensure(Math.max(...errors) < 2e-3, `log-probabilities are off by ${Math.max(...errors)}`);
    equal(refused.code, 'BAD_OPTION', 'more than 20 of the likeliest');
  },

  async 'engines of two tabs run one stored model, which stays while either does'({ browser, page, server }) {
    const second = await browser.newPage();
    for (const tab of [page, second]) await tab.goto(`${server.url}/plain.html`);
    await page.evaluate(async (url) => {
      const { download } = await import('/lib/engine/index.js');
      await download({ url, name: 'shared' });
    }, modelUrl('tiny-kv/llama-q4_0'));
    const got = await page.evaluate(inOneCall);
    equal(got.plan, got.planned.plan, 'what one call has loaded, and what was planned under the same options on such a device');
    equal([got.plan.context, got.plan.bytes], [256, got.memory], 'the context, and bytes in the ledger');
    ensure(got.plan.bytes <= got.budget && got.plan.chunk < got.usual.chunk, `${got.plan.bytes} of ${got.budget} bytes, prompts by ${got.plan.chunk}`);
    equal(got.phone, 1_800_000_000, 'the budget of the device that was asked for');
    const { done, total } = got.progress.at(-1);
    ensure(got.progress.length > 2 && done === total && total > 0, `progress ends at ${done} of ${total}`);
    ensure(got.progress.every((step, n) => n === 0 || step.done >= got.progress[n - 1].done), 'progress that goes back');

    const answers = [await page.evaluate(answer), await second.evaluate(answer)];
    ensure(answers[0].length > 0, 'an answer');
    equal(answers[1], answers[0], 'the answers of the two');

    const remove = () => second.evaluate(async () => {
      const { deleteStored, listStored } = await import('/lib/engine/index.js');
      const code = await deleteStored('shared').then(() => 'deleted', (error) => error.code);
      return [code, (await listStored()).length];
    });
    equal(await remove(), ['IN_USE', 1], 'deleting it under both');
    await page.evaluate(() => globalThis.engine.dispose());
    equal(await remove(), ['IN_USE', 1], 'deleting it under one');
    equal(await second.evaluate(answer), answers[0], 'the answer after that');
    await second.evaluate(() => globalThis.engine.dispose());
    equal(await remove(), ['deleted', 0], 'deleting it under none');
    await second.close();
  },

  async "it works from a caller's worker"({ page, server }) {
    await page.goto(`${server.url}/plain.html`);
    const got = await page.evaluate(inWorker, modelUrl(MODEL));
    ensure(got.bytes > 0, `the worker says ${JSON.stringify(got)}`);
    ensure(got.text.length > 0 && /demo/.test(got.model), `the worker says ${JSON.stringify(got)}`);
    equal([got.role, got.reason, got.tokens], ['assistant', 'length', 4], 'role, finish reason and tokens of the answer');
    equal(got.refused, ['UNSUPPORTED', 'NO_MODEL'], 'streams that are refused before they are there');
  },
};

/** Calls that end without an engine: class and code of what they throw. */
const REFUSED = {
  'aborted before': ['CancelledError', 'CANCELLED'],
  'over its budget': ['MemoryError', 'OVER_BUDGET'],
  'no such device': ['RequestError', 'UNKNOWN_PROFILE'],
};

/** Runs in the page: counts workers that start, and those that are ended. When one is really gone is the browser's matter. */
function countWorkers() {
  globalThis.workers = { started: 0, ended: 0 };
  globalThis.Worker = class extends Worker {
    constructor(...of) {
      super(...of);
      workers.started += 1;
    }
    terminate() {
      super.terminate();
      workers.ended += 1;
    }
  };
}

/** Runs in the page: the stored model under every option. Its engine stays. */
async function inOneCall() {
  const { Rullama } = await import('/lib/engine/index.js');
  const [source, device] = [{ opfs: 'shared' }, { profile: 'iphone-16e' }];
  const planner = await Rullama.start(device);
  const { plan: usual } = await planner.plan(source, { contextLength: 256 });
  // A byte less than what is usual: prompts have to be read in shorter chunks.
  const options = { contextLength: 256, budget: usual.bytes - 1 };
  const planned = await planner.plan(source, options);
  planner.dispose();
  const progress = [];
  const onProgress = (step) => progress.push(step);
  const { signal } = new AbortController();
  globalThis.engine = await Rullama.load(source, { ...options, ...device, signal, onProgress });
  const { total_bytes: memory, budget_bytes: phone } = await globalThis.engine.memory();
  return { plan: globalThis.engine.model.plan, planned, usual, memory, phone, progress, budget: options.budget };
}

/** Runs in the page: name and code of what a call throws. */
async function refusedCall(what) {
  const { Rullama } = await import('/lib/engine/index.js');
  const { demo } = await import('/lib/engine/demo.js');
  const options = {
    'aborted before': { signal: AbortSignal.abort() },
    'over its budget': { contextLength: 512, budget: 1_000_000 },
    'no such device': { profile: 'toaster' },
  };
  return Rullama.load(demo, options[what]).then(() => 'loaded', ({ name, code }) => [name, code]);
}

/** Runs in the page: what the stored model says. Its engine stays. */
async function answer() {
  const { Rullama } = await import('/lib/engine/index.js');
  globalThis.engine ??= await Rullama.load({ opfs: 'shared' }, { contextLength: 256, chunkLength: 32 });
  const messages = [{ role: 'user', content: 'Who are you?' }];
  const whole = await globalThis.engine.chat.completions.create({ messages, temperature: 0, max_completion_tokens: 4 });
  return whole.choices[0].message.content;
}

/** Runs in the page. */
async function use(url) {
  const { listOllama, Rullama } = await import('/lib/engine/index.js');
  const { demo } = await import('/lib/engine/demo.js');
  const thrown = (work) => work.then(() => ({ code: 'none' }), (error) => error);

  // An Ollama folder in the private file system has the same kind of handle as a picked one.
  const root = await navigator.storage.getDirectory();
  const write = async (path, content) => {
    const names = path.split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
    const writer = await (await folder.getFileHandle(names.at(-1), { create: true })).createWritable();
    await writer.write(content);
    await writer.close();
  };
  const file = await (await fetch(url)).blob();
  const manifest = (config, model, size) =>
    JSON.stringify({
      config: { digest: config },
      layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: model, size }],
    });
  const library = 'models/manifests/registry.ollama.ai/library';
  await write(`${library}/gemma4/tiny`, manifest('sha256:c1', 'sha256:m1', file.size));
  await write(`${library}/llama9/latest`, manifest('sha256:c2', 'sha256:m2', 5));
  await write('models/blobs/sha256-c1', '{"model_family":"gemma4"}');
  await write('models/blobs/sha256-c2', '{"model_family":"llama"}');
  await write('models/blobs/sha256-m1', file);
  const listed = (await listOllama(root)).map(({ name, family }) => [name, family]);

  const engine = await Rullama.start();
  const missing = await thrown(engine.plan({ directory: root, model: 'gemma4:huge' }));
  const demoPlan = await engine.plan(demo);
  const options = { contextLength: 512, chunkLength: 32 };
  const refused = await thrown(engine.plan(root, { ...options, budget: 1000 }));
  const planned = await engine.plan(root, options);
  const loaded = await engine.load(root, options);
  const memory = await engine.memory();

  const completions = engine.chat.completions;
  const request = { messages: [{ role: 'user', content: 'Who are you?' }], temperature: 0, max_tokens: 6 };
  const streamed = { text: '' };
  for await (const chunk of await completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
    streamed.text += chunk.choices[0]?.delta.content ?? '';
    streamed.reason ??= chunk.choices[0]?.finish_reason ?? undefined;
    streamed.usage = chunk.usage;
  }
  const whole = await completions.create(request);
  const state = await engine.saveState();
  const begun = { role: 'assistant', content: 'I am' };
  const messages = [...request.messages, begun];
  const continued = await completions.create({ ...request, messages, continue_final_message: true });
  const begunTokens = (await engine.tokenize(begun.content)).length;

  // Biased to one token, an answer repeats itself.
  const [one] = await engine.tokenize('one');
  const repeating = { ...request, max_tokens: 40, logit_bias: { [one]: 100 } };
  const repeated = await completions.create(repeating);
  const guessed = await completions.create({ ...repeating, draft_max: 63 });

  const abort = new AbortController();
  const stream = await completions.create({ ...request, max_tokens: 200, stream: true }, { signal: abort.signal });
  const aborted = await thrown(
    (async () => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) abort.abort();
    })(),
  );
  await engine.reset();
  await engine.restoreState(state);
  const again = await completions.create(request);
  const otherState = await thrown(engine.restoreState(new Uint8Array(8)));
  const text = await engine.detokenize(await engine.tokenize('Grüße'));
  engine.dispose();
  const plain = ({ name, code, details }) => ({ name, code, details });
  return {
    listed,
    missing: `${missing.code}: ${missing.message}`,
    demo: { name: demoPlan.name, bytes: demoPlan.plan.bytes },
    refused: plain(refused),
    planned: planned.plan.bytes,
    loaded: loaded.plan.bytes,
    memory: memory.total_bytes,
    streamed,
    whole,
    continued,
    repeated,
    guessed,
    begunTokens,
    aborted: plain(aborted),
    reused: again.usage.prompt_tokens_details.cached_tokens,
    otherState: otherState.code,
    text,
    closed: (await thrown(engine.memory())).code,
  };
}

/** Runs in the page. */
async function likely(engine, { url }) {
  await engine.load({ url }, { kv: 'f32', contextLength: 256, chunkLength: 32 });
  // Sampled, so that tokens come which are not the likeliest.
  const messages = [{ role: 'user', content: 'Who are you?' }];
  const sampling = { temperature: 1.5, seed: 4, max_tokens: 12 };
  const request = { messages, ...sampling, logprobs: true, top_logprobs: 3 };
  const streamed = [];
  let pieces = 0;
  for await (const { choices } of await engine.chat.completions.create({ ...request, stream: true })) {
    streamed.push(...(choices[0]?.logprobs?.content ?? []));
    pieces += choices[0]?.logprobs ? 1 : 0;
  }
  const { choices, usage } = await engine.chat.completions.create(request);
  const whole = choices[0].logprobs.content;

  const ids = [];
  for await (const event of engine.generate({ messages }, { ...sampling, top_logprobs: 3 })) {
    if (event.type === 'token') ids.push(event.id);
  }
  const prompt = await engine.tokenize({ messages });
  const logits = await engine.logits([...prompt, ...ids], 'decode');
  const vocabulary = logits.length / (prompt.length + ids.length);
  const errors = [];
  for (const [n, id] of ids.entries()) {
    const row = logits.subarray((prompt.length + n - 1) * vocabulary).subarray(0, vocabulary);
    const logSum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
    errors.push(Math.abs(row[id] - logSum - whole[n].logprob));
    const best = Float64Array.from(row).sort().reverse();
    errors.push(...whole[n].top_logprobs.map(({ logprob }, i) => Math.abs(best[i] - logSum - logprob)));
  }
  const refused = await engine.chat.completions.create({ ...request, top_logprobs: 21 }).catch((error) => error);
  return { streamed, whole, pieces, text: await engine.detokenize(ids), usage, errors, refused: { code: refused.code } };
}

/** Runs in the page: a worker that plans a model, and has another one answer. */
async function inWorker(url) {
  const code = `
    import { Rullama } from '${location.origin}/lib/engine/index.js';
    import { demo } from '${location.origin}/lib/engine/demo.js';
    const messages = [{ role: 'user', content: 'Who are you?' }];
    const request = { messages, temperature: 0, max_tokens: 4, stream: true, stream_options: { include_usage: true } };
    const engine = await Rullama.start();
    const refusal = (request) => engine.chat.completions.create(request).then(() => 'none', ({ code }) => code);
    const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] };
    const refused = [await refusal({ ...request, messages: [image] }), await refusal(request)];
    const { plan } = await engine.plan('${new URL(url, location.href)}');
    const { name } = await engine.load(demo, { contextLength: 256 });
    const got = { bytes: plan.bytes, model: name, text: '', refused };
    for await (const { choices, usage } of await engine.chat.completions.create(request)) {
      got.role ??= choices[0]?.delta.role;
      got.text += choices[0]?.delta.content ?? '';
      got.reason ??= choices[0]?.finish_reason ?? undefined;
      got.tokens = usage?.completion_tokens;
    }
    engine.dispose();
    postMessage(got);
  `;
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module' });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ message });
  });
}
