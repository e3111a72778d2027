import { expect, test } from 'vitest';
import { messagesOf, newConversation, newSettings, newTurn, pathOf, titleOf, versionsOf, type Conversation, type Turn } from '../../src/app/chats/conversation.ts';
import { fromJson, toJson } from '../../src/app/chats/transfer.ts';

const figures = { model: 'demo', promptTokens: 9, reusedTokens: 2, writtenTokens: 5, promptSeconds: 0.5, decodeSeconds: 1 };

function example() {
  const settings = { system: 'Be kind.', thinking: true, sampling: { temperature: 0.5, seed: 7, draft_max: 63, presence_penalty: 0.5, frequency_penalty: -1, stop: ['\n\n', 'END'] } };
  const conversation = { ...newConversation(settings), title: 'Goats' };
  const question = newTurn(conversation.id, null, 'user', 'Can a goat fly?');
  const turns: Turn[] = [question, { ...newTurn(conversation.id, question, 'assistant', 'No.'), thoughts: 'Hm.', ending: 'stopped', figures }];
  return { conversation, turns };
}

test('an export reads back as it was, under new ids', () => {
  const { conversation, turns } = example();
  const [read, ...others] = fromJson(toJson([{ conversation, turns }]));
  expect(others).toEqual([]);
  expect(read!.conversation).toEqual({ ...conversation, id: read!.conversation.id });
  expect(read!.conversation.id).not.toBe(conversation.id);
  const ids = new Map(turns.map(({ id }, n) => [id, read!.turns[n]!.id]));
  const renamed = turns.map((turn) => ({ ...turn, id: ids.get(turn.id), parent: turn.parent && ids.get(turn.parent), conversation: read!.conversation.id }));
  expect(read!.turns).toEqual(renamed);
});

/** A question in two wordings; the first has two answers, of which the first was gone on from, and the second is shown. */
function versions() {
  const { conversation, turns: [question, no] } = example() as { conversation: ReturnType<typeof newConversation>; turns: [Turn, Turn] };
  const why = newTurn(conversation.id, no, 'user', 'Why?');
  const yes: Turn = { ...newTurn(conversation.id, question, 'assistant', 'Yes.'), version: 1, ending: 'complete' };
  const other: Turn = { ...newTurn(conversation.id, null, 'user', 'Can a goose fly?'), version: 1, isShown: false };
  const fly: Turn = { ...newTurn(conversation.id, other, 'assistant', 'Far.'), ending: 'complete' };
  return { conversation, turns: [question, { ...no, isShown: false }, why, yes, other, fly] };
}

const texts = (turns: Turn[]) => turns.map(({ text }) => text);

test('versions are shown one at a time, with what follows each', () => {
  const { turns } = versions();
  expect(texts(pathOf(turns))).toEqual(['Can a goat fly?', 'Yes.']);
  expect(texts(versionsOf(turns[3]!, turns))).toEqual(['No.', 'Yes.']);
  const show = (...shown: number[]) => turns.map((turn, n) => ({ ...turn, isShown: shown.includes(n) }));
  expect(texts(pathOf(show(0, 1, 2)))).toEqual(['Can a goat fly?', 'No.', 'Why?']);
  expect(texts(pathOf(show(4)))).toEqual(['Can a goose fly?', 'Far.']);
  expect(texts(pathOf(turns.map((turn) => ({ ...turn, isShown: false }))))).toEqual(['Can a goose fly?', 'Far.']);
  expect(pathOf([])).toEqual([]);
});

test('versions come through an export, and what has none is in the older form', () => {
  const whole = versions();
  const json = toJson([{ ...whole, turns: whole.turns.toReversed() }]);
  const [read] = fromJson(json);
  expect(texts(pathOf(read!.turns))).toEqual(['Can a goat fly?', 'Yes.']);
  const all = (turns: Turn[]) => turns.map((turn) => ({ text: turn.text, after: turns.find(({ id }) => id === turn.parent)?.text, version: turn.version, isShown: turn.isShown, order: turn.order }));
  const byText = (a: { text: string }, b: { text: string }) => a.text.localeCompare(b.text);
  expect(all(read!.turns).sort(byText)).toEqual(all(whole.turns).sort(byText));
  expect([json, toJson([example()])].map((text) => JSON.parse(text).version)).toEqual([2, 1]);
});

test('what follows a turn that is gone comes through an export too', () => {
  const { conversation, turns: [question, no, why] } = versions() as { conversation: Conversation; turns: [Turn, Turn, Turn] };
  const never = newTurn(conversation.id, why, 'assistant', 'No wings.');
  const yes: Turn = { ...newTurn(conversation.id, question, 'assistant', 'Yes.'), version: 1 };
  const comeBack = (...turns: Turn[]) => fromJson(toJson([{ conversation, turns }]))[0]!.turns;
  expect(texts(pathOf(comeBack(question, yes, why, never)))).toEqual(['Can a goat fly?', 'Yes.', 'Why?', 'No wings.']);
  // What is shown in its place stays there.
  const how = newTurn(conversation.id, yes, 'user', 'How?');
  for (const followers of [[why, how], [how, why]]) {
    const read = comeBack(question, yes, ...followers, never);
    expect(texts(pathOf(read))).toEqual(['Can a goat fly?', 'Yes.', 'How?']);
    expect(texts(read).sort()).toEqual(['Can a goat fly?', 'How?', 'No wings.', 'Why?', 'Yes.']);
  }
  // A first question has no turn before its place.
  expect(texts(pathOf(comeBack(no, why)))).toEqual(['No.', 'Why?']);
});

test('an answer under way is exported as interrupted', () => {
  const { conversation } = example();
  const question = newTurn(conversation.id, null, 'user', 'Hi');
  const turns = [question, newTurn(conversation.id, question, 'assistant', 'Hel')];
  expect(fromJson(toJson([{ conversation, turns }]))[0]!.turns[1]!.ending).toBe('interrupted');
});

test.each([
  ['{', 'no JSON'],
  ['{}', 'no export'],
  ['null', 'no export'],
  ['{"format":"rullama-conversations","version":3}', 'version 3'],
  ['{"format":"rullama-conversations","version":2,"conversations":[{"messages":[{"role":"user","content":"x","parent":0}]}]}', 'follows message 0'],
  ['{"format":"rullama-conversations","version":1,"conversations":[{"messages":[{"role":"system","content":"x"}]}]}', 'message 1 of conversation 1'],
  ['{"format":"rullama-conversations","version":1,"conversations":[{"messages":[{"role":"user","content":5}]}]}', 'no text'],
])('%s is refused', (text, problem) => {
  expect(() => fromJson(text)).toThrow(problem);
});

test('what an import should not hold does not come in', () => {
  const text = JSON.stringify({
    format: 'rullama-conversations', version: 1,
    conversations: [{ settings: { sampling: { temperature: '1', top_k: 3, other: 1, stop: ['', 5] } }, messages: [{ role: 'user', content: 'Hi', ending: 'writing', figures: { model: 1 } }] }],
  });
  const [{ conversation, turns }] = fromJson(text) as [ReturnType<typeof example>];
  expect(conversation.settings).toEqual({ ...newSettings(), sampling: { top_k: 3 } });
  expect([turns[0]!.ending, turns[0]!.figures]).toEqual(['complete', null]);
  expect(conversation.title).toBe('Hi');
});

test('the engine is asked with instructions first, and without answers that said nothing', () => {
  const { conversation, turns } = example();
  const empty = newTurn(conversation.id, turns[1]!, 'assistant', '');
  expect(messagesOf(conversation.settings, [...turns, empty])).toEqual([
    { role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Can a goat fly?' }, { role: 'assistant', content: 'No.' },
  ]);
  expect(messagesOf({ ...newSettings(), system: ' ' }, turns)[0]!.role).toBe('user');
});

test.each([
  ['  What is\n this? ', 'What is this?'],
  ['word '.repeat(30), `${'word '.repeat(12).trim()}…`],
  ['x'.repeat(80), `${'x'.repeat(60)}…`],
])('a title', (text, title) => {
  expect(titleOf(text)).toBe(title);
});
