// A chat request in the engine's terms. What cannot be honoured is refused by name rather than ignored.
import { RequestError, unsupported } from '../errors.ts';
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
  'n', 'user', 'metadata', 'store', 'logprobs', 'top_logprobs', 'response_format',
];
const KNOWN = new Set<string>([...CONVERSATION, ...SAME, ...OTHERS]);

/** As many as the engine names, and OpenAI's interface allows. */
const TOP_LOGPROBS_MAX = 20;

/** Seeds stay below 2³², which every client can write down. */
const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0]!;

export function engineRequest(request: ChatRequest): { input: Conversation; options: GenerateOptions } {
  check(request);
  const entries = CONVERSATION.map((name) => [name, request[name]]).filter(([, value]) => value != null);
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

function check(request: ChatRequest) {
  if (!Array.isArray(request?.messages)) {
    throw bad('messages', 'is no list');
  }
  const unknown = Object.keys(request).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) {
    throw bad(unknown, 'is no parameter of a chat completion here');
  }
  const asked = request as unknown as Record<string, unknown>;
  checkLogprobs(asked['logprobs'] ?? false, asked['top_logprobs'] ?? null);
  if ((asked['n'] ?? 1) !== 1) throw unsupported('n', 'an answer has one choice; ask again for another');
  if (!['auto', 'none', undefined, null].includes(asked['tool_choice'] as string)) {
    throw unsupported('tool_choice', 'the model chooses by itself; use `auto` or `none`');
  }
  const format = asked['response_format'] as { type?: string } | null | undefined;
  if (format && format.type !== 'text') throw unsupported('response_format', 'answers are text; leave it out');
}

function checkLogprobs(logprobs: unknown, top: unknown) {
  if (typeof logprobs !== 'boolean') throw bad('logprobs', `is ${JSON.stringify(logprobs)}; use true or false`);
  if (top === null) return;
  if (!Number.isInteger(top) || (top as number) < 0 || (top as number) > TOP_LOGPROBS_MAX) {
    throw bad('top_logprobs', `is ${JSON.stringify(top)}; use a whole number from 0 to ${TOP_LOGPROBS_MAX}`);
  }
  if (!logprobs && top !== 0) throw bad('top_logprobs', 'needs `logprobs: true` beside it');
}

function bad(option: string, problem: string): RequestError {
  return new RequestError({ code: 'BAD_OPTION', message: `\`${option}\` ${problem}`, details: { option } });
}
