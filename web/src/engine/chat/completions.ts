// OpenAI's chat completions over the engine's events.
import { cancelled } from '../errors.ts';
import type { Conversation, GenerateOptions } from '../options.ts';
import type { Finished, GenerateEvent, TokenLogprobs } from '../reports.ts';
import { engineRequest } from './request.ts';
import type { ChatCompletion, ChatCompletionChunk, ChatRequest, ChoiceLogprobs, Delta, FinishReason, Usage } from './types.ts';

type Asked = [input: Conversation, options: GenerateOptions, signal: AbortSignal | undefined];

/** What completions need of an engine. */
export interface Answering {
  /** Rejects with what is wrong with a request; the answer is not begun. */
  check(...asked: Asked): Promise<void>;
  /** Gives the events of an answer; the last one is how it ended. */
  generate(...asked: Asked): AsyncIterable<GenerateEvent | Finished>;
  /** What answers name as their model. */
  model(): string;
}

/** What goes with a request and is no part of it. */
export interface CallOptions {
  /** Aborting it ends the answer: the call, or the next step of its iterator, rejects with `CANCELLED`. */
  signal?: AbortSignal;
}

const REASONS: Record<Exclude<Finished['reason'], 'cancelled'>, FinishReason> = {
  stop: 'stop',
  stop_string: 'stop',
  length: 'length',
  context_full: 'length',
  tool_call: 'tool_calls',
};

/** `engine.chat.completions`. */
export class Completions {
  readonly #engine: Answering;

  /** @hidden */
  constructor(engine: Answering) {
    this.#engine = engine;
  }

  /**
   * An answer to a conversation; with `stream`, an async iterator of its chunks. The first says whose answer it is, which is begun
   * when the second is asked for; leaving the iterator early ends it, and a slow reader holds the engine back.
   *
   * Throws `UNSUPPORTED` for what this engine cannot do, such as several choices, `BAD_OPTION` for what no engine could, with the
   * parameter's name as `details.option`, and `NO_MODEL`, `BAD_PROMPT` or `CONTEXT_FULL`: with `stream` before there is an
   * iterator, which throws only what happens later, such as `DEVICE_LOST`.
   */
  create(request: ChatRequest & { stream: true }, options?: CallOptions): Promise<AsyncGenerator<ChatCompletionChunk>>;
  create(request: ChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>;
  create(
    request: ChatRequest,
    options?: CallOptions,
  ): Promise<ChatCompletion | AsyncGenerator<ChatCompletionChunk>>;
  async create(request: ChatRequest, { signal }: CallOptions = {}) {
    const { input, options } = engineRequest(request);
    if (signal?.aborted) throw cancelled();
    // A stream that is never read must not hold the engine, so its answer is not begun to learn whether it can be.
    if (request.stream) await this.#engine.check(input, options, signal);
    const chunks = this.#chunks(request, this.#engine.generate(input, options, signal));
    return request.stream ? chunks : collect(chunks);
  }

  async *#chunks(
    request: ChatRequest,
    events: AsyncIterable<GenerateEvent | Finished>,
  ): AsyncGenerator<ChatCompletionChunk, void, void> {
    const head = {
      id: `chatcmpl-${crypto.getRandomValues(new Uint32Array(2)).join('')}`,
      object: 'chat.completion.chunk' as const,
      created: Math.floor(Date.now() / 1000),
      model: request.model ?? this.#engine.model(),
    };
    // A request without a stream wants its usage in any case.
    const withUsage = !request.stream || (request.stream_options?.include_usage ?? false);
    /** Of tokens that no chunk has told of: what a token says may be held back until a later one. */
    let untold: TokenLogprobs[] = [];
    const chunk = (delta: Delta, reason: FinishReason | null = null): ChatCompletionChunk => {
      const logprobs = told(untold);
      untold = [];
      return {
        ...head,
        choices: [{ index: 0, delta, finish_reason: reason, logprobs }],
        ...(withUsage && { usage: null }),
      };
    };
    let calls = 0;
    yield chunk({ role: 'assistant', content: '' });
    for await (const event of events) {
      switch (event.type) {
        case 'token':
          if (event.logprobs) untold.push(event.logprobs);
          break;
        case 'text':
          yield chunk({ content: event.text });
          break;
        case 'thinking':
          yield chunk({ reasoning_content: event.text });
          break;
        case 'tool_call': {
          const index = calls++;
          const called = { name: event.name, arguments: JSON.stringify(event.arguments) };
          yield chunk({ tool_calls: [{ index, id: `call_${head.id.slice(9)}_${index}`, type: 'function', function: called }] });
          break;
        }
        case 'malformed_call':
          // What is no call is something the model said.
          yield chunk({ content: event.raw });
          break;
        case 'finished':
          if (event.reason === 'cancelled') throw cancelled();
          yield { ...chunk({}, REASONS[event.reason]), timings: event.timings };
          if (withUsage) yield { ...head, choices: [], usage: usage(event) };
      }
    }
  }
}

function told(content: TokenLogprobs[]): ChoiceLogprobs | null {
  return content.length > 0 ? { content, refusal: null } : null;
}

function usage({ usage: tokens }: Finished): Usage {
  const { prompt_tokens, reused_tokens, generated_tokens, thinking_tokens, drafted_tokens, accepted_tokens } = tokens;
  return {
    prompt_tokens,
    completion_tokens: generated_tokens,
    total_tokens: prompt_tokens + generated_tokens,
    prompt_tokens_details: { cached_tokens: reused_tokens },
    completion_tokens_details: {
      reasoning_tokens: thinking_tokens,
      accepted_prediction_tokens: accepted_tokens,
      rejected_prediction_tokens: drafted_tokens - accepted_tokens,
    },
  };
}

async function collect(chunks: AsyncIterable<ChatCompletionChunk>): Promise<ChatCompletion> {
  let [content, thoughts] = ['', ''];
  const calls: NonNullable<ChatCompletion['choices'][0]>['message']['tool_calls'] = [];
  const logprobs: TokenLogprobs[] = [];
  const rest: Partial<Pick<ChatCompletion, 'usage' | 'timings'>> = {};
  let head!: ChatCompletionChunk;
  let reason: FinishReason = 'stop';
  for await (const chunk of chunks) {
    head ??= chunk;
    const choice = chunk.choices[0];
    content += choice?.delta.content ?? '';
    thoughts += choice?.delta.reasoning_content ?? '';
    for (const { id, type, function: called } of choice?.delta.tool_calls ?? []) calls.push({ id, type, function: called });
    logprobs.push(...(choice?.logprobs?.content ?? []));
    reason = choice?.finish_reason ?? reason;
    if (chunk.usage) rest.usage = chunk.usage;
    if (chunk.timings) rest.timings = chunk.timings;
  }
  const { id, created, model } = head;
  const message = {
    role: 'assistant' as const,
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(thoughts !== '' && { reasoning_content: thoughts }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  const choices = [{ index: 0 as const, message, finish_reason: reason, logprobs: told(logprobs) }];
  return { id, object: 'chat.completion', created, model, choices, usage: rest.usage!, timings: rest.timings! };
}
