// What the engine says about itself, as plain data. Sizes are in bytes, times in seconds; the names are those of the
// command line's JSON.

/** An account of the memory ledger. */
export type Account =
  | 'weights' | 'embeddings' | 'kv_cache' | 'activations' | 'adapters' | 'gradients' | 'optimizer' | 'vision' | 'audio'
  | 'staging' | 'uniforms' | 'other';

/** The memory ledger at one moment. */
export interface MemoryReport {
  /** Bytes of all live buffers; the sum over `accounts`. */
  total_bytes: number;
  /** The most that `total_bytes` has been. */
  peak_bytes: number;
  /** Live buffers. */
  buffers: number;
  largest_bytes: number;
  /** What `total_bytes` may not pass. */
  budget_bytes: number | null;
  /** Bytes of dropped buffers that the queue may still be using; not part of `total_bytes`. */
  retired_bytes: number;
  /** One entry for each account, also the empty ones. */
  accounts: { account: Account; bytes: number; peak_bytes: number; buffers: number; largest_bytes: number }[];
  /** One entry for each model and session alive. */
  scopes: { name: string; bytes: number; peak_bytes: number; buffers: number }[];
  /** High-water marks, in the order in which the phases first began. */
  phases: { name: string; peak_bytes: number }[];
  /** Size of WebAssembly's linear memory, which only ever grows. */
  linear_memory_bytes: number;
  /** What these numbers leave out, in a sentence. */
  unseen: string;
  /** All of it in one line for people, in MiB. */
  line: string;
}

/** Every buffer that a model and its session need. */
export interface Plan {
  bytes: number;
  accounts: Record<Account, number>;
  /** Tokens of the longest sequence. */
  context: number;
  /** Tokens of a prompt processed at once. */
  chunk: number;
  /** Whether the per-layer embedding table lies on the GPU, instead of being read from the source row by row. */
  per_layer_resident: boolean;
  buffers: { name: string; account: Account; shape: number[]; bytes: number }[];
}

/** A model file and what loading it would take on this device. */
export interface PlannedModel extends ModelDescription {
  plan: Plan;
}

/** What a model file says of itself. */
export interface ModelDescription {
  /** The file's own name of the model. */
  name: string | null;
  architecture: string | null;
  file_bytes: number;
}

/** A model that was loaded. */
export interface LoadedModel {
  name: string | null;
  file_bytes: number;
  plan: Plan;
  /** The tiers it runs on. */
  tiers: Tiers;
}

/** The GPU. */
export interface DeviceDescription {
  name: string;
  backend: string;
  driver: string;
  kind: 'discrete' | 'integrated' | 'virtual' | 'cpu' | 'unknown';
  limits: Record<
    | 'buffer_bytes_max' | 'binding_bytes_max' | 'uniform_binding_bytes_max' | 'storage_buffers_per_stage'
    | 'workgroup_bytes_max' | 'invocations_max' | 'workgroups_per_dimension_max' | 'storage_offset_alignment'
    | 'uniform_offset_alignment',
    number
  >;
  features: {
    f16: boolean;
    /** Smallest and largest subgroup size. */
    subgroups: [number, number] | null;
    dot4: boolean;
    cooperative_matrix: boolean;
  };
}

/** How often things happened since the device was opened. */
export type Counters = Record<
  | 'buffers_created' | 'bind_groups_created' | 'pipelines_created' | 'submits' | 'dispatches' | 'bytes_written'
  | 'bytes_read',
  number
>;

/** How far loading has come. */
export interface LoadProgress {
  /** Bytes of the file that are on the GPU. */
  done: number;
  /** Bytes that will be. */
  total: number;
  /** The tensor being loaded. */
  name: string;
}

/** Names of the kernels' tiers: how a single token is computed, and how a prompt is. */
export interface Tiers {
  token: 'float' | 'float-subgroup' | 'half' | 'half-subgroup' | 'packed' | 'packed-subgroup';
  prompt: 'float' | 'half' | 'cooperative';
}

/** What came of trying every tier of an adapter. */
export interface TierTrials {
  choice: Tiers;
  rows: {
    work: 'token' | 'prompt';
    tier: string;
    /** A feature that is not there; what was wrong; or the error as a part of what is allowed, and seconds of a round. */
    trial: { lacks: string } | { failed: string } | { passed: { error: number; seconds: number | null } };
    chosen: boolean;
  }[];
}

/** How one case of a kernel went. */
export interface CaseReport {
  kernel: string;
  case: string;
  passed: boolean;
  /** False for a case that needs a feature which the device does not have. */
  ran: boolean;
  error: number;
  tolerance: number;
  message: string;
}

/** Tokens and text of a conversation as the model reads it. */
export interface Rendered {
  text: string;
  ids: number[];
  /** Whether the answer begins with a thought. */
  opens_thinking: boolean;
}

/** A token and the natural logarithm of its probability. */
export interface Logprob {
  /** Its text; a part of a character shows as U+FFFD. */
  token: string;
  /** Its bytes in UTF-8; those of all tokens one after the other are what the model wrote. */
  bytes: number[];
  /** -9999 for a token that cannot come. */
  logprob: number;
}

/**
 * How likely a token was, and the likeliest in its place. Probabilities are the model's own, softmax of all its logits: biases,
 * penalties, temperature and the like decide which token comes, and change nothing here.
 */
export interface TokenLogprobs extends Logprob {
  /** The best first. The chosen token need not be among them. */
  top_logprobs: Logprob[];
}

/** One thing that happened during an answer. */
export type GenerateEvent =
  /** `logprobs` if `top_logprobs` asked for them. */
  | { type: 'token'; id: number; logprobs?: TokenLogprobs }
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'tool_call'; name: string; arguments: Record<string, unknown> }
  /** Something between the tags of a call that is no call. */
  | { type: 'malformed_call'; raw: string; problem: string };

/** How an answer ended, and what it took. */
export interface Finished {
  type: 'finished';
  reason: 'stop' | 'stop_string' | 'length' | 'context_full' | 'cancelled' | 'tool_call';
  usage: {
    prompt_tokens: number;
    reused_tokens: number;
    generated_tokens: number;
    /** Those of them that were of thoughts, with the marks around them. */
    thinking_tokens: number;
    /** Tokens that were guessed, and those of them that were right; see `draft_max`. */
    drafted_tokens: number;
    accepted_tokens: number;
  };
  timings: Timings;
}

/** Seconds of an answer, without what the caller does between two events. */
export interface Timings {
  /** Processing the prompt, up to the choice of the first token. */
  prompt_seconds: number;
  /** All tokens after the first. */
  decode_seconds: number;
  /** From the call to the first token; 0 if none came. */
  first_token_seconds: number;
}
