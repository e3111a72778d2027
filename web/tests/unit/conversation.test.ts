import { expect, test } from 'vitest';
import { messagesOf, newConversation, newSettings, newTurn, titleOf, type Turn } from '../../src/app/chats/conversation.ts';
import { fromJson, toJson, toMarkdown } from '../../src/app/chats/transfer.ts';

const figures = { model: 'demo', promptTokens: 9, reusedTokens: 2, writtenTokens: 5, promptSeconds: 0.5, decodeSeconds: 1 };

function example() {
  const settings = { system: 'Be kind.', thinking: true, sampling: { temperature: 0.5, seed: 7 } };
  const conversation = { ...newConversation(settings), title: 'Goats' };
  const turns: Turn[] = [
    newTurn(conversation.id, 0, 'user', 'Can a goat fly?'),
    { ...newTurn(conversation.id, 1, 'assistant', 'No.'), thoughts: 'Hm.', ending: 'stopped', figures },
  ];
  return { conversation, turns };
}

test('an export reads back as it was, under new ids', () => {
  const { conversation, turns } = example();
  const [read, ...others] = fromJson(toJson([{ conversation, turns }]));
  expect(others).toEqual([]);
  expect(read!.conversation).toEqual({ ...conversation, id: read!.conversation.id });
  expect(read!.conversation.id).not.toBe(conversation.id);
  expect(read!.turns).toEqual(turns.map((turn, n) => ({ ...turn, id: read!.turns[n]!.id, conversation: read!.conversation.id })));
});

test('an answer under way is exported as interrupted', () => {
  const { conversation } = example();
  const turns = [newTurn(conversation.id, 0, 'user', 'Hi'), newTurn(conversation.id, 1, 'assistant', 'Hel')];
  expect(fromJson(toJson([{ conversation, turns }]))[0]!.turns[1]!.ending).toBe('interrupted');
});

test.each([
  ['{', 'no JSON'],
  ['{}', 'no export'],
  ['null', 'no export'],
  ['{"format":"rullama-conversations","version":2}', 'version 2'],
  ['{"format":"rullama-conversations","version":1,"conversations":[{"messages":[{"role":"system","content":"x"}]}]}', 'message 1 of conversation 1'],
  ['{"format":"rullama-conversations","version":1,"conversations":[{"messages":[{"role":"user","content":5}]}]}', 'no text'],
])('%s is refused', (text, problem) => {
  expect(() => fromJson(text)).toThrow(problem);
});

test('what an import should not hold does not come in', () => {
  const text = JSON.stringify({
    format: 'rullama-conversations', version: 1,
    conversations: [{ settings: { sampling: { temperature: '1', top_k: 3, other: 1 } }, messages: [{ role: 'user', content: 'Hi', ending: 'writing', figures: { model: 1 } }] }],
  });
  const [{ conversation, turns }] = fromJson(text) as [ReturnType<typeof example>];
  expect(conversation.settings).toEqual({ ...newSettings(), sampling: { top_k: 3 } });
  expect([turns[0]!.ending, turns[0]!.figures]).toEqual(['complete', null]);
  expect(conversation.title).toBe('Hi');
});

test('Markdown has everything that was said', () => {
  expect(toMarkdown(example())).toBe(
    '# Goats\n\n> Be kind.\n\n## You\n\nCan a goat fly?\n\n## Gemma\n\n<details><summary>Thinking</summary>\n\nHm.\n\n</details>\n\nNo.\n',
  );
});

test('the engine is asked with instructions first, and without answers that said nothing', () => {
  const { conversation, turns } = example();
  const empty = newTurn(conversation.id, 2, 'assistant', '');
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
