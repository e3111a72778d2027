// @ts-check
// One turn of the conversation on the page. Everything the model says is set as text, never as HTML.

/** What is said under an answer that did not end by itself. @type {Record<string, string>} */
const ENDINGS = {
  length: 'The longest answer allowed was reached.',
  context_full: 'The context is full; start a new chat or load with a larger context.',
  cancelled: 'Stopped.',
};

export class Turn {
  #box = document.createElement('article');
  #body = document.createElement('span');
  /** @type {HTMLElement | null} */ #thinking = null;
  /** The text of the answer so far. */
  answer = '';

  /** @param {'user' | 'assistant'} role */
  constructor(role) {
    this.#box.className = `turn ${role}`;
    this.#box.append(this.#body);
    const chat = /** @type {HTMLElement} */ (document.getElementById('chat'));
    chat.append(this.#box);
    this.#follow();
  }

  /** @param {import('./engine.js').GenerateEvent} event */
  take(event) {
    if (event.type === 'text') this.text(event.text);
    else if (event.type === 'thinking') this.#think(event.text);
    else if (event.type === 'tool_call') this.text(`\n[call of ${JSON.stringify(event)}]`);
    else if (event.type === 'finished' && ENDINGS[event.reason]) this.#end(ENDINGS[event.reason]);
  }

  /** @param {string} text */
  text(text) {
    this.answer += text;
    this.#body.append(text);
    this.#follow();
  }

  remove() {
    this.#box.remove();
  }

  /** @param {string} text */
  #think(text) {
    if (!this.#thinking) {
      const details = document.createElement('details');
      details.className = 'thinking';
      const summary = document.createElement('summary');
      summary.textContent = 'Thinking';
      this.#thinking = document.createElement('span');
      details.append(summary, this.#thinking);
      this.#box.prepend(details);
    }
    this.#thinking.append(text);
    this.#follow();
  }

  /** @param {string} text */
  #end(text) {
    const ending = document.createElement('small');
    ending.className = 'ending';
    ending.textContent = text;
    this.#box.append(ending);
    this.#follow();
  }

  #follow() {
    this.#box.scrollIntoView({ block: 'end' });
  }
}
