// Conversations of two tabs: what is written here while the other one reads, writes and removes.
import { beforeEach, expect, test, vi } from 'vitest';
import type { chats as Chats } from '../../src/app/chats/chats.svelte.ts';
import { newConversation, newTurn, type Conversation, type Turn } from '../../src/app/chats/conversation.ts';
import type { Whole } from '../../src/app/chats/transfer.ts';
import { FakeChannel, FakeDatabase, stubPage } from './fake_database.ts';
import { settled } from './fake_port.ts';

let database: FakeDatabase;
let chats: typeof Chats;
let held: () => Promise<string[]>;

vi.doMock('idb', () => ({ openDB: async () => database }));
stubPage(() => held());
await import('../../src/app/chats/chats.svelte.ts');

beforeEach(async () => {
  database = new FakeDatabase();
  held = async () => [];
  vi.resetModules();
  ({ chats } = await import('../../src/app/chats/chats.svelte.ts'));
});

/** A stored conversation in which `texts` were said in turn. */
async function stored(...texts: string[]): Promise<Whole> {
  const conversation: Conversation = { ...newConversation(), title: texts[0]! };
  const turns: Turn[] = [];
  for (const [n, text] of texts.entries()) {
    turns.push({ ...newTurn(conversation.id, turns.at(-1) ?? null, n % 2 ? 'assistant' : 'user', text), ending: 'complete' });
  }
  await chats.restore({ conversation, turns });
  return { conversation, turns };
}

/** As another tab does it: what is stored goes, and this tab hears of it. */
async function removeElsewhere({ conversation, turns }: Whole) {
  await database.delete('conversations', conversation.id);
  for (const { id } of turns) await database.delete('turns', id);
  await FakeChannel.opened.at(-1)!.onmessage({ data: conversation.id });
}

const texts = (turns: Turn[]) => turns.map(({ text }) => text);
const ids = (turns: Turn[]) => turns.map(({ id }) => id);

/** What is read of a conversation by a tab that opens it. */
async function readBack(id: string): Promise<string[]> {
  chats.begin();
  expect(await chats.open(id)).toBe(true);
  return texts(chats.turns);
}

test('an empty answer gives way to the next attempt, and one that was gone on from stays as another version', async () => {
  const last = await stored('Hi', '');
  await chats.open(last.conversation.id);
  await chats.addVersion(chats.turns[1]!, newTurn(last.conversation.id, last.turns[0]!, 'assistant', 'Hello.'));
  expect([texts(chats.all), database.ids('turns').includes(last.turns[1]!.id)]).toEqual([['Hi', 'Hello.'], false]);

  const middle = await stored('Hi', '', 'Are you there?', 'Yes.');
  await chats.open(middle.conversation.id);
  await chats.addVersion(chats.turns[1]!, newTurn(middle.conversation.id, middle.turns[0]!, 'assistant', 'Hello.'));
  expect(texts(chats.turns)).toEqual(['Hi', 'Hello.']);
  await chats.show(chats.versions(chats.turns[1]!)[0]!);
  expect(texts(chats.turns)).toEqual(['Hi', '', 'Are you there?', 'Yes.']);
  expect(await readBack(middle.conversation.id)).toEqual(['Hi', '', 'Are you there?', 'Yes.']);
});

test('an import is stored whole or not at all', async () => {
  const [one, two] = [await stored('one'), await stored('two')];
  const { toJson } = await import('../../src/app/chats/transfer.ts');
  const text = toJson([one, two]);
  const transaction = vi.spyOn(database, 'transaction');
  await chats.import('both.json', text);
  expect([transaction.mock.calls.length, chats.list.length]).toEqual([1, 4]);
});

test('what cannot be read is no export without conversations', async () => {
  await stored('one');
  database.beforeTurns = async () => {
    throw new Error('the disk is broken');
  };
  expect(await chats.wholes()).toBe(null);
  expect(chats.failure?.message).toContain('the disk is broken');
});

test('a conversation that another tab has removed stays on the page, and is there again with its next message', async () => {
  const whole = await stored('Hi', 'Hello.');
  const { id } = whole.conversation;
  await chats.open(id);
  await removeElsewhere(whole);
  expect([chats.list, texts(chats.turns)]).toEqual([[], ['Hi', 'Hello.']]);
  await chats.add(newTurn(id, chats.turns[1]!, 'user', 'How are you?'));
  expect(chats.list.map(({ id }) => id)).toEqual([id]);
  expect(await readBack(id)).toEqual(['Hi', 'Hello.', 'How are you?']);
});

test('a conversation that another tab removes while it is answered leaves nothing behind', async () => {
  const whole = await stored('Hi', 'Hel');
  await chats.open(whole.conversation.id);
  const turn = (chats.live = chats.turns[1]!);
  await removeElsewhere(whole);
  turn.text = 'Hello.';
  await chats.keep(turn, false);
  await chats.keep(turn, true);
  await chats.show(turn);
  chats.keepSettings();
  await chats.open((await stored('Another')).conversation.id);
  expect([database.ids('conversations').length, database.ids('turns').length]).toEqual([1, 1]);
});

test('another version of an answer in a conversation that another tab has removed is stored with all of it', async () => {
  const whole = await stored('Hi', 'Hello.', 'How are you?', 'Well.');
  await chats.open(whole.conversation.id);
  await removeElsewhere(whole);
  await chats.addVersion(chats.turns[3]!, newTurn(whole.conversation.id, whole.turns[2]!, 'assistant', 'Fine.'));
  expect(await readBack(whole.conversation.id)).toEqual(['Hi', 'Hello.', 'How are you?', 'Fine.']);
  expect(texts(chats.versions(chats.turns[3]!))).toEqual(['Well.', 'Fine.']);
});

/** Has the turns of a conversation come when they are let go. */
function slow(id: string): () => void {
  let letGo = () => {};
  const waiting = new Promise<void>((resolve) => (letGo = resolve));
  database.beforeTurns = (conversation) => (conversation === id ? waiting : Promise.resolve());
  return letGo;
}

test('of two conversations that are opened in turn the later one is shown, however long the first one is', async () => {
  const [long, short] = [await stored('long'), await stored('short')];
  const letGo = slow(long.conversation.id);
  const first = chats.open(long.conversation.id);
  await chats.open(short.conversation.id);
  letGo();
  // It is there, so nobody is to be led away from the one that is shown.
  expect(await first).toBe(true);
  expect(chats.current.id).toBe(short.conversation.id);
});

test.each([
  ['a new chat', () => chats.begin()],
  ['the one that is open still', () => chats.open(chats.current.id)],
])('%s that is asked for while a long conversation is read stays', async (_what, ask) => {
  const [long, short] = [await stored('long'), await stored('short')];
  await chats.open(short.conversation.id);
  const letGo = slow(long.conversation.id);
  const opening = chats.open(long.conversation.id);
  await ask();
  const { id } = chats.current;
  letGo();
  await opening;
  expect(chats.current.id).toBe(id);
});

test('what another tab changes in the open conversation keeps none from being opened', async () => {
  const [open, long] = [await stored('open'), await stored('long')];
  await chats.open(open.conversation.id);
  const letGo = slow(long.conversation.id);
  const opening = chats.open(long.conversation.id);
  await FakeChannel.opened.at(-1)!.onmessage({ data: open.conversation.id });
  letGo();
  await opening;
  expect(chats.current.id).toBe(long.conversation.id);
});

test('the conversation of the address is opened, though what waits unsent is read at the same time', async () => {
  const named = await stored('named');
  await database.put('remembered', { settings: named.conversation.settings, draft: 'unsent' }, 'unsent');
  const letGo = slow(named.conversation.id);
  const opening = chats.open(named.conversation.id);
  await chats.start();
  letGo();
  await opening;
  expect(chats.current.id).toBe(named.conversation.id);
});

test('an answer that nobody writes was interrupted; one that another tab ends while that is found out is as it wrote it', async () => {
  const whole = await stored('Hi', 'Hel', 'Still there?', 'Ye');
  const [, first, , second] = whole.turns as [Turn, Turn, Turn, Turn];
  for (const turn of [first, second]) await database.put('turns', { ...turn, ending: 'writing' });
  held = async () => {
    await database.put('turns', { ...second, text: 'Yes.', ending: 'complete' });
    return [];
  };
  await chats.open(whole.conversation.id);
  await settled();
  const ends = (turns: Turn[]) => turns.map(({ text, ending }) => [text, ending]);
  const expected = [['Hi', 'complete'], ['Hel', 'interrupted'], ['Still there?', 'complete'], ['Yes.', 'complete']];
  expect(ends(chats.turns)).toEqual(expected);
  expect(ends(await Promise.all(ids(whole.turns).map((id) => database.get('turns', id) as Promise<Turn>)))).toEqual(expected);
});

test('what could not be stored is exported from the page, and stored with what follows it', async () => {
  const { conversation } = await stored('Hi', 'Hello.');
  await chats.open(conversation.id);
  const put = database.stores.turns.put;
  database.stores.turns.put = async () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  const say = (role: Turn['role'], text: string) => chats.add({ ...newTurn(conversation.id, chats.turns.at(-1)!, role, text), ending: 'complete' });
  await say('user', 'Are you there?');
  expect([chats.failure?.code, texts(chats.shown.turns)]).toEqual(['STORAGE_FULL', ['Hi', 'Hello.', 'Are you there?']]);
  database.stores.turns.put = put;
  await say('assistant', 'Yes.');
  expect(await readBack(conversation.id)).toEqual(['Hi', 'Hello.', 'Are you there?', 'Yes.']);
});

test('what another tab changes in a conversation that is answered here is not undone by the next question', async () => {
  const { conversation } = await stored('Hi', 'Hello.');
  await chats.open(conversation.id);
  await chats.add(newTurn(conversation.id, chats.turns.at(-1)!, 'assistant', ''));
  chats.live = chats.turns.at(-1)!;
  await database.put('conversations', { ...conversation, title: 'Renamed', settings: { ...conversation.settings, system: 'Be kind.' } });
  await FakeChannel.opened.at(-1)!.onmessage({ data: conversation.id });
  expect(chats.live.id).toBe(chats.turns.at(-1)!.id);
  chats.live = null;
  await chats.add(newTurn(conversation.id, chats.turns.at(-1)!, 'user', 'And?'));
  await chats.refresh();
  expect(chats.list[0]).toMatchObject({ title: 'Renamed', settings: { system: 'Be kind.' } });
});
