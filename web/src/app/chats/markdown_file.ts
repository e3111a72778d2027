// Conversations as Markdown: to be read by people anywhere, and by this app again. It has what is shown of a conversation, and its
// instructions; other versions, sampling and figures are in the JSON only.
import { newConversation, newSettings, newTurn, pathOf, type Turn } from './conversation.ts';
import type { Whole } from './transfer.ts';

const USER = '## You';
const ASSISTANT = '## Gemma';
const THOUGHTS = '<details><summary>Thinking</summary>';
const THOUGHTS_END = '</details>';
const NEXT = '<!-- rullama: the next conversation -->';

const marks = (...lines: string[]) => new RegExp(`^\\\\*(?:${lines.join('|')})$`, 'gm');
/** Lines of a text that would be taken for the file's own, with any backslashes before them. */
const IN_TEXT = marks(USER, ASSISTANT, NEXT, THOUGHTS);
const IN_THOUGHTS = marks(USER, ASSISTANT, NEXT, THOUGHTS_END);

// A backslash before a heading or a tag makes it text in Markdown too; one more or one less is exact either way.
const escape = (text: string, lines: RegExp) => text.replace(lines, '\\$&');
const unescape = (text: string, lines: RegExp) => text.replace(lines, (line) => line.replace('\\', ''));

export function toMarkdown(list: Whole[]): string {
  return list.map(section).join(`\n${NEXT}\n\n`);
}

function section({ conversation, turns }: Whole): string {
  const { system } = conversation.settings;
  const parts = [`# ${conversation.title.replace(/\s+/g, ' ') || 'Conversation'}`];
  if (system.trim() !== '') parts.push(system.split('\n').map((line) => `> ${line}`).join('\n'));
  for (const { role, text, thoughts } of pathOf(turns)) {
    parts.push(role === 'user' ? USER : ASSISTANT);
    if (thoughts !== '') parts.push(THOUGHTS, escape(thoughts, IN_THOUGHTS), THOUGHTS_END);
    parts.push(escape(text, IN_TEXT));
  }
  return `${parts.join('\n\n')}\n`;
}

/** The conversations of an export, under new ids. Throws an `Error` that says what is wrong. */
export function fromMarkdown(text: string): Whole[] {
  const lines = text.split('\n');
  // An editor or git may have changed every line end.
  const isCrlf = lines[0]!.endsWith('\r');
  return split(isCrlf ? text.split('\r\n') : lines, (line) => line === NEXT).map(whole);
}

function whole(lines: string[], n: number): Whole {
  const place = `conversation ${n + 1}`;
  const [head, ...parts] = split(lines, (line) => line === USER || line === ASSISTANT, true);
  const first = head!.findIndex((line) => line !== '');
  const title = /^# (.+)$/.exec(head![first] ?? '')?.[1];
  if (title === undefined) throw new Error(`${place} does not begin with a title such as \`# Goats\`, so this file is no export of conversations from rullama`);
  if (parts.length === 0) throw new Error(`${place} has no line \`${USER}\` or \`${ASSISTANT}\` before what was said, so this file is no export of conversations from rullama`);
  const system = head!.filter((line) => line.startsWith('>')).map((line) => line.replace(/^> ?/, ''));
  const conversation = { ...newConversation({ ...newSettings(), system: system.join('\n') }), title };
  const turns: Turn[] = [];
  for (const part of parts) turns.push(turn(conversation.id, turns.at(-1) ?? null, part));
  return { conversation, turns };
}

function turn(conversation: string, before: Turn | null, [mark, ...lines]: string[]): Turn {
  const role = mark === USER ? 'user' : 'assistant';
  const isThought = role === 'assistant' && lines[1] === THOUGHTS;
  const end = isThought ? lines.indexOf(THOUGHTS_END) : -1;
  const thoughts = end === -1 ? '' : unescape(between(lines.slice(2, end)), IN_THOUGHTS);
  const text = unescape(between(lines.slice(end + 1)), IN_TEXT);
  return { ...newTurn(conversation, before, role, text), thoughts, ending: 'complete' };
}

/** Lines without the empty one on either side that sets them off. */
function between(lines: string[]): string {
  const start = lines[0] === '' ? 1 : 0;
  const end = lines.at(-1) === '' && lines.length > start ? lines.length - 1 : lines.length;
  return lines.slice(start, end).join('\n');
}

/** The lines up to the first mark and from each mark on, which stands first if it is kept. */
function split(lines: string[], isMark: (line: string) => boolean, keep = false): string[][] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (!isMark(line)) parts.at(-1)!.push(line);
    else parts.push(keep ? [line] : []);
  }
  return parts;
}
