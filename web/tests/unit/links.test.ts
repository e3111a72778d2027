import { expect, test } from 'vitest';
import { guard } from '../../src/app/markdown/links.ts';

/** The attributes of a link after it was guarded. */
function guarded(before: Record<string, string>): Record<string, string> {
  const attributes = new Map(Object.entries(before));
  guard({
    getAttribute: (name) => attributes.get(name) ?? null,
    setAttribute: (name, value) => void attributes.set(name, value),
    removeAttribute: (name) => void attributes.delete(name),
  });
  return Object.fromEntries(attributes);
}

test.each([
  '?model=https://evil.example/x.gguf', '/', '#/model', 'page.html', '//evil.example/', '', 'tel:112', 'javascript:alert(1)', 'data:text/html,x',
  // Of the page's own scheme, these are relative.
  'https:?model=https://evil.example/x.gguf', 'http:page.html', 'https:/page.html', '\thttps://example.org/',
])('`%s` leads nowhere', (href) => {
  expect(guarded({ href })).toEqual({});
});

test.each(['https://example.org/a?b#c', 'HTTP://example.org', 'mailto:a@example.org'])('`%s` opens a tab that knows nothing of this one', (href) => {
  const expected = { href, target: '_blank', rel: 'noopener noreferrer' };
  expect(guarded({ href })).toEqual(expected);
  expect(guarded({ href, target: '_self', rel: 'opener' })).toEqual(expected);
});

test('what has no address stays so', () => {
  expect(guarded({ title: 'x' })).toEqual({ title: 'x' });
});
