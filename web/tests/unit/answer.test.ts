// An answer whose engine loses its model.
import { RequestError, type GenerateEvent, type Rullama } from 'rullama';
import { beforeEach, expect, test, vi } from 'vitest';
import type { answer as Answer } from '../../src/app/chats/answer.svelte.ts';
import type { chats as Chats } from '../../src/app/chats/chats.svelte.ts';
import { FakeDatabase, stubPage } from './fake_database.ts';

/** The app's engine, which has lost its model unseen: the page still shows it. */
class FakeRuntime {
  name = 'm';
  choice: object | null = {};
  loads = 0;
  hasModel = false;
  /** Whether loading the model again helps. */
  isSound = true;
  reason = 'stop';
  usage = {};
  beforeUnload = async () => {};
  cancelLoading() {}

  async reload() {
    this.loads += 1;
    this.hasModel = this.isSound;
    return true;
  }

  async engine(): Promise<Rullama> {
    const refusal = () => new RequestError({ code: 'NO_MODEL', message: 'no model is loaded; load one first' });
    const generate = async function* (this: FakeRuntime): AsyncGenerator<GenerateEvent> {
      if (!this.hasModel) throw refusal();
      yield { type: 'text', text: 'Hello.' } as GenerateEvent;
      yield { type: 'finished', reason: this.reason, usage: this.usage, timings: {} } as unknown as GenerateEvent;
    };
    return { closed: false, tokenize: async () => [], generate: generate.bind(this) } as unknown as Rullama;
  }
}

const runtime = new FakeRuntime();
let answer: typeof Answer;
let chats: typeof Chats;

vi.doMock('idb', () => ({ openDB: async () => new FakeDatabase() }));
vi.doMock('../../src/app/engine/runtime.svelte.ts', () => ({ runtime }));
stubPage();
await import('../../src/app/chats/answer.svelte.ts');

beforeEach(async () => {
  Object.assign(runtime, new FakeRuntime());
  vi.resetModules();
  ({ answer } = await import('../../src/app/chats/answer.svelte.ts'));
  ({ chats } = await import('../../src/app/chats/chats.svelte.ts'));
});

/** How the last answer stands, after `loads` of the model. */
const outcome = () => {
  const { text, ending } = chats.turns.at(-1)!;
  return { text, ending, loads: runtime.loads, failure: answer.failure?.code ?? null };
};

test('a model that was lost while nobody asked is loaded again, and the question is answered', async () => {
  await answer.ask('Hi');
  expect(outcome()).toEqual({ text: 'Hello.', ending: 'complete', loads: 1, failure: null });
});

test('a model that is lost again and again is given up', async () => {
  runtime.isSound = false;
  await answer.ask('Hi');
  expect(outcome()).toEqual({ text: '', ending: 'interrupted', loads: 2, failure: 'NO_MODEL' });
});

test('without a choice there is nothing to load', async () => {
  runtime.choice = null;
  await answer.ask('Hi');
  expect(outcome()).toEqual({ text: '', ending: 'interrupted', loads: 0, failure: 'NO_MODEL' });
});

test('an answer that goes on has the prompt of its beginning, though what was thought is not in what it goes on from', async () => {
  Object.assign(runtime, { hasModel: true, reason: 'length', usage: { prompt_tokens: 50, generated_tokens: 500 } });
  await answer.ask('Hi');
  runtime.usage = { prompt_tokens: 60, generated_tokens: 20 };
  await answer.goOn(chats.turns.at(-1)!);
  expect(chats.turns.at(-1)!.figures).toMatchObject({ promptTokens: 50, writtenTokens: 520 });
});

test('a failure is of the conversation whose answer failed', async () => {
  runtime.choice = null;
  await answer.ask('Hi');
  expect([answer.failure?.code, answer.failedIn]).toEqual(['NO_MODEL', chats.current.id]);
});
