// The committed models with their reference values, and how a page loads them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './lib.mjs';

const FOLDER = join(ROOT, 'tests/golden');

/** The models that Chromium is checked on: each kind of Gemma 4, each in two mixes of types. */
export const MODELS = [
  'tiny-dense-ple/ollama-q4_k_m',
  'tiny-dense-ple/ollama-mix',
  'tiny-kv/ollama-q4_k_m',
  'tiny-kv/llama-q4_0',
  'tiny-moe/ollama-q4_k_m',
  'tiny-moe/ollama-split-q5_k',
];

/** The path of a model's file in the checkout. */
export const modelPath = (model) => join(FOLDER, 'models', `${model}.gguf`);

/** The address of a model's file on the test server, with a fault where one is wanted. */
export const modelUrl = (model, fault) => `/golden/models/${model}.gguf${fault ? `?fault=${fault}` : ''}`;

/** A model's reference arrays by name, as plain arrays of numbers. */
export async function golden(model, ...names) {
  const path = join(FOLDER, 'goldens', model);
  const { arrays } = JSON.parse(await readFile(`${path}.json`, 'utf8'));
  const bytes = await readFile(`${path}.bin`);
  return Object.fromEntries(
    names.map((name) => {
      const entry = arrays.find((array) => array.name === name);
      if (!entry) throw new Error(`${path}.json has no array \`${name}\``);
      const length = entry.shape.reduce((product, n) => product * n, 1);
      const kind = { f32: Float32Array, i32: Int32Array }[entry.dtype];
      const start = bytes.byteOffset + entry.offset;
      return [name, Array.from(new kind(bytes.buffer.slice(start, start + 4 * length)))];
    }),
  );
}

/**
 * Runs `work(engine, argument)` in a blank page with an engine that was started there; a thrown error keeps its code.
 * `work` must not refer to anything outside itself.
 */
export async function withEngine({ page, server }, work, argument) {
  await page.goto(`${server.url}/blank.html`);
  const source = `(async (argument) => {
    const { Rullama } = await import('/lib/engine/index.js');
    const engine = await Rullama.start(argument?.device);
    try {
      return await (${work})(engine, argument);
    } catch (error) {
      throw new Error(\`\${error.code ?? error.name}: \${error.message}\`);
    } finally {
      engine.dispose();
    }
  })(${JSON.stringify(argument ?? null)})`;
  return page.evaluate(source);
}
