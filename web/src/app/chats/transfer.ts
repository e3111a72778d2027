// Conversations as JSON files, with everything in them. Those for people are in markdown_file.ts.
import { newId, newSettings, newTurn, titleOf, type Conversation, type Ending, type Sampling, type SamplingNumber, type Settings, type Turn } from './conversation.ts';

/** A conversation with everything in it, versions of turns that are not shown too. */
export interface Whole {
  conversation: Conversation;
  turns: Turn[];
}

const FORMAT = 'rullama-conversations';
/** 2 has `parent` and `shown` where messages do not simply follow one another. */
const VERSIONS = [1, 2];
/** An import beyond this many bytes is no export of this app. */
export const IMPORT_BYTES_MAX = 256 * 1024 * 1024;

const ENDINGS: Ending[] = ['complete', 'length', 'context_full', 'stopped', 'interrupted'];
const SAMPLING: SamplingNumber[] = [
  'temperature', 'top_p', 'top_k', 'min_p', 'repetition_penalty', 'presence_penalty', 'frequency_penalty', 'max_tokens',
  'draft_max', 'seed',
];

export function toJson(list: Whole[]): string {
  const sorted = list.map(({ conversation, turns }) => ({ conversation, turns: inOrder(turns) }));
  const conversations = sorted.map(({ conversation: { title, created, changed, settings }, turns }) => ({
    title,
    created: new Date(created).toISOString(),
    changed: new Date(changed).toISOString(),
    settings,
    messages: turns.map(({ role, text, thoughts, ending, figures, parent, isShown }, n) => ({
      role,
      content: text,
      ...(isAside(turns, n) && { parent: parent === null ? null : turns.findIndex(({ id }) => id === parent), shown: isShown }),
      ...(thoughts !== '' && { reasoning_content: thoughts }),
      ...(role === 'assistant' && { ending: ending === 'writing' ? 'interrupted' : ending }),
      ...(figures && { figures }),
    })),
  }));
  // Whoever knows no versions can read what has none.
  const version = sorted.some(({ turns }) => turns.some((_turn, n) => isAside(turns, n))) ? 2 : 1;
  return `${JSON.stringify({ format: FORMAT, version, conversations }, null, 2)}\n`;
}

/** The conversations of an export, under new ids so that none is replaced. Throws an `Error` that says what is wrong. */
export function fromJson(text: string): Whole[] {
  const file = parse(text);
  if (file['format'] !== FORMAT) throw new Error('this file is no export of conversations from rullama');
  if (!VERSIONS.includes(file['version'] as number)) {
    throw new Error(`this file has version ${file['version']} of the format, this app reads ${VERSIONS.join(' and ')}; reload the page to update it`);
  }
  return list(file['conversations']).map((entry, n) => whole(record(entry), `conversation ${n + 1}`));
}

function whole(entry: Record<string, unknown>, place: string): Whole {
  const id = newId();
  const turns: Turn[] = [];
  for (const [n, message] of list(entry['messages']).entries()) turns.push(turn(id, turns, record(message), `message ${n + 1} of ${place}`));
  const created = time(entry['created']);
  const title = typeof entry['title'] === 'string' ? entry['title'] : titleOf(turns[0]?.text ?? '');
  return { conversation: { id, title, created, changed: time(entry['changed']), settings: settings(record(entry['settings'])) }, turns };
}

/**
 * Each turn behind the one that it follows. One whose parent is gone follows the last turn before its place, as another version
 * beside what is shown there.
 */
function inOrder(turns: Turn[]): Turn[] {
  const sorted = turns.toSorted((a, b) => a.order - b.order || a.version - b.version);
  const ids = new Set(turns.map(({ id }) => id));
  return sorted.map((turn) => {
    if (turn.parent === null || ids.has(turn.parent)) return turn;
    const before = sorted.findLast(({ order }) => order < turn.order);
    return { ...turn, parent: before?.id ?? null, isShown: false };
  });
}

/** Whether a turn does not simply follow the one before it in the list. */
const isAside = (turns: Turn[], n: number) => turns[n]!.parent !== (turns[n - 1]?.id ?? null) || !turns[n]!.isShown;

/** The turn that a message follows: that before it, unless it says another one. */
function parentOf(before: Turn[], parent: unknown, place: string): Turn | null {
  if (parent === undefined) return before.at(-1) ?? null;
  if (parent === null) return null;
  const found = Number.isInteger(parent) ? before[parent as number] : undefined;
  if (!found) throw new Error(`${place}: it follows message ${JSON.stringify(parent)}, counted from 0, of which there are ${before.length} before it`);
  return found;
}

function turn(conversation: string, before: Turn[], message: Record<string, unknown>, place: string): Turn {
  const { role, content, reasoning_content: thoughts, ending, figures } = message;
  if (role !== 'user' && role !== 'assistant') throw new Error(`${place}: the role is \`${role}\`, neither user nor assistant`);
  if (typeof content !== 'string') throw new Error(`${place}: the content is no text`);
  const parent = parentOf(before, message['parent'], place);
  return {
    ...newTurn(conversation, parent, role, content),
    version: before.filter((other) => other.parent === (parent?.id ?? null)).length,
    isShown: message['shown'] !== false,
    thoughts: typeof thoughts === 'string' ? thoughts : '',
    ending: ENDINGS.find((known) => known === ending) ?? 'complete',
    figures: readFigures(record(figures)),
  };
}

function readFigures(from: Record<string, unknown>): Turn['figures'] {
  const names = ['promptTokens', 'reusedTokens', 'writtenTokens', 'promptSeconds', 'decodeSeconds'] as const;
  if (typeof from['model'] !== 'string' || names.some((name) => typeof from[name] !== 'number')) return null;
  const number = (name: string) => from[name] as number;
  const [promptTokens, reusedTokens, writtenTokens, promptSeconds, decodeSeconds] = names.map(number) as [number, number, number, number, number];
  return { model: from['model'], promptTokens, reusedTokens, writtenTokens, promptSeconds, decodeSeconds };
}

function settings(from: Record<string, unknown>): Settings {
  const sampling = record(from['sampling']);
  const numbers = SAMPLING.filter((name) => Number.isFinite(sampling[name])).map((name) => [name, sampling[name]]);
  const stop = list(sampling['stop']).filter((text) => typeof text === 'string' && text !== '');
  const { system, thinking } = { ...newSettings(), ...from };
  return {
    system: typeof system === 'string' ? system : '',
    thinking: thinking === true,
    sampling: { ...(Object.fromEntries(numbers) as Sampling), ...(stop.length > 0 && { stop: stop as string[] }) },
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    return record(JSON.parse(text));
  } catch (thrown) {
    throw new Error(`this file is no JSON: ${(thrown as Error).message}`);
  }
}

const record = (value: unknown) => (value && typeof value === 'object' ? (value as Record<string, unknown>) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function time(value: unknown): number {
  const parsed = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(parsed) ? Date.now() : parsed;
}
