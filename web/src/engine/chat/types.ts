// The shapes of OpenAI's chat completions, as far as this engine fills them, with Gemma's thinking beside them.
import type { Timings, TokenLogprobs } from '../reports.ts';

/** A call of a function that the assistant asked for. */
export interface ToolCall {
  id?: string;
  type?: 'function';
  /** `arguments` is the JSON text of an object, or the object. */
  function: { name: string; arguments: string | Record<string, unknown> };
}

/** One turn of a conversation. */
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | { type: 'text'; text: string }[] | null;
  /** What the assistant thought before it answered. */
  reasoning_content?: string | null;
  tool_calls?: ToolCall[] | null;
  tool_call_id?: string;
  name?: string;
}

/** A function that the model may call; `parameters` is a JSON schema. */
export interface Tool {
  type: 'function';
  function: { name: string; description?: string; parameters?: Record<string, unknown> };
}

/** A request of OpenAI's chat completions; what this engine cannot honour is refused by name. */
export interface ChatRequest {
  messages: Message[];
  /** Repeated in the answer; there is one model. */
  model?: string;
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean } | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  /** Without one, each answer has its own. */
  seed?: number | null;
  stop?: string | string[] | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  /** Token ids and what is added to their logits. */
  logit_bias?: Record<string, number> | null;
  tools?: Tool[] | null;
  tool_choice?: 'auto' | 'none' | null;
  /** The model chooses by itself how many functions it calls. */
  parallel_tool_calls?: true | null;
  modalities?: ['text'] | null;
  /**
   * The log-probability of each generated token, under the model's own distribution at temperature 1: biases, penalties,
   * temperature and the like decide which token comes, and change nothing here.
   */
  logprobs?: boolean | null;
  /** With `logprobs`: how many of the likeliest tokens in its place each token names, 0 to 20. */
  top_logprobs?: number | null;
  n?: 1 | null;
  response_format?: { type: 'text' } | null;
  /** Of no meaning to one model on one device, as the next six. */
  user?: string | null;
  metadata?: Record<string, string> | null;
  store?: boolean | null;
  service_tier?: string | null;
  safety_identifier?: string | null;
  prompt_cache_key?: string | null;
  prompt_cache_retention?: string | null;
  /** Not OpenAI's, as all that follow: as many of the likeliest tokens are chosen from. */
  top_k?: number | null;
  min_p?: number | null;
  repetition_penalty?: number | null;
  /** Most tokens that are guessed at once where the answer repeats what was said before; see `GenerateOptions`. */
  draft_max?: number | null;
  /** Asks the model to think before it answers. */
  enable_thinking?: boolean | null;
  /** The last message is the beginning of the answer, which goes on from there. */
  continue_final_message?: boolean | null;
}

/** Why an answer ended: by itself or at a stop string, at its length, or with a call of a function. */
export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** Tokens of a request and its answer. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: {
    /** Tokens at the start of the prompt that the cache held already. */
    cached_tokens: number;
  };
  completion_tokens_details: {
    /** Tokens of thoughts, with the marks around them; they are among `completion_tokens`. */
    reasoning_tokens: number;
    /** Tokens that were guessed where `draft_max` asked for it, and were right. */
    accepted_prediction_tokens: number;
    /** Those that were wrong; they are not among `completion_tokens`. */
    rejected_prediction_tokens: number;
  };
}

/** What a chunk adds to the answer. */
export interface Delta {
  role?: 'assistant';
  content?: string;
  reasoning_content?: string;
  tool_calls?: { index: number; id: string; type: 'function'; function: { name: string; arguments: string } }[];
}

/**
 * Log-probabilities of generated tokens. They are all tokens of the answer, `usage.completion_tokens` in number: also those of
 * thoughts and function calls, of the model's own marks, and of a stop string that is not said.
 */
export interface ChoiceLogprobs {
  content: TokenLogprobs[];
  refusal: null;
}

/** A piece of a streamed answer. */
export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  /** Seconds since 1970. */
  created: number;
  model: string;
  choices: {
    index: 0;
    delta: Delta;
    finish_reason: FinishReason | null;
    /** If they were asked for, the tokens since the chunk before; null where there are none. */
    logprobs: ChoiceLogprobs | null;
  }[];
  /** On the last chunk, if `stream_options.include_usage` asks for it; null before. */
  usage?: Usage | null;
  /** On the chunk with the finish reason. Not OpenAI's. */
  timings?: Timings;
}

/** A whole answer. */
export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: 0;
    message: {
      role: 'assistant';
      content: string | null;
      refusal: null;
      reasoning_content?: string;
      tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
    };
    finish_reason: FinishReason;
    logprobs: ChoiceLogprobs | null;
  }[];
  usage: Usage;
  timings: Timings;
}
