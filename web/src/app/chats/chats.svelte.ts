// The conversations of this browser, and the one that is open.
import { storageFailure, type Failure } from '../engine/failure.ts';
import * as database from './database.ts';
import { newConversation, newSettings, pathOf, titleOf, versionsOf, type Conversation, type Settings, type Turn } from './conversation.ts';
import { fromMarkdown } from './markdown_file.ts';
import { fromJson, type Whole } from './transfer.ts';

/** Held by the tab that writes an answer, so that others can tell it from one that a crash interrupted. */
export const writingLock = (turn: string) => `rullama-turn-${turn}`;

/** What is being written is stored this long after the last key, in milliseconds. */
const KEEP_AFTER_MS = 300;
const UNSENT = 'unsent';
const draftOf = (conversation: string) => `draft ${conversation}`;

/** The chat that has no message yet. There is one, and it waits as it was left. */
interface Unsent {
  settings: Settings;
  draft: string;
}
const fresh = (): Unsent => ({ settings: newSettings(), draft: '' });

class Chats {
  /** Every stored conversation, the latest first. */
  list = $state.raw<Conversation[]>([]);
  /** The open one; it is stored with its first message. */
  current = $state<Conversation>(newConversation());
  /** Every turn of it, the versions that are not shown too. */
  all = $state<Turn[]>([]);
  /** Those that are shown. */
  turns = $derived(pathOf(this.all));
  /** What is written in the open one and not sent. */
  draft = $state('');
  failure = $state.raw<Failure | null>(null);
  /** The answer being written in this tab, whichever conversation it belongs to. */
  live: Turn | null = null;

  #channel = new BroadcastChannel('rullama-conversations');
  #unsent = fresh();
  /** Set while something that was written is not stored. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasOtherSettings = false;
  /** Counts what was asked for, so that a long conversation does not take the place of one that was asked for after it. */
  #opening = 0;

  constructor() {
    // A hidden page may be ended without another word. (A database takes nothing more in `pagehide`.)
    document.addEventListener('visibilitychange', () => void this.#keepWritten());
    this.#channel.onmessage = async ({ data }: MessageEvent<string>) => {
      await this.refresh();
      // One that was removed there stays on the page, and whoever goes on with it has it again.
      if (data === this.current.id) await this.#readAgain();
    };
  }

  /** Reads what is stored. */
  async start() {
    const unsent = await this.#stored(() => database.recall<Unsent>(UNSENT));
    // Whoever writes already is not interrupted.
    if (unsent && this.#timer === undefined) {
      this.#unsent = unsent;
      if (this.turns.length === 0) this.#showUnsent();
    }
    await this.refresh();
  }

  async refresh() {
    await this.#stored(async () => (this.list = await database.conversations()));
  }

  /** Opens a conversation; false where there is none of this id. What was asked for later is shown, whichever is read first. */
  async open(id: string): Promise<boolean> {
    const opening = ++this.#opening;
    if (id === this.current.id) return true;
    await this.#keepWritten();
    const stored = await this.#read(id);
    if (opening !== this.#opening) return true;
    if (!stored) return false;
    // What has been written in the one before while this one was read.
    void this.#keepWritten();
    this.draft = stored.draft;
    this.#display(stored);
    return true;
  }

  /** Reads the open conversation once more, since another tab has changed it. While it is answered here, its turns stay as they are. */
  async #readAgain() {
    const { id } = this.current;
    await this.#keepWritten();
    const stored = await this.#read(id);
    if (!stored || id !== this.current.id) return;
    if (this.live?.conversation === id) this.current = stored.conversation;
    else this.#display(stored);
  }

  /** A conversation as it is stored; null where there is none of this id. */
  async #read(id: string) {
    const stored = await this.#stored(async () => {
      const [conversation, turns, draft] = await Promise.all([database.conversation(id), database.turnsOf(id), database.recall<string>(draftOf(id))]);
      return conversation && { conversation, turns: await Promise.all(turns.map((turn) => this.#ended(turn))), draft: draft ?? '' };
    });
    return stored ?? null;
  }

  #display({ conversation, turns }: Whole) {
    this.current = conversation;
    this.all = turns.map((turn) => (turn.id === this.live?.id ? this.live : turn));
  }

  /** Opens the new conversation, as it was left. */
  begin() {
    this.#opening += 1;
    this.#showUnsent();
  }

  #showUnsent() {
    void this.#keepWritten();
    this.current = newConversation(structuredClone(this.#unsent.settings));
    this.all = [];
    this.draft = this.#unsent.draft;
  }

  /** Takes the text of the message field. */
  write(draft: string) {
    this.draft = draft;
    this.#keepSoon();
  }

  /** Adds turns to the open conversation. */
  async add(...turns: Turn[]) {
    const isFirst = this.turns.length === 0;
    this.all.push(...turns);
    if (isFirst) {
      this.#unsent = fresh();
      // What the field still holds is this conversation's from here on.
      this.#keepSoon();
    }
    if (this.current.title === '') this.current.title = titleOf(turns[0]!.text);
    this.current.changed = Date.now();
    const conversation = $state.snapshot(this.current);
    const all = $state.snapshot(this.all);
    await this.#change(() => database.save(conversation, turns, all), conversation.id);
    if (isFirst) await this.#stored(() => database.forget(UNSENT));
  }

  /** The versions of a turn of the open conversation. */
  versions(turn: Turn): Turn[] {
    return versionsOf(turn, this.all);
  }

  /**
   * Adds a version beside `turn`, which is shown in its place, and the turns that follow it. A turn that said nothing goes, unless
   * it was gone on from.
   */
  async addVersion(turn: Turn, version: Turn, ...others: Turn[]) {
    version.version = this.versions(turn).at(-1)!.version + 1;
    const isEmpty = turn.text === '' && turn.thoughts === '' && this.all.every(({ parent }) => parent !== turn.id);
    if (isEmpty) this.all = this.all.filter(({ id }) => id !== turn.id);
    else turn.isShown = false;
    const old = $state.snapshot(turn);
    const added = this.add(version, ...others);
    const hidden = this.#stored(() => (isEmpty ? database.removeTurn(old.id) : database.saveTurn(old)));
    await Promise.all([added, hidden]);
  }

  /** Shows another version of a turn, and what followed it. */
  async show(version: Turn) {
    const versions = this.versions(version);
    for (const turn of versions) turn.isShown = turn.id === version.id;
    const conversation = $state.snapshot(this.current);
    const turns = $state.snapshot(versions);
    await this.#change(() => database.change(conversation, turns), conversation.id);
  }

  /** Keeps an answer as far as it has come; `isLast` tells other tabs. */
  async keep(turn: Turn, isLast: boolean) {
    const write = () => database.saveTurn($state.snapshot(turn));
    await (isLast ? this.#change(write, turn.conversation) : this.#stored(write));
  }

  /** Keeps the settings of the open conversation, soon. */
  keepSettings() {
    this.#hasOtherSettings = true;
    this.#keepSoon();
  }

  #keepSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepWritten(), KEEP_AFTER_MS);
  }

  /** Stores what was written in the open conversation since it was stored last: the draft, and other settings. */
  async #keepWritten() {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    const [{ draft }, conversation, hasOtherSettings] = [this, $state.snapshot(this.current), this.#hasOtherSettings];
    [this.#timer, this.#hasOtherSettings] = [undefined, false];
    if (this.turns.length === 0) {
      this.#unsent = { settings: conversation.settings, draft };
      await this.#stored(() => database.remember(UNSENT, this.#unsent));
      return;
    }
    const name = draftOf(conversation.id);
    await this.#stored(() => (draft === '' ? database.forget(name) : database.remember(name, draft)));
    if (hasOtherSettings) await this.#change(() => database.change(conversation), conversation.id);
  }

  async rename(id: string, title: string) {
    if (title.trim() === '') return;
    if (id === this.current.id) this.current.title = title.trim();
    await this.#change(async () => {
      const conversation = await database.conversation(id);
      if (conversation) await database.change({ ...conversation, title: title.trim() });
    }, id);
  }

  /** Returns what was removed, for second thoughts. */
  async remove(id: string): Promise<Whole | null> {
    await this.#keepWritten();
    const [whole] = (await this.wholes(id)) ?? [];
    await this.#change(async () => {
      await database.remove(id);
      await database.forget(draftOf(id));
    }, id);
    if (id === this.current.id) this.begin();
    return whole ?? null;
  }

  async restore({ conversation, turns }: Whole) {
    await this.#change(() => database.save(conversation, turns), conversation.id);
  }

  /** Ids of the conversations in whose title or text `words` occur. */
  async search(words: string): Promise<Set<string>> {
    const lower = words.toLowerCase();
    const found = (await this.#stored(() => database.search(words))) ?? new Set<string>();
    for (const { id, title } of this.list) if (title.toLowerCase().includes(lower)) found.add(id);
    return found;
  }

  /** The open conversation as it is on the page, stored or not. */
  get shown(): Whole {
    return { conversation: $state.snapshot(this.current), turns: $state.snapshot(this.all) };
  }

  /** The named conversation, or all, for a file; null where they could not be read, which the user is told. */
  async wholes(id?: string): Promise<Whole[] | null> {
    const chosen = id === undefined ? this.list : this.list.filter((conversation) => conversation.id === id);
    const read = async (conversation: Conversation) => ({ conversation, turns: await database.turnsOf(conversation.id) });
    return (await this.#stored(() => Promise.all(chosen.map(read)))) ?? null;
  }

  /**
   * Adds all conversations of an export, which the name of its file tells apart, or none where they cannot be stored. Throws an
   * `Error` that says what is wrong with it.
   */
  async import(name: string, text: string): Promise<void> {
    const wholes = /\.(md|markdown)$/i.test(name) ? fromMarkdown(text) : fromJson(text);
    await this.#change(() => database.add(wholes));
  }

  async #change(work: () => Promise<unknown>, id = this.current.id) {
    await this.#stored(work);
    await this.refresh();
    this.#channel.postMessage(id);
  }

  /** Work on the database. What cannot be stored stays on the page, and the user is told. */
  async #stored<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      return result;
    } catch (thrown) {
      this.failure = storageFailure(thrown);
      return undefined;
    }
  }

  /** A turn as it was read; one that nobody writes any more has ended. */
  async #ended(turn: Turn): Promise<Turn> {
    if (turn.ending !== 'writing' || turn.id === this.live?.id) return turn;
    const locks = await (navigator.locks as LockManager | undefined)?.query();
    if (locks?.held?.some(({ name }) => name === writingLock(turn.id))) return turn;
    return (await database.interrupt(turn.id)) ?? turn;
  }
}

export const chats = new Chats();
