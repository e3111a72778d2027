// The public interface of the package.
export { Rullama } from './rullama.ts';
export {
  CancelledError, ClosedError, DeviceError, InternalError, MemoryError, ModelError, RequestError, RullamaError, SourceError,
  StorageError,
} from './errors.ts';
export { listOllama } from './ollama.ts';
export { download } from './downloads/download.ts';
export { discardPartial, listPartial } from './downloads/partial.ts';
export { listServer } from './downloads/server.ts';
export { storageEstimate } from './downloads/space.ts';
export { deleteStored, listStored } from './stored.ts';
export type * from './chat/types.ts';
export type { CallOptions, Completions } from './chat/completions.ts';
export type { DownloadOptions, Wanted } from './downloads/download.ts';
export type { PartialModel } from './downloads/partial.ts';
export type { Progress } from './downloads/progress.ts';
export type { ServerModel } from './downloads/server.ts';
export type { StorageEstimate } from './downloads/space.ts';
export type { ErrorDetails, PlainError } from './errors.ts';
export type { OllamaModel } from './ollama.ts';
export type * from './options.ts';
export type * from './reports.ts';
export type { ModelSource, OllamaSource, UrlSource } from './sources.ts';
export type { StoredModel } from './stored.ts';
