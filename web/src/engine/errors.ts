// Errors of the engine as classes. A class says who can do something about it, the code says exactly what happened.

/** The form in which an error crosses from the worker: own properties of an `Error` would be lost there. */
export interface PlainError {
  code: string;
  message: string;
  details: ErrorDetails;
}

/** The numbers and names of a message, for programs. */
export type ErrorDetails = Record<string, unknown>;

/**
 * What a failed call throws. `code` is stable and for programs, `message` is for people, `details` has the numbers of
 * the message.
 */
export class RullamaError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;

  /** An error with these properties; without details they are empty. */
  constructor({ code, message, details }: { code: string; message: string; details?: ErrorDetails | null }) {
    super(message);
    this.code = code;
    this.details = details ?? {};
  }

  /** Its plain form, which survives `postMessage` and `JSON.stringify`. */
  toJSON(): PlainError {
    return { code: this.code, message: this.message, details: this.details };
  }

  /** Whatever was thrown, as an error of the class that its code belongs to. Without a code it is a bug: `INTERNAL`. */
  static from(thrown: unknown): RullamaError {
    if (thrown instanceof RullamaError) return thrown;
    const { code, message, details } = (thrown ?? {}) as Partial<PlainError>;
    const text = message ?? String(thrown);
    // Exceptions of browsers have a number as their code.
    if (typeof code === 'string') return revive({ code, message: text, details: details ?? {} });
    return new InternalError({ code: 'INTERNAL', message: `${text}; please report this` });
  }
}

/** The caller's `AbortSignal` ended it: `CANCELLED`. */
export class CancelledError extends RullamaError {}

/** The request cannot be served as it is, whatever the device: `BAD_OPTION`, `UNSUPPORTED`, `CONTEXT_FULL` and the like. */
export class RequestError extends RullamaError {}

/** The model file is damaged, incomplete, or no model that can be run. */
export class ModelError extends RullamaError {}

/** Bytes did not come: the network, the server or the disk failed. */
export class SourceError extends RullamaError {}

/** The page's storage on disk is full, missing or in use. */
export class StorageError extends RullamaError {}

/** It does not fit into the GPU's memory or its limits. */
export class MemoryError extends RullamaError {}

/** There is no usable GPU, or it was lost. */
export class DeviceError extends RullamaError {}

/** The engine has ended, by `dispose()` or by a failure: `CLOSED`. */
export class ClosedError extends RullamaError {}

/** A bug, here or in a driver. */
export class InternalError extends RullamaError {}

/** Each class with its name, which a minifier would take from it, and its codes. */
const CLASSES: [typeof RullamaError, string, string[]][] = [
  [CancelledError, 'CancelledError', ['CANCELLED']],
  [ClosedError, 'ClosedError', ['CLOSED']],
  [
    RequestError,
    'RequestError',
    [
      'BAD_OPTION', 'BAD_PROMPT', 'BAD_STATE', 'BAD_TOKEN', 'BUSY', 'CONTEXT_FULL', 'EMPTY_PROMPT', 'NO_MODEL', 'OTHER_MODEL',
      'UNKNOWN_PROFILE', 'UNSUPPORTED',
    ],
  ],
  [
    ModelError,
    'ModelError',
    [
      'BAD_FILE', 'BAD_METADATA', 'BAD_TENSOR', 'MISSING_TENSOR', 'NOT_FINITE', 'NO_VOCABULARY', 'TRUNCATED_FILE',
      'UNSUPPORTED_MODEL', 'UNSUPPORTED_TYPE',
    ],
  ],
  [
    SourceError,
    'SourceError',
    ['NETWORK', 'NOT_FOUND', 'RANGE_NOT_SUPPORTED', 'READ_FAILED', 'WASM_FAILED', 'WRONG_DIGEST', 'WRONG_LENGTH'],
  ],
  [StorageError, 'StorageError', ['IN_USE', 'NO_STORAGE', 'STORAGE_FULL']],
  [MemoryError, 'MemoryError', ['BINDING_TOO_SMALL', 'BUFFER_TOO_LARGE', 'OUT_OF_MEMORY', 'OVER_BUDGET']],
  [InternalError, 'InternalError', ['CALLBACK_FAILED', 'GPU_INTERNAL', 'INTERNAL', 'READBACK', 'SHADER', 'VALIDATION']],
  [DeviceError, 'DeviceError', ['DEVICE_LOST', 'MISSING_FEATURE', 'NO_ADAPTER', 'NO_ADAPTER_NAMED', 'NO_DEVICE', 'NO_WEBGPU']],
];

for (const [kind, name] of [[RullamaError, 'RullamaError'] as const, ...CLASSES]) {
  Object.defineProperty(kind.prototype, 'name', { value: name, writable: true, configurable: true });
}

const CLASS_OF = new Map(CLASSES.flatMap(([kind, , codes]) => codes.map((code) => [code, kind] as const)));

/** Every code that this version gives. */
export const CODES: readonly string[] = [...CLASS_OF.keys()];

/** The parameters that the engine finds out of range, by its own words for them, as callers write them. */
export const OPTION_OF: ReadonlyMap<string, string> = new Map([
  ['a temperature', 'temperature'],
  ['a top-p', 'top_p'],
  ['a min-p', 'min_p'],
  ['a repetition penalty', 'repetition_penalty'],
  ['a presence penalty', 'presence_penalty'],
  ['a frequency penalty', 'frequency_penalty'],
  ['a logit bias', 'logit_bias'],
  ['a number of logit biases', 'logit_bias'],
  ['a number of stop strings', 'stop'],
  ["a stop string's length in bytes", 'stop'],
  ['a number of top logprobs', 'top_logprobs'],
  ['a context', 'contextLength'],
  ['a chunk', 'chunkLength'],
  ['the width of a head for this type of KV cache', 'kv'],
]);

/** The error that a plain one stands for. */
export function revive({ code, message, details }: PlainError): RullamaError {
  const option = code === 'BAD_OPTION' && OPTION_OF.get(details['what'] as string);
  const plain = { code, message, details: option ? { ...details, option } : details };
  return new (CLASS_OF.get(code) ?? InternalError)(plain);
}

/** A request for something that this engine does not do. */
export function unsupported(parameter: string, remedy: string, details: ErrorDetails = {}): RequestError {
  const message = `\`${parameter}\` is not supported: ${remedy}`;
  return new RequestError({ code: 'UNSUPPORTED', message, details: { parameter, ...details } });
}

/** A call that its signal ended. */
export function cancelled(): CancelledError {
  return new CancelledError({ code: 'CANCELLED', message: 'cancelled' });
}

/** Throws `CANCELLED` if the signal is aborted: between two steps of what nothing else stops. */
export function stopIfAborted(signal: AbortSignal | undefined) {
  if (signal?.aborted) throw cancelled();
}
