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
