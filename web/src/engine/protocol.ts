// Everything that passes between a page and the engine's worker.
import type { PlainError } from './errors.ts';
import type { Conversation, DeviceOptions, GenerateOptions, PlanOptions } from './options.ts';
import type {
  CaseReport,
  Counters,
  DeviceDescription,
  Finished,
  GenerateEvent,
  LoadedModel,
  LoadProgress,
  MemoryReport,
  Plan,
  PlannedModel,
  Rendered,
} from './reports.ts';
import type { PortableSource } from './sources.ts';

interface Operation<A, R, E = never> {
  argument: A;
  result: R;
  event: E;
}

/** What can be asked of the engine: the argument, the events before the result, the result. */
export interface Operations {
  open: Operation<DeviceOptions, DeviceDescription>;
  describe: Operation<null, DeviceDescription>;
  memory: Operation<null, MemoryReport>;
  counters: Operation<null, Counters>;
  /** The plan of the loaded model. */
  plan: Operation<null, Plan>;
  /** The plan of a model that is not loaded. */
  planSource: Operation<{ source: PortableSource; options: PlanOptions }, PlannedModel>;
  load: Operation<{ source: PortableSource; options: PlanOptions }, LoadedModel, LoadProgress>;
  unload: Operation<null, void>;
  encode: Operation<string, Uint32Array>;
  decode: Operation<Uint32Array, string>;
  render: Operation<Conversation, Rendered>;
  generate: Operation<{ input: Conversation | Uint32Array; options: GenerateOptions }, Finished, GenerateEvent>;
  /** Fails as `generate` would before its first token, and computes nothing. */
  checkRequest: Operation<{ input: Conversation | Uint32Array; options: GenerateOptions }, void>;
  logits: Operation<{ ids: Uint32Array; path: 'prompt' | 'decode' }, Float32Array>;
  reset: Operation<null, void>;
  save: Operation<null, Uint8Array>;
  restore: Operation<Uint8Array, void>;
  checkKernels: Operation<boolean, number, CaseReport>;
}

export type Name = keyof Operations;
export type Argument<N extends Name> = Operations[N]['argument'];
export type Result<N extends Name> = Operations[N]['result'];
export type Event<N extends Name> = Operations[N]['event'];

/** From the page. `id` is the caller's name of the call. */
export type Request =
  | { [N in Name]: { id: number; operation: N; argument: Argument<N> } }[Name]
  /** The call is to end. */
  | { cancel: number }
  /** The reader of an answer has taken this many events, so as many more may come. */
  | { taken: number; events: number };

/** From the worker: any number of events, then one result or error; or the end of everything. */
export type Response =
  | { id: number; event: Event<Name> }
  | { id: number; result: Result<Name> }
  | { id: number; error: PlainError }
  | { fatal: PlainError };

/** Events of an answer that may be on their way or waiting for their reader; beyond them the engine waits. */
export const EVENTS_AHEAD_MAX = 256;
/** A reader says that it has taken events after this many, so that the messages back are few. */
export const EVENTS_TAKEN_AT_ONCE = 64;

/** One end of the channel. A `Worker` is one, seen from the page. */
export interface Port {
  send(message: Request): void;
  /** Ends the other side at once. */
  close(): void;
  onResponse: (message: Response) => void;
  onFailure: (reason: string) => void;
}
