import { expect, test } from 'vitest';
import { endsAnswer } from '../../src/app/chats/keys.ts';

/** An element of this name; its selectors are names, too. */
const element = (name: string) => Object.assign(new EventTarget(), { matches: (selector: string) => selector.split(', ').includes(name) });

const message = element('textarea');
const press = { key: 'Escape', isComposing: false, keyCode: 27, defaultPrevented: false, target: message as EventTarget | null };

test.each([
  ['in the message', {}, true],
  ['without a focus', { target: element('body') }, true],
  ['on a button', { target: element('button') }, true],
  ['on the document', { target: new EventTarget() }, true],
  ['another key', { key: 'Enter' }, false],
  ['at the end of a composition', { isComposing: true }, false],
  ['at the end of one in Safari', { keyCode: 229 }, false],
  ['that something else has used', { defaultPrevented: true }, false],
  ['in the search, or in a title', { target: element('input') }, false],
  ['in an edited message', { target: element('textarea') }, false],
  ['in a list of choices', { target: element('select') }, false],
])('Escape %s', (_where, change, ends) => {
  expect(endsAnswer({ ...press, ...change }, message)).toBe(ends);
});
