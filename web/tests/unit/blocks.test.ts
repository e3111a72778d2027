import { expect, test } from 'vitest';
import { Blocks } from '../../src/app/markdown/blocks.ts';

const TEXT = `# Title

A paragraph that
goes on.

- one
- two

  more of two

\`\`\`js
const a = 1;

# no title
\`\`\`

| a | b |
| - | - |
| 1 | 2 |

Last *words*.`;

const raw = (blocks: { raw: string }[]) => blocks.map((block) => block.raw.trim());

test('text that grows by single characters ends as the whole text is read', () => {
  const growing = new Blocks();
  let last = growing.read('', false);
  for (let end = 1; end <= TEXT.length; end++) last = growing.read(TEXT.slice(0, end), false);
  expect(raw(last)).toEqual(raw(new Blocks().read(TEXT, true)));
  expect(last.map(({ type }) => type)).toEqual(['heading', 'paragraph', 'list', 'code', 'table', 'paragraph']);
});

const ANSWERS = {
  'a tight list': 'Here are three:\n* **Speed:** it is *fast*.\n*   **Size:** small.\n  * nested\n    - deeper\n- another list\n\nThat is all.',
  'a loose list': '1. **A** x\n\n2. **B** y\n\n   more of B\n\n20. C\n\n1986 was a year.\n\n2)  other\n',
  'quotes and rules': 'Words\n> quoted\n> on\n\n> again\n\n---\n\n***bold***\n\n* * *\nend',
  'headings': 'Title\n=====\n\nLower\n---\n## Two\ntext\n-- no rule\n',
  'code': '- a\n  ```sh\n  ls\n  ```\n- b\n\n```\n10\n`x`\n---\n```\n~~~js\n1\n~~~\nend',
  'tasks and a table': '- [ ] one\n- [x] two\n\n| a | b |\n| --- | :-: |\n| 1 | 2 |\n|3|4|\n\nend 5',
};

test.each(Object.entries(ANSWERS))('%s: no block appears that the finished text has not', (_name, text) => {
  const growing = new Blocks();
  const finished = new Blocks().read(text, true);
  for (let end = 1; end <= text.length; end++) {
    const now = growing.read(text.slice(0, end), false);
    if (now.length === 0) continue;
    const before = text.slice(0, end);
    expect(raw(now.slice(0, -1)), before).toEqual(raw(finished.slice(0, now.length - 1)));
    // A title is a paragraph until it is underlined, as is a table's first row.
    expect([finished[now.length - 1]?.type, 'paragraph'], before).toContain(now.at(-1)!.type);
  }
  expect(growing.read(text, true)).toEqual(finished);
});

test('blocks that are settled are the same objects, so their HTML is made once', () => {
  const growing = new Blocks();
  const before = growing.read('one\n\ntwo\n\nthr', false);
  const after = growing.read('one\n\ntwo\n\nthree', false);
  expect(after.length).toBe(3);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toBe(before[1]);
  expect(after[2]).not.toBe(before[2]);
});

test('a text that does not go on from the last one is read anew', () => {
  const blocks = new Blocks();
  blocks.read('one\n\ntwo\n\nthree', false);
  expect(raw(blocks.read('other\n\nwords', false))).toEqual(['other', 'words']);
});

test('a link that is defined later is one in the finished text', () => {
  const [paragraph] = new Blocks().read('See [here][1].\n\n[1]: https://example.org', true);
  expect(JSON.stringify(paragraph)).toContain('"href":"https://example.org"');
});
