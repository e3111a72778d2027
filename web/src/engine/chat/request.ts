// A chat request in the engine's terms. What cannot be honoured is refused by name rather than ignored.
import { RequestError, unsupported } from '../errors.ts';
import type { Conversation, GenerateOptions } from '../options.ts';
import type { ChatRequest } from './types.ts';

const CONVERSATION = ['messages', 'tools', 'enable_thinking', 'continue_final_message'] as const;
const SAME = [
  'temperature', 'top_p', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty',
] as const;
/** Read by name below, or of no meaning to one model on one device. */
const OTHERS = [
  'model', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'seed', 'stop', 'logit_bias', 'tool_choice',
  'n', 'user', 'metadata', 'store', 'logprobs', 'top_logprobs', 'response_format',
];
const KNOWN = new Set<string>([...CONVERSATION, ...SAME, ...OTHERS]);

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
    throw new RequestError({ code: 'BAD_OPTION', message: '`messages` is no list', details: { option: 'messages' } });
  }
  const unknown = Object.keys(request).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) {
    const message = `\`${unknown}\` is no parameter of a chat completion here`;
    throw new RequestError({ code: 'BAD_OPTION', message, details: { option: unknown } });
  }
  const asked = request as unknown as Record<string, unknown>;
  if (asked['logprobs'] || asked['top_logprobs']) {
    throw unsupported('logprobs', 'the engine does not report log-probabilities; leave it out');
  }
  if ((asked['n'] ?? 1) !== 1) throw unsupported('n', 'an answer has one choice; ask again for another');
  if (!['auto', 'none', undefined, null].includes(asked['tool_choice'] as string)) {
    throw unsupported('tool_choice', 'the model chooses by itself; use `auto` or `none`');
  }
  const format = asked['response_format'] as { type?: string } | null | undefined;
  if (format && format.type !== 'text') throw unsupported('response_format', 'answers are text; leave it out');
}
