// The chat page: choose a model, talk to it, stop it, see what it costs.
import { listStored, Rullama, RullamaError, type Finished, type Message, type ModelSource } from 'rullama';
import './style.css';
import { Turn } from './turn.ts';

// Each id is one element of this page, each of its own kind
const at = (id: string): any => document.getElementById(id);

const MIB = 1024 * 1024;
/** How often the memory line is renewed while an answer comes. */
const MEMORY_PERIOD_MS = 1000;

let engine: Rullama | null = null;
/** Ends what is under way. */
let underWay: AbortController | null = null;
let state: 'idle' | 'loading' | 'answering' = 'idle';
let hasModel = false;
let messages: Message[] = [];

function enter(next: typeof state) {
  state = next;
  at('loading').hidden = state !== 'loading';
  at('send').disabled = state !== 'idle' || !hasModel;
  at('stop').disabled = state !== 'answering';
  at('new').disabled = state !== 'idle' || messages.length === 0;
  for (const control of document.querySelectorAll('#models button, #models input, #models select')) {
    if (control.id !== 'cancel-load') (control as HTMLButtonElement).disabled = state !== 'idle';
  }
}

function show(thrown?: unknown) {
  const box = at('error');
  box.hidden = thrown === undefined;
  if (thrown === undefined) return;
  const error = RullamaError.from(thrown);
  box.textContent = error.message;
  box.dataset.code = error.code;
}

/** A number from a field, or undefined for an empty one. */
const number = (id: string) => (at(id).value === '' ? undefined : Number(at(id).value));

/** The engine, started anew when there is none or the last one failed. */
async function running() {
  if (!engine || engine.closed) {
    engine = await Rullama.start();
    const { name, backend } = await engine.describe();
    at('adapter').textContent = `${name} (${backend})`;
  }
  return engine;
}

async function load(source: ModelSource, label: string) {
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
    const [context, budget] = [number('context'), number('budget')];
    const loaded = await (await running()).load(source, {
      ...(context !== undefined && { contextLength: context }),
      ...(budget !== undefined && { budget: budget * MIB }),
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
    const instructions: Message[] = system ? [{ role: 'system', content: system }] : [];
    const conversation = { messages: [...instructions, ...messages] };
    const [temperature, longest] = [number('temperature'), number('max-tokens')];
    const options = {
      ...(temperature !== undefined && { temperature }),
      ...(longest !== undefined && { max_tokens: longest }),
      seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
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

function showSpeed({ usage, timings }: Finished) {
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

const mebibytes = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

function forget() {
  messages = [];
  at('chat').replaceChildren();
  at('speed').textContent = '';
}

at('by-url').addEventListener('submit', (event: Event) => {
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
at('ask').addEventListener('submit', (event: Event) => {
  event.preventDefault();
  send();
});
at('message').addEventListener('keydown', (event: KeyboardEvent) => {
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
