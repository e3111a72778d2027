// One turn of the conversation on the page. Everything the model says is set as text, never as HTML.
import type { Finished, GenerateEvent } from 'rullama';

/** What is said under an answer that did not end by itself. */
const ENDINGS: Record<string, string> = {
  length: 'The longest answer allowed was reached.',
  context_full: 'The context is full; start a new chat or load with a larger context.',
  cancelled: 'Stopped.',
};

export class Turn {
  #box = document.createElement('article');
  #body = document.createElement('span');
  #thinking: HTMLElement | null = null;
  /** The text of the answer so far. */
  answer = '';

  constructor(role: 'user' | 'assistant') {
    this.#box.className = `turn ${role}`;
    this.#box.append(this.#body);
    document.getElementById('chat')!.append(this.#box);
    this.#follow();
  }

  take(event: GenerateEvent | Finished) {
    if (event.type === 'text') this.text(event.text);
    else if (event.type === 'thinking') this.#think(event.text);
    else if (event.type === 'tool_call') this.text(`\n[call of ${JSON.stringify(event)}]`);
    else if (event.type === 'finished') this.#end(ENDINGS[event.reason]);
  }

  text(text: string) {
    this.answer += text;
    this.#body.append(text);
    this.#follow();
  }

  remove() {
    this.#box.remove();
  }

  #think(text: string) {
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

  #end(text: string | undefined) {
    if (text === undefined) return;
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
