// The public interface of the package.
export { Rullama } from './rullama.ts';
export {
  CancelledError, ClosedError, DeviceError, InternalError, MemoryError, ModelError, RequestError, RullamaError, SourceError,
} from './errors.ts';
export { listOllama } from './ollama.ts';
export { listStored } from './stored.ts';
export type * from './chat/types.ts';
export type { CallOptions, Completions } from './chat/completions.ts';
export type { ErrorDetails, PlainError } from './errors.ts';
export type { OllamaModel } from './ollama.ts';
export type * from './options.ts';
export type * from './reports.ts';
export type { ModelSource, OllamaSource, UrlSource } from './sources.ts';
