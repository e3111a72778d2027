// What a caller can choose.
import type { LoadProgress, Tiers } from './reports.ts';
import type { Message, Tool } from './chat/types.ts';

/** A device to open. */
export interface DeviceOptions {
  /** A smaller device to pretend to be: `webgpu-defaults`, `iphone-16e`, `no-f16` or `no-subgroups`. */
  profile?: string;
  /** Bytes of GPU memory that this engine may use in all. */
  budget?: number;
}

/** Where the engine's worker comes from. */
export interface WorkerOptions {
  /** Starts `rullama/worker`; for pages whose bundler or policy needs a say in it. By default the package does it. */
  worker?: () => Worker;
}

/** How much of a model is to fit. */
export interface PlanOptions {
  /** Tokens of the longest sequence; 4096 if the model allows as many. */
  contextLength?: number;
  /** Tokens of a prompt processed at once. */
  chunkLength?: number;
  /** Type of the KV cache; `f16` by default. */
  kv?: 'f16' | 'f32' | 'q8';
  /** Where the per-layer embedding table lives: on the GPU, or read from the source token by token. */
  perLayerTable?: 'auto' | 'resident' | 'streamed';
  /** How a single token is computed; by default the fastest that passes a trial on this adapter. */
  tokenTier?: Tiers['token'];
  /** How a prompt is computed; by default the fastest that passes a trial on this adapter. */
  promptTier?: Tiers['prompt'];
  /** Bytes of GPU memory for this model and its session. */
  budget?: number;
}

/** A call that can be ended. */
export interface Abortable {
  /** Aborting it rejects the call with `CANCELLED`. */
  signal?: AbortSignal;
}

/** How to load a model. */
export interface LoadOptions extends PlanOptions, Abortable {
  /** Called some hundred times while tensors are loaded. */
  onProgress?: (progress: LoadProgress) => void;
}

/** A conversation to answer. */
export interface Conversation {
  messages: Message[];
  tools?: Tool[];
  enable_thinking?: boolean;
  /** The last message is the beginning of the answer. */
  continue_final_message?: boolean;
}

/** How to choose tokens, and when to end. */
export interface GenerateOptions {
  max_tokens?: number;
  /** 0 takes the most likely token each time. */
  temperature?: number;
  top_k?: number;
  top_p?: number;
  min_p?: number;
  repetition_penalty?: number;
  presence_penalty?: number;
  frequency_penalty?: number;
  /** Tokens that penalties look back at. */
  penalty_window?: number;
  /** Token ids and the finite number that is added to their logits; -1e9 forbids a token. */
  logit_bias?: [number, number][];
  /** A whole number below 2⁵³. */
  seed?: number;
  /** Texts that end the answer. */
  stop?: string[];
  /** Tokens that end the answer, instead of the model's own. */
  stop_tokens?: number[];
  ignore_eos?: boolean;
  /** Whether thinking and function calls are told from text. */
  parse?: 'gemma' | 'raw';
  /** Each token comes with its log-probability and those of so many likeliest tokens, 0 to 20. */
  top_logprobs?: number;
  /**
   * Most tokens that are guessed where the text repeats what was said before, and verified in one step; 0 by default. Meant for
   * answers that repeat long stretches of their prompt, such as a file with a change in it. At most the model's chunk less one, 511
   * by default; more counts as that. Nothing is guessed while a penalty is set, or at a temperature above 0 with a `top_k` of 0 or
   * above 256.
   */
  draft_max?: number;
}
