// The models' arithmetic in Chromium, whose shader compiler is not the native one: logits and greedy answers.
import { ensure, equal } from './lib.mjs';
import { golden, MODELS, modelUrl, withEngine } from './golden.mjs';

/** Largest absolute difference of logits, from the README of the goldens: f32 throughout, or an f16 KV cache. */
const TOLERANCE = { f32: 2e-3, f16: 1e-1 };
/**
 * Share of positions that may be beyond it: rounding keys and values to f16 can swap two experts whose router weights
 * are nearly equal, which is legitimate.
 */
const SWAPPED = 0.1;
/** Tokens for which the decode path's logits are compared too, and steps of the greedy answer; decoding is slow here. */
const DECODED = 24;
const STEPS = { f32: 32, f16: 8 };

export default Object.fromEntries(MODELS.map((model) => [model, (test) => check(test, model)]));

async function check(test, model) {
  const names = ['ids', 'logits', 'greedy', 'greedy_margin'];
  const values = Object.values(await golden(model, ...names.map((name) => `prompt.long.${name}`)));
  const [ids, logits, greedy, margins] = values;
  const got = await withEngine(test, run, { url: modelUrl(model), ids, decoded: DECODED, steps: STEPS });

  const columns = logits.length / ids.length;
  const hasExperts = model.startsWith('tiny-moe');
  const compare = (what, kv, logitsGot, expected) => {
    equal(logitsGot.length, expected.length, `${what}: number of logits`);
    // A value that is no number is never below a tolerance.
    const isBad = (value, i) => !(Math.abs(value - expected[i]) <= TOLERANCE[kv]);
    const bad = logitsGot.flatMap((value, i) => (isBad(value, i) ? [i] : []));
    const positions = new Set(bad.map((i) => Math.floor(i / columns))).size;
    const allowed = hasExperts && kv === 'f16' ? SWAPPED * (expected.length / columns) : 0;
    const first = bad[0];
    ensure(
      positions <= allowed,
      `${what}: ${positions} positions are off; logit ${first} is ${logitsGot[first]}, expected ${expected[first]}`,
    );
  };
  compare('prompt path, f32 KV', 'f32', got.f32.prompt, logits);
  compare('decode path, f32 KV', 'f32', got.f32.decode, logits.slice(0, DECODED * columns));
  compare('prompt path, f16 KV', 'f16', got.f16.prompt, logits);
  for (const kv of hasExperts ? ['f32'] : ['f32', 'f16']) {
    // Where two tokens are nearly as likely, either may be chosen, and everything after differs.
    const near = margins.slice(0, STEPS[kv]).findIndex((margin) => margin < 4 * TOLERANCE[kv]);
    const sure = near === -1 ? STEPS[kv] : near;
    if (kv === 'f32') ensure(sure > 0, 'the first step is a near-tie already, so this compares nothing');
    equal(got[kv].tokens.slice(0, sure), greedy.slice(0, sure), `greedy tokens, ${kv} KV`);
  }
}

/**
 * Runs in the page. Chunks of 32 tokens put seams into the prompt and make the sliding layers' rings wrap around. The model comes
 * from its server first, and then from a file, which is read in another way.
 */
async function run(engine, { url, ids, decoded, steps }) {
  const results = {};
  const file = new File([await (await fetch(url)).blob()], 'model.gguf');
  for (const [kv, source] of [['f32', { url }], ['f16', file]]) {
    await engine.load(source, { kv, contextLength: 256, chunkLength: 32 });
    const result = (results[kv] = { tokens: [] });
    result.prompt = Array.from(await engine.logits(ids, 'prompt'));
    if (kv === 'f32') result.decode = Array.from(await engine.logits(ids.slice(0, decoded), 'decode'));
    const options = { temperature: 0, max_tokens: steps[kv], ignore_eos: true, parse: 'raw' };
    for await (const event of engine.generate(Uint32Array.from(ids), options)) {
      if (event.type === 'token') result.tokens.push(event.id);
    }
  }
  return results;
}
