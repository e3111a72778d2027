// Addresses of the app's pages, in the fragment: `#/chat/ID`, `#/model`, `#/memory`.

export type PageName = 'chat' | 'model' | 'memory';

export const link = (page: PageName, conversation?: string) =>
  conversation === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(conversation)}`;

/** The page that a fragment names, and the conversation. An address that was cut, or that nobody knows, is that of the chat. */
export function addressed(hash: string): { page: PageName; conversation: string | null } {
  const [, page, id] = hash.split('/');
  if (page === 'model' || page === 'memory') return { page, conversation: null };
  try {
    return { page: 'chat', conversation: id ? decodeURIComponent(id) : null };
  } catch {
    return { page: 'chat', conversation: null };
  }
}
