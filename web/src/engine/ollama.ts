// Ollama's models folder, as the user picked it: manifests name blobs by their digest. Nothing is copied.
import { RullamaError, SourceError, stopIfAborted } from './errors.ts';
import { folderOf } from './file_list.ts';
import type { Abortable } from './options.ts';

/**
 * A folder as a handle, or the files that a field with `webkitdirectory` gives where a browser has no handles: its `FileList`, or
 * any other list of them.
 */
export type PickedFolder = FileSystemDirectoryHandle | Iterable<File> | ArrayLike<File>;

/** A model in the folder. */
export interface OllamaModel {
  /** As Ollama writes it, such as `gemma4:e2b`. */
  name: string;
  bytes: number;
  /** `sha256:…` of the file. */
  digest: string;
  /** `gemma4` for what this engine runs; null where Ollama does not say. */
  family: string | null;
}

interface Manifest {
  config?: { digest: string };
  layers?: { mediaType: string; digest: string; size: number }[];
}

const MODEL_LAYER = 'application/vnd.ollama.image.model';
/** Left out of the names that Ollama shows. */
const DEFAULT_PREFIX = 'registry.ollama.ai/library/';

/**
 * The models of a folder that is Ollama's `models` or holds it.
 *
 * Rejects with `NOT_FOUND` where neither is so, with `READ_FAILED`, such as when the browser's permission has ended, and with
 * `CANCELLED`.
 */
export async function listOllama(picked: PickedFolder, { signal }: Abortable = {}): Promise<OllamaModel[]> {
  const folder = handle(picked);
  const models = await reading(folder, async () => {
    const root = await modelsFolder(folder);
    const found: OllamaModel[] = [];
    for await (const { path, file } of files(await root.getDirectoryHandle('manifests'), [])) {
      stopIfAborted(signal);
      // A manifest that cannot be read is Ollama's matter and hides no other model.
      const manifest = await json<Manifest>(file).catch(() => null);
      const layer = manifest?.layers?.find(({ mediaType }) => mediaType === MODEL_LAYER);
      if (!layer) continue;
      const name = `${path.slice(0, -1).join('/')}:${path.at(-1)}`.replace(DEFAULT_PREFIX, '');
      const config = manifest?.config && (await family(root, manifest.config.digest));
      found.push({ name, bytes: layer.size, digest: layer.digest, family: config ?? null });
    }
    return found;
  });
  return models.sort((a, b) => a.name.localeCompare(b.name));
}

/** The file of a model; without a name, of the only Gemma 4. Rejects with `NOT_FOUND` and the names that there are, and as `listOllama` does. */
export async function openOllama(picked: PickedFolder, wanted: string | null, options: Abortable = {}): Promise<File> {
  const folder = handle(picked);
  const models = await listOllama(folder, options);
  const full = wanted === null || wanted.includes(':') ? wanted : `${wanted}:latest`;
  const candidates = models.filter(({ name, family }) => (full === null ? family === 'gemma4' : name === full));
  const [model] = candidates;
  if (!model || candidates.length > 1) {
    const names = models.map(({ name }) => name);
    const what = wanted === null ? 'one Gemma 4 model to choose' : `model \`${wanted}\``;
    const message = `the folder \`${folder.name}\` does not have ${what}; it has ${names.join(', ') || 'no models'}`;
    throw new SourceError({ code: 'NOT_FOUND', message, details: { model: wanted, available: names } });
  }
  return reading(folder, async () => blob(await modelsFolder(folder), model.digest));
}

/** What a browser throws when a folder cannot be read, as an error of this package. */
async function reading<T>(folder: FileSystemDirectoryHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof RullamaError) throw thrown;
    const message = `the folder \`${folder.name}\` cannot be read: ${(thrown as Error).message}; pick it again`;
    throw new SourceError({ code: 'READ_FAILED', message, details: { folder: folder.name } });
  }
}

function handle(picked: PickedFolder): FileSystemDirectoryHandle {
  return 'kind' in picked ? picked : folderOf(picked);
}

async function modelsFolder(picked: FileSystemDirectoryHandle): Promise<FileSystemDirectoryHandle> {
  const has = (folder: FileSystemDirectoryHandle, name: string) =>
    folder.getDirectoryHandle(name).catch((thrown: Error) => {
      // A file of that name is as good as nothing; a folder that may not be read is another matter.
      if (thrown.name === 'NotFoundError' || thrown.name === 'TypeMismatchError') return null;
      throw thrown;
    });
  for (const folder of [picked, await has(picked, 'models'), await has(picked, '.ollama')]) {
    if (folder && (await has(folder, 'manifests')) && (await has(folder, 'blobs'))) return folder;
    const inner = folder && (await has(folder, 'models'));
    if (inner && (await has(inner, 'manifests')) && (await has(inner, 'blobs'))) return inner;
  }
  const message =
    `the folder \`${picked.name}\` has no \`manifests\` and \`blobs\`; ` + "pick Ollama's `models` folder, by default `.ollama/models`";
  throw new SourceError({ code: 'NOT_FOUND', message, details: { folder: picked.name } });
}

async function* files(
  folder: FileSystemDirectoryHandle,
  above: string[],
): AsyncGenerator<{ path: string[]; file: FileSystemFileHandle }> {
  for await (const handle of folder.values()) {
    const path = [...above, handle.name];
    if (handle.kind === 'directory') yield* files(handle as FileSystemDirectoryHandle, path);
    else yield { path, file: handle as FileSystemFileHandle };
  }
}

async function blob(root: FileSystemDirectoryHandle, digest: string): Promise<File> {
  const name = digest.replace(':', '-');
  try {
    return await (await blobHandle(root, digest)).getFile();
  } catch (thrown) {
    const message = `blob \`${name}\` cannot be opened: ${(thrown as Error).message}; pull the model again`;
    throw new SourceError({ code: 'READ_FAILED', message, details: { digest } });
  }
}

async function blobHandle(root: FileSystemDirectoryHandle, digest: string): Promise<FileSystemFileHandle> {
  return (await root.getDirectoryHandle('blobs')).getFileHandle(digest.replace(':', '-'));
}

async function family(root: FileSystemDirectoryHandle, digest: string): Promise<string | null> {
  const config = await blobHandle(root, digest).then(json<{ model_family?: string }>).catch(() => null);
  return config?.model_family ?? null;
}

async function json<T>(file: FileSystemFileHandle): Promise<T> {
  return JSON.parse(await (await file.getFile()).text()) as T;
}
