import { expect, test } from 'vitest';
import { addressed, link } from '../../src/app/address.ts';

test.each([
  ['', 'chat', null],
  ['#/model', 'model', null],
  ['#/memory/more', 'memory', null],
  ['#/nowhere', 'chat', null],
  ['#/chat/%', 'chat', null],
  [link('chat', 'a b/c'), 'chat', 'a b/c'],
])('%s', (hash, page, conversation) => {
  expect(addressed(hash)).toEqual({ page, conversation });
});
