// Markdown that is still being written. Blocks that can no longer change are read once; only the last one is read again
// as it grows, so the cost of an answer grows with its length and not with the square of it.
import { lexer, type Token } from 'marked';

/**
 * A last line of marks alone may still become anything: `*   **` is a rule until a list's item goes on with its first word, and a
 * `-` makes a heading of the line above. It waits until it says what it is, so nothing shows up that is gone the next moment.
 */
const UNCLEAR = /^[\s>*_+\-=~`|:#[\]]*(\d{1,9}[.)]?[\s*_~`[\]]*)?$/;

export class Blocks {
  /** How much of the text lies in `#settled`. */
  #length = 0;
  #settled: Token[] = [];
  #text = '';

  /** The blocks of a text. When it goes on where the last one ended, blocks read before are the same objects. */
  read(text: string, isFinished: boolean): Token[] {
    // A link may be defined in a later block, so a finished text is read as a whole.
    if (isFinished) return visible(lexer(text));
    const line = text.lastIndexOf('\n') + 1;
    const clear = UNCLEAR.test(text.slice(line)) ? text.slice(0, line) : text;
    if (!clear.startsWith(this.#text)) {
      this.#length = 0;
      this.#settled = [];
    }
    this.#text = clear;
    const tokens = lexer(clear.slice(this.#length));
    const last = tokens.findLastIndex(({ type }) => type !== 'space');
    for (const token of tokens.slice(0, Math.max(last, 0))) {
      this.#length += token.raw.length;
      this.#settled.push(token);
    }
    return visible([...this.#settled, ...tokens.slice(Math.max(last, 0))]);
  }
}

function visible(tokens: Token[]): Token[] {
  return tokens.filter(({ type }) => type !== 'space' && type !== 'def');
}
