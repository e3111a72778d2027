// Which page is shown, by the fragment of the address.
import { addressed, link, type PageName } from './address.ts';

export { link };

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

  /** Names the open conversation in the address, or the new one, without a step in the history. */
  name(conversation: string | null) {
    history.replaceState(null, '', link('chat', conversation ?? undefined));
    this.conversation = conversation;
  }

  /** The way back to the chat as it is. */
  get chat() {
    return link('chat', this.conversation ?? undefined);
  }

  #read() {
    const { page, conversation } = addressed(location.hash);
    this.page = page;
    // The other pages leave the conversation as it is, to come back to.
    if (page === 'chat') this.conversation = conversation;
  }
}

export const router = new Router();
