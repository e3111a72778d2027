// Which page is shown, by the fragment of the address: `#/chat/ID`, `#/model`, `#/memory`.

export type PageName = 'chat' | 'model' | 'memory';

class Router {
  page = $state<PageName>('chat');
  /** The conversation that the address names. */
  conversation = $state<string | null>(null);

  constructor() {
    this.#read();
    addEventListener('hashchange', () => this.#read());
  }

  go(page: PageName, conversation?: string) {
    location.hash = link(page, conversation);
    // The event comes later, and until then the address and this would differ.
    this.#read();
  }

  /** Names the open conversation in the address, without a step in the history. */
  name(conversation: string) {
    history.replaceState(null, '', link('chat', conversation));
    this.conversation = conversation;
  }

  #read() {
    const [, page, id] = location.hash.split('/');
    this.page = page === 'model' || page === 'memory' ? page : 'chat';
    if (this.page === 'chat') this.conversation = id ? decodeURIComponent(id) : null;
  }
}

export const link = (page: PageName, conversation?: string) =>
  conversation === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(conversation)}`;

export const router = new Router();
