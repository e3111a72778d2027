// What a conversation is, apart from how it is stored and shown.
import type { GenerateOptions, Message } from 'rullama';

/** Choices for the answers of one conversation. What is left out is the engine's default. */
export interface Settings {
  /** Instructions before the first message; empty for none. */
  system: string;
  /** Whether the model thinks before it answers. */
  thinking: boolean;
  sampling: Sampling;
}

export type Sampling = Pick<
  GenerateOptions,
  | 'temperature' | 'top_p' | 'top_k' | 'min_p' | 'repetition_penalty' | 'presence_penalty' | 'frequency_penalty' | 'max_tokens'
  | 'draft_max' | 'seed' | 'stop'
>;

/** Those that are one number. */
export type SamplingNumber = Exclude<keyof Sampling, 'stop'>;

export interface Conversation {
  id: string;
  title: string;
  /** Milliseconds since 1970, as `changed`. */
  created: number;
  changed: number;
  settings: Settings;
}

/**
 * How an answer stands. `writing` while it comes; one that is found so without a tab that writes it was `interrupted`,
 * by a reload or a crash. The others are the engine's reasons, and `stopped` by the user.
 */
export type Ending = 'writing' | 'complete' | 'length' | 'context_full' | 'stopped' | 'interrupted';

/**
 * One message of a conversation. Another answer to the same question, or another wording of a question, is another version beside
 * it, so the turns of a conversation are a tree, of which one path is shown.
 */
export interface Turn {
  id: string;
  conversation: string;
  /** Place in the conversation, from 0. */
  order: number;
  /** The turn that it follows; null for a first one. */
  parent: string | null;
  /** Place among those that follow the same turn, from 0. */
  version: number;
  /** Whether it is the version that is shown, if what it follows is. */
  isShown: boolean;
  role: 'user' | 'assistant';
  text: string;
  thoughts: string;
  ending: Ending;
  /** What the answer took; null while it is not known. */
  figures: Figures | null;
}

export interface Figures {
  model: string;
  promptTokens: number;
  reusedTokens: number;
  writtenTokens: number;
  /** Seconds to the first token, and for all after it. */
  promptSeconds: number;
  decodeSeconds: number;
}

const TITLE_LENGTH_MAX = 60;

export const newSettings = (): Settings => ({ system: '', thinking: false, sampling: {} });

export function newConversation(settings: Settings = newSettings()): Conversation {
  const now = Date.now();
  return { id: newId(), title: '', created: now, changed: now, settings };
}

/** A turn that follows `parent`, or is the first. */
export function newTurn(conversation: string, parent: Pick<Turn, 'id' | 'order'> | null, role: Turn['role'], text: string): Turn {
  const ending = role === 'user' ? 'complete' : 'writing';
  const place = { order: parent ? parent.order + 1 : 0, parent: parent?.id ?? null, version: 0, isShown: true };
  return { id: newId(), conversation, ...place, role, text, thoughts: '', ending, figures: null };
}

/** The turns that follow the same one as `turn`, which is among them, by their version. */
export function versionsOf(turn: Turn, turns: Turn[]): Turn[] {
  return turns.filter(({ parent }) => parent === turn.parent).sort((a, b) => a.version - b.version);
}

/** The path of turns that is shown. */
export function pathOf(turns: Turn[]): Turn[] {
  const followers = new Map<string | null, Turn[]>();
  for (const turn of turns) followers.set(turn.parent, [...(followers.get(turn.parent) ?? []), turn]);
  const path: Turn[] = [];
  for (let id: string | null = null; ; ) {
    const next: Turn[] = followers.get(id) ?? [];
    const shown: Turn | undefined = next.find(({ isShown }) => isShown) ?? next.at(-1);
    if (!shown) return path;
    path.push(shown);
    followers.delete(id);
    id = shown.id;
  }
}

/** A title from the first words that were said; empty when nothing was. */
export function titleOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  if (line.length <= TITLE_LENGTH_MAX) return line;
  const cut = line.slice(0, TITLE_LENGTH_MAX);
  const space = cut.lastIndexOf(' ');
  return `${space > TITLE_LENGTH_MAX / 2 ? cut.slice(0, space) : cut}…`;
}

/** What the engine is asked: instructions, and every turn that said something. */
export function messagesOf(settings: Settings, turns: Turn[]): Message[] {
  const system = settings.system.trim();
  const said = turns.filter(({ text }) => text !== '').map(({ role, text }): Message => ({ role, content: text }));
  return system === '' ? said : [{ role: 'system', content: system }, ...said];
}

/** Unlike `crypto.randomUUID`, also there in pages that are not secure. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36).padStart(7, '0')).join('');
}
