// The engine as a page calls it, over a worker's host.
import { expect, test } from 'vitest';
import type { Abortable } from '../../src/engine/options.ts';
import { EVENTS_AHEAD_MAX } from '../../src/engine/protocol.ts';
import { Rullama } from '../../src/engine/rullama.ts';
import type { ModelSource } from '../../src/engine/sources.ts';
import { FakePort, settled } from './fake_port.ts';
import { talkative } from './talkative.ts';

const request = { messages: [{ role: 'user' as const, content: 'Hi' }], stream: true as const };

async function loaded(total = Infinity) {
  const { port, said } = talkative(total);
  const engine = new Rullama(port);
  await engine.load(new Blob());
  return { engine, said };
}

test('a load that never reaches the engine leaves the model before', async () => {
  const { engine, said } = await loaded(0);
  const { model } = engine;
  await expect(engine.load(new Blob(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(engine.load('http://')).rejects.toMatchObject({ code: 'BAD_OPTION' });
  const uncloneable = { kv: (() => {}) as unknown as 'f16' };
  await expect(engine.load(new Blob(), uncloneable)).rejects.toMatchObject({ code: 'BAD_OPTION' });
  expect([engine.model, said.models]).toEqual([model, 1]);
  expect(model).not.toBe(null);
  await expect(engine.chat.completions.create(request)).resolves.toBeDefined();
});

test('a load that fails or is aborted on its way leaves none', async () => {
  const { engine, said } = await loaded();
  const abort = new AbortController();
  const loading = engine.load({ opfs: 'nowhere' }, { signal: abort.signal });
  expect(engine.model).toBe(null);
  abort.abort();
  await expect(loading).rejects.toBeDefined();
  expect([engine.model, said.models]).toEqual([null, 0]);
});

test('unloading with an aborted signal frees the memory all the same', async () => {
  const { engine, said } = await loaded();
  await expect(engine.unload({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  await settled();
  expect([engine.model, said.models]).toEqual([null, 0]);
});

/** Every call that takes a signal, but for `unload`, which frees the memory all the same. */
const ABORTABLE: Record<string, (engine: Rullama, options: Abortable) => Promise<unknown>> = {
  load: (engine, options) => engine.load(new Blob(), options),
  plan: (engine, options) => engine.plan(new Blob(), options),
  'tokenize a text': (engine, options) => engine.tokenize('Hi', options),
  'tokenize a conversation': (engine, options) => engine.tokenize({ messages: request.messages }, options),
  detokenize: (engine, options) => engine.detokenize([1], options),
  memory: (engine, options) => engine.memory(options),
  describe: (engine, options) => engine.describe(options),
  counters: (engine, options) => engine.counters(options),
  saveState: (engine, options) => engine.saveState(options),
  restoreState: (engine, options) => engine.restoreState(Uint8Array.of(1), options),
  reset: (engine, options) => engine.reset(options),
  generate: (engine, options) => engine.generate(Uint32Array.of(1), options).next(),
  logits: (engine, options) => engine.logits([1], 'prompt', options),
  checkKernels: (engine, options) => engine.checkKernels(() => {}, options),
  'a stream': (engine, options) => engine.chat.completions.create(request, options),
  'an answer': (engine, options) => engine.chat.completions.create({ ...request, stream: false }, options),
};

/** What takes no signal, or is not called. */
const OTHERS = ['constructor', 'model', 'unload', 'dispose', 'closed'];

test('every call that the engine has is among those that a signal ends', () => {
  const known = new Set([...OTHERS, ...Object.keys(ABORTABLE).map((name) => name.split(' ')[0])]);
  expect(Object.getOwnPropertyNames(Rullama.prototype).filter((name) => !known.has(name))).toEqual([]);
});

test.each(Object.entries(ABORTABLE))('%s with a signal that is aborted already rejects, and asks nothing of the engine', async (_name, call) => {
  const port = new FakePort();
  await expect(call(new Rullama(port), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(port.sent).toEqual([]);
});

test.each(Object.entries(ABORTABLE))('%s tells the engine of a signal that is aborted while it waits', async (_name, call) => {
  const port = new FakePort();
  const abort = new AbortController();
  const waiting = call(new Rullama(port), { signal: abort.signal });
  await settled();
  abort.abort();
  expect(port.sent).toMatchObject([{ id: port.last.id }, { cancel: port.last.id }]);
  port.answer({ error: { code: 'CANCELLED', message: 'cancelled', details: {} } });
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('what is wrong with a call rejects and throws nothing', async () => {
  const { engine } = await loaded();
  await expect(engine.plan('http://')).rejects.toMatchObject({ code: 'BAD_OPTION', details: { option: 'url' } });
  await expect(engine.plan({} as ModelSource)).rejects.toMatchObject({ code: 'BAD_OPTION', details: { option: 'source' } });
  // JavaScript callers are not held to the types.
  for (const ids of [null, [-1], [0, 1.5], [2 ** 32], ['1']] as unknown as number[][]) {
    for (const call of [() => engine.detokenize(ids), () => engine.logits(ids)]) {
      await expect(call()).rejects.toMatchObject({ code: 'BAD_OPTION', details: { option: 'ids' } });
    }
  }
});

test.each([null, undefined, 5, () => {}])('the source %s is refused before anything is started', async (source) => {
  let started = 0;
  const worker = () => ((started += 1), {} as Worker);
  const loading = Rullama.load(source as unknown as ModelSource, { worker });
  await expect(loading).rejects.toMatchObject({ name: 'RequestError', code: 'BAD_OPTION', details: { option: 'source' } });
  expect(started).toBe(0);
});

test('a worker that the browser refuses, as of another origin, is an error with what to do', async () => {
  const worker = () => {
    throw new DOMException('Script cannot be accessed', 'SecurityError');
  };
  const starting = Rullama.start({ worker });
  await expect(starting).rejects.toMatchObject({ code: 'WASM_FAILED', message: expect.stringContaining('`worker`') });
});

test('the model goes with its device, and with the engine', async () => {
  const { engine, said } = await loaded();
  said.refused = 'DEVICE_LOST';
  await expect(engine.chat.completions.create(request)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  expect(engine.model).toBe(null);
  said.refused = null;
  await engine.load(new Blob());
  expect(engine.model).not.toBe(null);
  engine.dispose();
  expect(engine.model).toBe(null);
});

test.each(['CONTEXT_FULL', 'BAD_OPTION', 'BAD_PROMPT'])('%s is thrown before there is a stream', async (code) => {
  const { engine, said } = await loaded();
  said.refused = code;
  await expect(engine.chat.completions.create(request)).rejects.toMatchObject({ code });
  await expect(engine.chat.completions.create({ ...request, stream: false })).rejects.toMatchObject({ code });
});

test('without a model there is no stream', async () => {
  const { engine } = await loaded();
  await engine.unload();
  await expect(engine.chat.completions.create(request)).rejects.toMatchObject({ code: 'NO_MODEL' });
});

test('a stream that is never read holds up nothing', async () => {
  const { engine, said } = await loaded(EVENTS_AHEAD_MAX * 2);
  const unread = await engine.chat.completions.create(request);
  const left = await engine.chat.completions.create(request);
  await left.return(undefined);
  await settled();
  expect(said.count).toBe(0);
  await engine.chat.completions.create({ ...request, stream: false });
  expect(said.count).toBe(EVENTS_AHEAD_MAX * 2);
  await engine.unload();
  await unread.next();
  await expect(unread.next()).rejects.toMatchObject({ code: 'NO_MODEL' });
});

test('a stream begins when it is read, holds the engine back, and ends when it is left', async () => {
  const { engine, said } = await loaded();
  const stream = await engine.chat.completions.create(request);
  const deltas = [await stream.next(), await stream.next()].map(({ value }) => value?.choices[0]?.delta);
  expect(deltas).toEqual([{ role: 'assistant', content: '' }, { content: '1' }]);
  await settled();
  expect(said.count).toBe(EVENTS_AHEAD_MAX);
  await stream.return(undefined);
  await engine.unload();
  expect([said.count, said.models]).toEqual([EVENTS_AHEAD_MAX, 0]);
});

test('an abort ends a stream before it is one, and while it is read', async () => {
  const { engine } = await loaded();
  const abort = new AbortController();
  const stream = await engine.chat.completions.create(request, { signal: abort.signal });
  await stream.next();
  await stream.next();
  // The answer that is under way has the engine; the next request waits for its turn.
  const impatient = new AbortController();
  const waiting = engine.chat.completions.create(request, { signal: impatient.signal });
  impatient.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  abort.abort();
  const rest = async () => {
    for await (const _ of stream);
  };
  await expect(rest()).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a model is there only if nothing was asked for after it', async () => {
  const { engine, said } = await loaded();
  const load = engine.load(new Blob());
  const unload = engine.unload();
  await expect(load).resolves.toMatchObject({ name: 'm' });
  await unload;
  expect([engine.model, said.models]).toEqual([null, 0]);
});

test('an answer in the reading of another one waits for neither its reader nor its own turn when it is aborted', async () => {
  const { engine, said } = await loaded(4 * EVENTS_AHEAD_MAX);
  const outer = engine.generate(new Uint32Array([1]));
  await outer.next();
  const inner = await engine.chat.completions.create({ ...request, stream: false });
  expect([said.count, inner.choices[0]!.finish_reason]).toEqual([4 * EVENTS_AHEAD_MAX, 'stop']);
  await outer.return();

  const held = await loaded();
  const endless = held.engine.generate(new Uint32Array([1]));
  await endless.next();
  const abort = new AbortController();
  const waiting = held.engine.generate(new Uint32Array([1]), { signal: abort.signal }).next();
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await endless.return();
});

test('a load that is aborted while it waits for its turn leaves no model, as any that fails', async () => {
  const { engine, said } = await loaded();
  const answer = engine.generate(new Uint32Array([1]));
  await answer.next();
  const abort = new AbortController();
  const loading = engine.load(new Blob(), { signal: abort.signal });
  abort.abort();
  await expect(loading).rejects.toMatchObject({ code: 'CANCELLED' });
  await answer.return();
  await engine.unload();
  expect([engine.model, said.models]).toEqual([null, 0]);
});

test('a load that is aborted when all but its session is there gives everything back, and so does one without a name', async () => {
  const { engine, said } = await loaded();
  const abort = new AbortController();
  said.atSession = () => abort.abort();
  await expect(engine.load(new Blob(), { signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([engine.model, said.models, said.sources]).toEqual([null, 0, 0]);

  said.atSession = () => {};
  said.badName = true;
  await expect(engine.load(new Blob())).rejects.toMatchObject({ code: 'BAD_FILE' });
  expect([engine.model, said.models, said.sources]).toEqual([null, 0, 0]);
  said.badName = false;
  await expect(engine.load(new Blob())).resolves.toMatchObject({ name: 'm' });
});

test('an answer that waits for its reader ends when it is left, though the device was lost meanwhile', async () => {
  const { engine, said } = await loaded();
  const answer = engine.generate(new Uint32Array([1]));
  await answer.next();
  await settled();
  said.isLost = true;
  await expect(engine.memory()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  await answer.return();
  await engine.unload();
  expect([said.models, said.sources]).toEqual([0, 0]);
});
