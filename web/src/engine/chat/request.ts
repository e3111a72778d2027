// A chat request in the engine's terms. What cannot be honoured is refused by name rather than ignored.
import { RequestError, unsupported, type ErrorDetails } from '../errors.ts';
import type { Conversation, GenerateOptions } from '../options.ts';
import type { ChatRequest } from './types.ts';

const CONVERSATION = ['messages', 'tools', 'enable_thinking', 'continue_final_message'] as const;
const SAME = [
  'temperature', 'top_p', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty',
  'draft_max',
] as const;
/** Read by name below, or of no meaning to one model on one device. */
const OTHERS = [
  'model', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'seed', 'stop', 'logit_bias', 'tool_choice',
  'n', 'user', 'metadata', 'store', 'logprobs', 'top_logprobs', 'response_format', 'service_tier', 'safety_identifier',
  'prompt_cache_key', 'prompt_cache_retention',
];
/** Values of others that say what is done anyway. */
const ANYWAY: Record<string, string> = { parallel_tool_calls: 'true', modalities: '["text"]' };
const KNOWN = new Set<string>([...CONVERSATION, ...SAME, ...OTHERS]);
/** OpenAI's others, and what to do without them. */
const REMEDIES = new Map([
  ['audio', 'answers are text; leave it out'],
  ['modalities', 'answers are text; leave it out'],
  ['prediction', 'leave it out, or guess from what was said before with `draft_max`'],
  ['reasoning_effort', 'use `enable_thinking`'],
  ['verbosity', 'say in a message how long the answer should be'],
  ['parallel_tool_calls', 'the model chooses by itself; leave it out'],
  ['functions', 'use `tools`'],
  ['function_call', 'use `tool_choice`'],
  ['web_search_options', 'nothing is sent anywhere; leave it out'],
]);

/** As many as the engine names, and OpenAI's interface allows. */
const TOP_LOGPROBS_MAX = 20;
/** Counts are 32 bits wide in the engine. */
const COUNT_MAX = 2 ** 32 - 1;

/** What a parameter has to be: in words, and whether a value is. */
interface Kind {
  allowed: string;
  fits(value: unknown): boolean;
}

const TRUTH: Kind = { allowed: 'true or false', fits: (value) => typeof value === 'boolean' };
const NUMBER: Kind = { allowed: 'a finite number', fits: Number.isFinite };
const COUNT = whole(0, COUNT_MAX);
const OBJECT: Kind = { allowed: 'an object', fits: (value) => typeof value === 'object' && !Array.isArray(value) };
const STOP: Kind = {
  allowed: 'a text or a list of texts',
  fits: (value) => [value].flat().every((text) => typeof text === 'string'),
};
const BIASES: Kind = {
  allowed: 'an object of token ids, each with a finite number',
  fits: (value) =>
    typeof value === 'object' && !Array.isArray(value) &&
    Object.entries(value!).every(([id, bias]) => /^\d+$/.test(id) && COUNT.fits(Number(id)) && NUMBER.fits(bias)),
};

/** What the engine could not even read. It says itself which numbers are out of its range. */
const KINDS: Record<string, Kind> = {
  temperature: NUMBER,
  top_p: NUMBER,
  min_p: NUMBER,
  presence_penalty: NUMBER,
  frequency_penalty: NUMBER,
  repetition_penalty: NUMBER,
  top_k: COUNT,
  draft_max: COUNT,
  max_tokens: COUNT,
  max_completion_tokens: COUNT,
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  n: whole(1, COUNT_MAX),
  logprobs: TRUTH,
  top_logprobs: whole(0, TOP_LOGPROBS_MAX),
  stop: STOP,
  logit_bias: BIASES,
  stream: TRUTH,
  stream_options: OBJECT,
  enable_thinking: TRUTH,
  continue_final_message: TRUTH,
};

function whole(min: number, max: number): Kind {
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  return { allowed: `a whole number from ${min} to ${max}`, fits };
}

/** Seeds stay below 2³², which every client can write down. */
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0]!;

export function engineRequest(request: ChatRequest): { input: Conversation; options: GenerateOptions } {
  check(request);
  const entries = CONVERSATION.map((name) => [name, plain(name, request[name])]).filter(([, value]) => value != null);
  const input = Object.fromEntries(entries) as Conversation;
  if (request.tool_choice === 'none') delete input.tools;

  const options: GenerateOptions = { seed: request.seed ?? anySeed() };
  for (const name of SAME) {
    const value = request[name];
    if (value != null) options[name] = value;
  }
  if (request.logprobs) options.top_logprobs = request.top_logprobs ?? 0;
  const tokens = request.max_completion_tokens ?? request.max_tokens;
  if (tokens != null) options.max_tokens = tokens;
  if (request.stop != null) options.stop = [request.stop].flat();
  if (request.logit_bias) {
    options.logit_bias = Object.entries(request.logit_bias).map(([id, bias]) => [Number(id), bias]);
  }
  return { input, options };
}

/** What a parameter says as JSON, as a server would get it: state that a page watches is objects that no worker takes. */
function plain(option: string, value: unknown): unknown {
  try {
    return typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value;
  } catch (thrown) {
    throw bad(option, `cannot be written as JSON: ${(thrown as Error).message}`);
  }
}

function check(request: ChatRequest) {
  if (!Array.isArray(request?.messages)) {
    throw bad('messages', 'is no list');
  }
  const asked = request as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(asked)) {
    if (value == null || KNOWN.has(name) || JSON.stringify(value) === ANYWAY[name]) continue;
    const remedy = REMEDIES.get(name);
    throw remedy === undefined ? bad(name, 'is no parameter of a chat completion here') : unsupported(name, remedy);
  }
  for (const [name, { allowed, fits }] of Object.entries(KINDS)) {
    const value = asked[name] ?? null;
    if (value !== null && !fits(value)) throw misfit(name, value, allowed);
  }
  if ((asked['top_logprobs'] ?? 0) !== 0 && !asked['logprobs']) throw bad('top_logprobs', 'needs `logprobs: true` beside it');
  if ((asked['n'] ?? 1) !== 1) throw unsupported('n', 'an answer has one choice; ask again for another');
  if (!['auto', 'none', undefined, null].includes(asked['tool_choice'] as string)) {
    throw unsupported('tool_choice', 'the model chooses by itself; use `auto` or `none`');
  }
  const format = asked['response_format'] as { type?: string } | null | undefined;
  if (format && format.type !== 'text') throw unsupported('response_format', 'answers are text; leave it out');
  request.messages.forEach(checkParts);
  if (Array.isArray(request.tools)) request.tools.forEach(checkStrict);
}

/** Arguments are what the model writes, which no schema has a hand in. */
function checkStrict(tool: unknown, index: number) {
  const { function: called } = (tool ?? {}) as { function?: { strict?: unknown } };
  if (called?.strict !== true) return;
  throw unsupported(`tools[${index}].function.strict`, 'arguments may differ from the schema; leave it out and check them', { option: 'tools', tool: index });
}

/** A part that is no text would be missing from the prompt, and the answer as if it had not been sent. */
function checkParts(message: unknown, index: number) {
  const { content } = (message ?? {}) as { content?: unknown };
  if (!Array.isArray(content)) return;
  for (const [n, part] of content.entries()) {
    const type = (part as { type?: unknown } | null)?.type;
    if (type === 'text') continue;
    const place = `messages[${index}].content[${n}]`;
    const remedy = `its type is ${shown(type)}, and this version takes text only; leave it out`;
    throw unsupported(place, remedy, { option: 'messages', message: index, part: n, type });
  }
}

function misfit(option: string, given: unknown, allowed: string): RequestError {
  const value = shown(given);
  return bad(option, `is ${value}; use ${allowed}`, { value, allowed });
}

function bad(option: string, problem: string, details: ErrorDetails = {}): RequestError {
  return new RequestError({ code: 'BAD_OPTION', message: `\`${option}\` ${problem}`, details: { option, ...details } });
}

/** A value as a message shows it; JSON has neither NaN nor what is no data. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
