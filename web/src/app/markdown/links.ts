// Where links lead that a model wrote, in Markdown or as HTML.

/** What is used of an element. */
export interface Link {
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

/** With the slashes: without them `https:?model=…` is an address of the page itself, as a relative one is. */
const ELSEWHERE = /^(https?:\/\/|mailto:)/i;

/** Whether an address leads to where a link may: anywhere but into the page. */
export const leadsElsewhere = (href: string) => ELSEWHERE.test(href);

/** Takes its address from a link that may not lead there; any other opens a tab that knows nothing of this one. */
export function guard(link: Link) {
  const href = link.getAttribute('href');
  if (href === null || !leadsElsewhere(href)) return link.removeAttribute('href');
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer');
}
