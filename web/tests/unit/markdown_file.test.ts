import { expect, test } from 'vitest';
import { newConversation, newSettings, newTurn, type Turn } from '../../src/app/chats/conversation.ts';
import { fromMarkdown, toMarkdown } from '../../src/app/chats/markdown_file.ts';

/** What was said in turn, with the thoughts before each answer. */
interface Said {
  title: string;
  system: string;
  texts: string[];
  thoughts: string;
}

function whole({ title, system, texts, thoughts }: Said) {
  const conversation = { ...newConversation({ ...newSettings(), system }), title };
  const turns: Turn[] = [];
  for (const [n, text] of texts.entries()) {
    const turn = newTurn(conversation.id, turns.at(-1) ?? null, n % 2 ? 'assistant' : 'user', text);
    turns.push({ ...turn, thoughts: n % 2 ? thoughts : '', ending: 'complete' });
  }
  return { conversation, turns };
}

const said = (text: string): Said[] =>
  fromMarkdown(text).map(({ conversation, turns }) => ({
    title: conversation.title,
    system: conversation.settings.system,
    texts: turns.map((turn) => turn.text),
    thoughts: turns.find(({ role }) => role === 'assistant')?.thoughts ?? '',
  }));

const GOATS = { title: 'Goats', system: 'Be kind.', texts: ['Can a goat fly?', 'No.'], thoughts: 'Hm.' };

test('it has everything that was said', () => {
  expect(toMarkdown([whole(GOATS)])).toBe(
    '# Goats\n\n> Be kind.\n\n## You\n\nCan a goat fly?\n\n## Gemma\n\n<details><summary>Thinking</summary>\n\nHm.\n\n</details>\n\nNo.\n',
  );
});

test('it has the version that is shown', () => {
  const { conversation, turns: [question, no] } = whole(GOATS) as { conversation: ReturnType<typeof newConversation>; turns: [Turn, Turn] };
  const yes = { ...newTurn(conversation.id, question, 'assistant', 'Yes.'), version: 1 };
  const text = toMarkdown([{ conversation, turns: [question, { ...no, isShown: false }, yes] }]);
  expect(said(text)[0]!.texts).toEqual(['Can a goat fly?', 'Yes.']);
});

const NASTY = [
  '',
  '\n',
  '\n\n \n',
  '  a\n\n\n',
  '# Title\n## Other\n### You',
  '## You',
  '## You\n\n## Gemma\n\n## You',
  '\\## You\n\\\\## Gemma\n\\## Other',
  '```md\n## You\n\n## Gemma\n```',
  '```\n## Gemma', // an answer that was stopped in its code
  '> ## You\n## You \n ## You\n##  You',
  '<details><summary>Thinking</summary>\n\nno thought\n\n</details>\n\nafter',
  '<details>\n</details>\n</details>\n\\</details>',
  '\\<details><summary>Thinking</summary>',
  '<!-- rullama: the next conversation -->\n\n# Other',
  '\\<!-- rullama: the next conversation -->',
  '---\n\n# Other\n\n> quoted',
  'a\r\n## You\r\nb\r## Gemma\u2028## You',
];

test.each(NASTY)('%j comes back as it was', (text) => {
  const all = [
    { ...GOATS, texts: [text, text, text, ''] },
    { ...GOATS, thoughts: text },
    { ...GOATS, thoughts: '', texts: [text, text] },
    // Instructions of white space are none.
    { ...GOATS, system: text.trim() && text },
  ];
  for (const one of all) expect(said(toMarkdown([whole(one)]))).toEqual([one]);
  expect(said(toMarkdown(all.map(whole)))).toEqual(all);
});

test('line ends that something has changed are read', () => {
  expect(said(toMarkdown([whole(GOATS), whole(GOATS)]).replaceAll('\n', '\r\n'))).toEqual([GOATS, GOATS]);
});

test('a file that was written by hand is read', () => {
  expect(said('# Goats\n## You\nCan a goat fly?\n## Gemma\nNo.')).toEqual([{ ...GOATS, system: '', thoughts: '' }]);
});

test('an import has new ids', () => {
  const text = toMarkdown([whole(GOATS)]);
  const [[first], [second]] = [fromMarkdown(text), fromMarkdown(text)];
  expect(first!.conversation.id).not.toBe(second!.conversation.id);
  expect(first!.turns.map(({ conversation, parent, ending }) => [conversation, parent, ending])).toEqual([
    [first!.conversation.id, null, 'complete'], [first!.conversation.id, first!.turns[0]!.id, 'complete'],
  ]);
});

test.each([
  ['', 'conversation 1 does not begin with a title'],
  ['Some notes.\n\n## You\n\nHi\n', 'conversation 1 does not begin with a title'],
  ['# A page\n\n## Other\n\ntext\n', 'conversation 1 has no line `## You` or `## Gemma`'],
  [`${toMarkdown([whole(GOATS)])}\n<!-- rullama: the next conversation -->\n`, 'conversation 2 does not begin'],
])('%j is refused', (text, problem) => {
  expect(() => fromMarkdown(text)).toThrow(problem);
});
