// The answer under way: asks the engine, writes what comes into a turn, and keeps it while it grows.
import { RullamaError, type Finished, type Rullama } from 'rullama';
import { failureOf, type Failure } from '../engine/failure.ts';
import { runtime } from '../engine/runtime.svelte.ts';
import { chats, writingLock } from './chats.svelte.ts';
import { messagesOf, newTurn, type Ending, type Figures, type Settings, type Turn } from './conversation.ts';

/** An answer is stored at least this often while it comes, in milliseconds: what a crash can cost. */
const KEEP_PERIOD_MS = 500;
/** A hidden page paints no frames, but its text must go on. */
const FLUSH_HIDDEN_MS = 250;
/** Devices that may be lost in a row without a token in between. */
const LOSSES_MAX = 2;

class Answer {
  /** The turn being written. */
  turn = $state.raw<Turn | null>(null);
  state = $state<'idle' | 'reading' | 'writing' | 'recovering'>('idle');
  /** Tokens of this answer so far, and of the prompt before it. */
  written = $state(0);
  prompt = $state(0);
  /** Tokens per second, from the second token on. */
  rate = $state<number | null>(null);
  /** Why the last answer ended, if it failed, and the conversation it was for. */
  failure = $state.raw<Failure | null>(null);
  failedIn = $state<string | null>(null);

  #abort: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor() {
    runtime.beforeUnload = async () => {
      // Recovery loads the model in the middle of its own answer.
      if (this.state !== 'recovering') await this.end();
    };
  }

  get isBusy() {
    return this.turn !== null;
  }

  async ask(text: string) {
    const { current, turns } = chats;
    const question = newTurn(current.id, turns.at(-1) ?? null, 'user', text);
    const stored = chats.add(question, newTurn(current.id, question, 'assistant', ''));
    await this.#begin(chats.turns.at(-1)!, stored);
  }

  /** Answers the question before `turn` anew; the old answer and what followed it stay as another version. */
  async regenerate(turn: Turn) {
    const stored = chats.addVersion(turn, newTurn(turn.conversation, this.#before(turn), 'assistant', ''));
    await this.#begin(chats.turns.at(-1)!, stored);
  }

  /** Asks something else in the place of a question, which stays as another version with what followed it. */
  async edit(turn: Turn, text: string) {
    const question = newTurn(turn.conversation, this.#before(turn), 'user', text);
    const stored = chats.addVersion(turn, question, newTurn(turn.conversation, question, 'assistant', ''));
    await this.#begin(chats.turns.at(-1)!, stored);
  }

  #before(turn: Turn): Turn | null {
    return chats.turns[turn.order - 1] ?? null;
  }

  /** Goes on with an answer that ended early. */
  async goOn(turn: Turn) {
    turn.ending = 'writing';
    await this.#begin(turn, Promise.resolve());
  }

  stop() {
    this.#abort?.abort();
    if (this.state === 'recovering') runtime.cancelLoading();
  }

  /** Stops, and waits until what was written is stored. */
  async end() {
    this.stop();
    await this.#running;
  }

  /** The turn is on the page already, and stored when `stored` resolves. From here on nothing else can be asked. */
  #begin(turn: Turn, stored: Promise<unknown>): Promise<void> {
    this.turn = chats.live = turn;
    this.state = 'reading';
    this.failure = null;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    // Another conversation may be opened before this answer ends.
    const task = { turn, earlier: chats.turns.slice(0, turn.order), settings: $state.snapshot(chats.current.settings), signal };
    const locks = navigator.locks as LockManager | undefined;
    const write = () => stored.then(() => this.#write(task));
    const written = locks ? locks.request(writingLock(turn.id), write) : write();
    this.#running = written.then(() => {
      this.turn = chats.live = null;
      this.state = 'idle';
    });
    return this.#running;
  }

  /** Writes the answer to its end, over the loss of a device if need be. Never rejects. */
  async #write(task: Task): Promise<void> {
    const { turn, signal } = task;
    for (let losses = 0; ; losses++) {
      const before = turn.text.length;
      let engine: Rullama | null = null;
      try {
        engine = await runtime.engine();
        turn.ending = await this.#stream(engine, task);
        break;
      } catch (thrown) {
        const isLost = engine?.closed || isLoss(thrown);
        if (turn.text.length > before) losses = 0;
        if (isLost && losses < LOSSES_MAX && !signal.aborted && (await this.#recover(turn))) continue;
        this.failure = failureOf(thrown);
        this.failedIn = turn.conversation;
        turn.ending = signal.aborted ? 'stopped' : 'interrupted';
        break;
      }
    }
    await chats.keep(turn, true);
  }

  async #recover(turn: Turn): Promise<boolean> {
    this.state = 'recovering';
    this.rate = null;
    await chats.keep(turn, false);
    return runtime.reload();
  }

  /** One request to the engine; resolves to how it ended. */
  async #stream(engine: Rullama, { turn, earlier, settings, signal }: Task): Promise<Ending> {
    const isBegun = turn.text !== '';
    if (!isBegun) turn.thoughts = '';
    this.state = 'reading';
    [this.written, this.rate, this.prompt] = [0, null, 0];
    const conversation = {
      messages: messagesOf(settings, [...earlier, turn]),
      ...(settings.thinking && !isBegun && { enable_thinking: true }),
    };
    engine.tokenize(conversation).then((ids) => (this.prompt = ids.length), () => {});

    const page = new Page(turn);
    let [firstAt, keptAt] = [0, performance.now()];
    const { seed = crypto.getRandomValues(new Uint32Array(1))[0]!, ...sampling } = settings.sampling;
    try {
      const request = { ...conversation, ...(isBegun && { continue_final_message: true }) };
      for await (const event of engine.generate(request, { ...sampling, seed, signal })) {
        switch (event.type) {
          case 'token': {
            const now = performance.now();
            this.state = 'writing';
            this.written += 1;
            if (this.written === 1) firstAt = now;
            else this.rate = (this.written - 1) / ((now - firstAt) / 1000);
            if (now - keptAt > KEEP_PERIOD_MS) {
              keptAt = now;
              page.flush();
              void chats.keep(turn, false);
            }
            break;
          }
          case 'text':
            page.add('text', event.text);
            break;
          case 'thinking':
            page.add('thoughts', event.text);
            break;
          case 'tool_call':
            page.add('text', `\n\`\`\`json\n${JSON.stringify({ name: event.name, arguments: event.arguments }, null, 2)}\n\`\`\`\n`);
            break;
          case 'malformed_call':
            page.add('text', event.raw);
            break;
          case 'finished':
            page.flush();
            turn.figures = figures(event, turn.figures, isBegun);
            return endings[event.reason];
        }
      }
    } finally {
      page.flush();
    }
    return 'interrupted';
  }
}

/** Whether the device is gone. If it went while nothing was asked of it, the engine has no model left, and the page does not know. */
function isLoss(thrown: unknown): boolean {
  const { code } = RullamaError.from(thrown);
  return code === 'DEVICE_LOST' || (code === 'NO_MODEL' && runtime.choice !== null);
}

/** An answer to write, and what it answers. */
interface Task {
  turn: Turn;
  earlier: Turn[];
  settings: Settings;
  signal: AbortSignal;
}

const endings: Record<Finished['reason'], Ending> = {
  stop: 'complete',
  stop_string: 'complete',
  tool_call: 'complete',
  length: 'length',
  context_full: 'context_full',
  cancelled: 'stopped',
};

function figures({ usage, timings }: Finished, before: Figures | null, isBegun: boolean): Figures {
  // The prompt of an answer that goes on holds what was said of it before, without what was thought.
  const earlier = isBegun && before ? before : { promptTokens: usage.prompt_tokens, writtenTokens: 0, decodeSeconds: 0 };
  return {
    model: runtime.name,
    promptTokens: earlier.promptTokens,
    reusedTokens: usage.reused_tokens,
    writtenTokens: earlier.writtenTokens + usage.generated_tokens,
    promptSeconds: timings.first_token_seconds,
    decodeSeconds: earlier.decodeSeconds + timings.decode_seconds,
  };
}

/** Text on its way into a turn, put there once a frame: an engine is faster than a screen. */
class Page {
  #turn: Turn;
  #waiting = { text: '', thoughts: '' };
  #isScheduled = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  add(part: 'text' | 'thoughts', text: string) {
    this.#waiting[part] += text;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const flush = () => this.flush();
    if (document.hidden) setTimeout(flush, FLUSH_HIDDEN_MS);
    else requestAnimationFrame(flush);
  }

  flush() {
    this.#isScheduled = false;
    const { text, thoughts } = this.#waiting;
    this.#waiting = { text: '', thoughts: '' };
    if (thoughts !== '') this.#turn.thoughts += thoughts;
    if (text !== '') this.#turn.text += text;
  }
}

export const answer = new Answer();
