// Sessions through the worker: cancelling in the middle of things, the ledger against the plan, nothing leaked.
import { ensure, equal } from './lib.mjs';
import { modelUrl, withEngine } from './golden.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
/** Of one token of this model: what was joined into one dispatch stays joined in a browser, too. */
const DISPATCHES = 56;

export default {
  async 'an answer is cancelled in its prompt and in its middle, and the session stays right'(test) {
    const got = await withEngine(test, cancelled, { url: modelUrl(MODEL) });
    equal(got.inPrompt.reason, 'cancelled', 'reason in the prompt');
    equal(got.inPrompt.usage.generated_tokens, 0, 'tokens when cancelled in the prompt');
    ensure(got.memoryDuringPrompt > 0, 'the memory report comes while the prompt is processed');
    equal(got.endedFirst, 'memory', 'what came first');
    equal(got.inDecode.reason, 'cancelled', 'reason in the middle');
    ensure(got.inDecode.usage.generated_tokens < 200, 'the cancelled answer ended early');
    equal(got.partial, got.fresh.slice(0, got.partial.length), 'tokens before the cancellation');
    ensure(got.partial.length >= 3, `only ${got.partial.length} tokens came before the cancellation`);
    equal(got.again, got.fresh, 'tokens after two cancellations and a left loop');
  },

  async 'the ledger shows what the plan says, and nothing stays after unloading'(test) {
    const { plan, memory, few, many, sampled, unloaded } = await withEngine(test, ledger, { url: modelUrl(MODEL) });
    equal(memory.total_bytes, plan.bytes, 'bytes in all');
    const accounts = Object.fromEntries(memory.accounts.map(({ account, bytes }) => [account, bytes]));
    for (const [account, bytes] of Object.entries(plan.accounts)) equal(accounts[account], bytes, `bytes of ${account}`);
    equal(memory.buffers, plan.buffers.length, 'buffers');
    const made = [many.buffers_created, many.bind_groups_created, many.pipelines_created];
    equal(made, [0, 0, 0], 'buffers, bind groups and pipelines made for an answer');
    equal(many.submits - few.submits, 12 - 4, 'submits for 12 tokens, less those for 4');
    equal(many.dispatches - few.dispatches, (12 - 4) * DISPATCHES, 'dispatches for 12 tokens, less those for 4');
    // What is begun ahead goes in one submission, all else of a token in two; the prompt gives the first of the twelve.
    equal(sampled.submits - many.submits, 12 - 2, 'submits for 12 sampled tokens, more than for as many likeliest ones');
    equal(sampled.dispatches - many.dispatches, 12, 'the best are found in one dispatch more than the one best');
    equal(sampled.bytes_read, 12 * 3076, 'bytes read back for 12 sampled tokens');
    equal(unloaded.total_bytes, 0, 'bytes after unloading');
  },

  async 'the bindings hold no borrow while they wait'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    const seen = await page.evaluate(bindings, modelUrl(MODEL));
    equal(seen.busy, 'BUSY', 'a second call to a session at work');
    ensure(seen.bytes > 0, 'the memory report during a step');
    equal(seen.finished, 'cancelled', 'an answer whose model and session were freed meanwhile');
  },
};

async function cancelled(engine, { url }) {
  await engine.load({ url }, { contextLength: 2048, chunkLength: 64 });
  const short = Uint32Array.from({ length: 20 }, (_, i) => (i === 0 ? 2 : 10 + i));
  const long = Uint32Array.from({ length: 1500 }, (_, i) => (i === 0 ? 2 : 10 + (i % 700)));
  const options = { temperature: 0, ignore_eos: true, parse: 'raw' };
  const collect = async (ids, more, atToken) => {
    const tokens = [];
    let finished;
    for await (const event of engine.generate(ids, { ...options, ...more })) {
      if (event.type === 'token') {
        tokens.push(event.id);
        atToken?.(tokens.length);
      }
      if (event.type === 'finished') finished = event;
    }
    return { tokens, finished };
  };
  const fresh = (await collect(short, { max_tokens: 6 })).tokens;

  const first = new AbortController();
  const ended = [];
  const answer = collect(long, { max_tokens: 1, signal: first.signal }).then((it) => (ended.push('answer'), it));
  const memory = await engine.memory().then((it) => (ended.push('memory'), it));
  first.abort();
  const inPrompt = (await answer).finished;

  const second = new AbortController();
  const partial = await collect(short, { max_tokens: 200, signal: second.signal }, (n) => n === 3 && second.abort());

  for await (const event of engine.generate(short, { ...options, max_tokens: 200 })) if (event.type === 'token') break;
  const again = (await collect(short, { max_tokens: 6 })).tokens;
  return {
    inPrompt,
    memoryDuringPrompt: memory.total_bytes,
    endedFirst: ended[0],
    inDecode: partial.finished,
    partial: partial.tokens.slice(0, 6),
    fresh,
    again,
  };
}

async function ledger(engine, { url }) {
  await engine.load({ url }, { contextLength: 512, chunkLength: 32 });
  const [plan, memory] = [engine.model.plan, await engine.memory()];
  const answer = async (max_tokens, temperature = 0) => {
    const before = await engine.counters();
    const options = { temperature, top_k: 64, ignore_eos: true, parse: 'raw', max_tokens };
    for await (const _event of engine.generate(Uint32Array.of(2, 11, 12), options));
    const after = await engine.counters();
    return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  };
  await answer(1);
  const [few, many, sampled] = [await answer(4), await answer(12), await answer(12, 1)];
  await engine.unload();
  return { plan, memory, few, many, sampled, unloaded: await engine.memory() };
}

/** Uses the classes of the module directly, in the page. */
async function bindings(url) {
  const { default: init, Cancel, Device, Model, Source } = await import('/lib/engine/wasm/rullama.js');
  await init();
  const device = await Device.open();
  const source = await Source.url(new URL(url, location.href).href);
  const cancel = new Cancel();
  const model = await Model.load(device, source, { contextLength: 2048, chunkLength: 64 }, cancel, () => {});
  const session = await model.session();
  const ids = Uint32Array.from({ length: 1500 }, (_, i) => (i === 0 ? 2 : 10 + (i % 700)));
  const answer = session.generate(ids, { temperature: 0, max_tokens: 1 }, cancel, () => {});
  // A turn of the event loop, so that the step has begun.
  await new Promise((resolve) => setTimeout(resolve, 0));
  let busy = 'nothing thrown';
  try {
    session.reset();
  } catch (error) {
    busy = error.code;
  }
  const bytes = device.memory().total_bytes;
  cancel.cancel();
  session.free();
  model.free();
  source.free();
  cancel.free();
  return { busy, bytes, finished: (await answer).reason };
}
