// HTML of one block of Markdown, safe to put into the page whatever a model wrote.
import DOMPurify from 'dompurify';
import { Parser, Renderer, type Token } from 'marked';
import { guard, leadsElsewhere } from './links.ts';

const TAGS = [
  'a', 'b', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'input',
  'kbd', 'li', 'mark', 'ol', 'p', 'pre', 's', 'span', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'u',
  'ul',
];
const ATTRIBUTES = ['align', 'checked', 'class', 'colspan', 'disabled', 'href', 'rel', 'rowspan', 'start', 'tabindex', 'target', 'title', 'type'];
/** What the renderer below writes; a model has no other way to a class of the page. */
const CLASSES = new Set(['code', 'code-head', 'copy', 'scroll']);

const purify = DOMPurify(window);
purify.addHook('uponSanitizeAttribute', (_node, data) => {
  if (data.attrName === 'class' && !CLASSES.has(data.attrValue)) data.keepAttr = false;
});
// Links that were written as HTML have not come through the renderer below.
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName === 'A') guard(node);
});

const renderer = new Renderer();
// A picture of another host would tell that host what is being read, so its address is shown as a link.
renderer.image = ({ href, text }) => link(href, escaped(text || href));
renderer.link = ({ href, tokens }) => link(href, renderer.parser.parseInline(tokens));
renderer.code = ({ text, lang }) => {
  const language = /^[\w+#.-]{1,20}/.exec(lang ?? '')?.[0] ?? '';
  const head = `<div class="code-head"><span>${escaped(language)}</span><button type="button" class="copy">Copy</button></div>`;
  return `<div class="code">${head}<pre tabindex="0"><code>${escaped(text)}</code></pre></div>`;
};
renderer.table = (token) => `<div class="scroll" tabindex="0">${Renderer.prototype.table.call(renderer, token)}</div>`;
const parser = new Parser({ renderer });
renderer.parser = parser;

/** Each block is made once: a block that is settled is the same object the next time. */
const made = new WeakMap<Token, string>();

export function html(block: Token): string {
  let text = made.get(block);
  if (text === undefined) {
    text = purify.sanitize(parser.parse([block]), { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false });
    made.set(block, text);
  }
  return text;
}

function link(href: string, inside: string): string {
  return leadsElsewhere(href) ? `<a href="${escaped(href)}">${inside}</a>` : inside;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (mark) => ENTITIES[mark]!);
