// Where a model's bytes come from, and the form in which a source reaches the worker.
import { RequestError } from './errors.ts';

/** A model in Ollama's folder, which the user picked. Without a name, the only Gemma 4 in it. */
export interface OllamaSource {
  directory: FileSystemDirectoryHandle;
  /** Such as `gemma4:e2b`; `latest` where the tag is left out. */
  model?: string;
}

/** An address. Its server must answer Range requests, unless `whole` asks for the whole file at once, for small ones. */
export interface UrlSource {
  url: string | URL;
  whole?: boolean;
}

/** A model file: a picked one, an address, a file in the page's private file system (OPFS), or one of Ollama's. */
export type ModelSource =
  | Blob
  | FileSystemFileHandle
  | FileSystemDirectoryHandle
  | string
  | URL
  | UrlSource
  | OllamaSource
  | { opfs: string };

/** What can be cloned into a worker, with whole addresses. */
export type PortableSource =
  | { kind: 'file'; file: Blob }
  | { kind: 'handle'; handle: FileSystemFileHandle }
  | { kind: 'ollama'; directory: FileSystemDirectoryHandle; model: string | null }
  | { kind: 'url'; url: string; whole: boolean }
  | { kind: 'opfs'; name: string };

/** The worker's own address is not the caller's, so relative addresses are made whole here. */
export function portable(source: ModelSource): PortableSource {
  if (source instanceof Blob) return { kind: 'file', file: source };
  if (typeof source === 'string' || source instanceof URL) return { kind: 'url', url: whole(source), whole: false };
  if (typeof source !== 'object' || source === null) throw noSource();
  if ('url' in source) return { kind: 'url', url: whole(source.url), whole: source.whole ?? false };
  if ('opfs' in source) return { kind: 'opfs', name: source.opfs };
  if ('directory' in source) return { kind: 'ollama', directory: source.directory, model: source.model ?? null };
  if ('kind' in source && source.kind === 'file') return { kind: 'handle', handle: source };
  if ('kind' in source && source.kind === 'directory') return { kind: 'ollama', directory: source, model: null };
  throw noSource();
}

function noSource(): RequestError {
  const message = 'the model source is none of File, FileSystemHandle, address, {url}, {opfs} and {directory}';
  return new RequestError({ code: 'BAD_OPTION', message, details: { option: 'source' } });
}

/** An address with everything that a relative one leaves out. */
export function whole(address: string | URL): string {
  const here = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const base = here.document?.baseURI ?? here.location?.href;
  try {
    return new URL(address, base).href;
  } catch {
    const message = `\`${address}\` is no address`;
    throw new RequestError({ code: 'BAD_OPTION', message, details: { option: 'url' } });
  }
}
