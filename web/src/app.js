// @ts-check
// The chat page: choose a model, talk to it, stop it, see what it costs.
import { Rullama, RullamaError } from './engine.js';
import { listStored } from './stored.js';
import { Turn } from './turn.js';

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

const MIB = 1024 * 1024;
/** How often the memory line is renewed while an answer comes. */
const MEMORY_PERIOD_MS = 1000;

/** @type {Rullama | null} */ let engine = null;
/** @type {AbortController | null} Ends what is under way. */ let underWay = null;
/** @typedef {'idle' | 'loading' | 'answering'} State */
/** @type {State} */ let state = 'idle';
let hasModel = false;
/** @type {import('./engine.js').Message[]} */ let messages = [];

/** @param {State} next */
function enter(next) {
  state = next;
  at('loading').hidden = state !== 'loading';
  at('send').disabled = state !== 'idle' || !hasModel;
  at('stop').disabled = state !== 'answering';
  at('new').disabled = state !== 'idle' || messages.length === 0;
  for (const control of document.querySelectorAll('#models button, #models input, #models select')) {
    if (control.id !== 'cancel-load') /** @type {any} */ (control).disabled = state !== 'idle';
  }
}

/** @param {unknown} [thrown] */
function show(thrown) {
  const box = at('error');
  box.hidden = thrown === undefined;
  if (thrown === undefined) return;
  const error = RullamaError.from(thrown);
  box.textContent = error.message;
  box.dataset.code = error.code;
}

/** A number from a field, or undefined for an empty one. @param {string} id */
const number = (id) => (at(id).value === '' ? undefined : Number(at(id).value));

/** The engine, started anew when there is none or the last one failed. */
async function running() {
  if (!engine || engine.closed) {
    engine = await Rullama.start();
    const { name, backend } = await engine.describe();
    at('adapter').textContent = `${name} (${backend})`;
  }
  return engine;
}

/** @param {import('./engine.js').ModelSource} source @param {string} label */
async function load(source, label) {
  if (state !== 'idle') return;
  show();
  hasModel = false;
  forget();
  underWay = new AbortController();
  enter('loading');
  at('model').textContent = `Loading ${label}…`;
  at('progress').removeAttribute('value');
  at('progress-text').textContent = '';
  try {
    const budget = number('budget');
    const loaded = await (await running()).load(source, {
      context: number('context'),
      budget: budget === undefined ? undefined : budget * MIB,
      signal: underWay.signal,
      onProgress: ({ done, total }) => {
        at('progress').value = total === 0 ? 1 : done / total;
        at('progress-text').textContent =
          done < total ? `${mebibytes(done)} of ${mebibytes(total)}` : 'Preparing the GPU…';
      },
    });
    hasModel = true;
    const { name, file_bytes, plan } = loaded;
    at('model').textContent =
      `${name ?? label}: file ${mebibytes(file_bytes)}, GPU ${mebibytes(plan.bytes)}, context ${plan.context} tokens`;
  } catch (thrown) {
    at('model').textContent = 'No model is loaded.';
    if (RullamaError.from(thrown).code !== 'CANCELLED') show(thrown);
  }
  enter('idle');
  await showMemory();
  if (hasModel) at('message').focus();
}

async function send() {
  const text = at('message').value.trim();
  if (state !== 'idle' || !hasModel || !engine || text === '') return;
  show();
  at('message').value = '';
  messages.push({ role: 'user', content: text });
  new Turn('user').text(text);
  const turn = new Turn('assistant');
  underWay = new AbortController();
  enter('answering');
  const timer = setInterval(showMemory, MEMORY_PERIOD_MS);
  try {
    const system = at('system').value.trim();
    const conversation = { messages: system ? [{ role: 'system', content: system }, ...messages] : messages };
    const options = {
      temperature: number('temperature'),
      max_tokens: number('max-tokens'),
      seed: crypto.getRandomValues(new Uint32Array(1))[0],
      signal: underWay.signal,
    };
    for await (const event of engine.generate(conversation, options)) {
      turn.take(event);
      if (event.type === 'finished') showSpeed(event);
    }
    messages.push({ role: 'assistant', content: turn.answer });
  } catch (thrown) {
    // The question goes back into the field, so that it can be sent again.
    messages.pop();
    turn.remove();
    at('message').value = text;
    if (engine.closed || RullamaError.from(thrown).code === 'DEVICE_LOST') {
      hasModel = false;
      at('model').textContent = 'No model is loaded.';
    }
    show(thrown);
  }
  clearInterval(timer);
  enter('idle');
  await showMemory();
}

/** @param {import('./engine.js').Finished} finished */
function showSpeed({ usage, timings }) {
  const rate = timings.decode_seconds > 0 ? (usage.generated_tokens / timings.decode_seconds).toFixed(1) : '–';
  at('speed').textContent =
    `${usage.prompt_tokens} tokens read (${usage.reused_tokens} reused), ` +
    `${usage.generated_tokens} written, ${rate} per second`;
}

async function showMemory() {
  if (!engine || engine.closed) return;
  try {
    const { line, linear_memory_bytes } = await engine.memory();
    at('memory').textContent = `GPU MiB: ${line} · wasm ${mebibytes(linear_memory_bytes)}`;
  } catch {
    at('memory').textContent = 'Memory: –';
  }
}

/** @param {number} bytes */
const mebibytes = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;

function forget() {
  messages = [];
  at('chat').replaceChildren();
  at('speed').textContent = '';
}

at('by-url').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  load({ url: at('url').value }, at('url').value);
});
at('file').addEventListener('change', () => {
  const [file] = at('file').files;
  // Choosing the same file again must be a change again.
  at('file').value = '';
  if (file) load(file, file.name);
});
at('load-stored').addEventListener('click', () => load({ opfs: at('stored').value }, at('stored').value));
at('cancel-load').addEventListener('click', () => underWay?.abort());
at('stop').addEventListener('click', () => underWay?.abort());
at('new').addEventListener('click', () => {
  forget();
  enter('idle');
});
at('ask').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  send();
});
at('message').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});

async function begin() {
  const stored = await listStored();
  at('stored').replaceChildren(...stored.map(({ name, bytes }) => new Option(`${name} (${mebibytes(bytes)})`, name)));
  at('stored-row').hidden = stored.length === 0;
  enter('idle');
  try {
    await running();
  } catch (thrown) {
    at('adapter').textContent = 'No GPU';
    show(thrown);
    return;
  }
  // The address of the page can name the model to begin with, or `none`.
  const wanted = new URLSearchParams(location.search).get('model') ?? at('url').value;
  if (wanted !== 'none') {
    at('url').value = wanted;
    load({ url: wanted }, wanted);
  }
}

begin();
