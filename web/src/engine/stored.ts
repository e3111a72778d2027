// Model files in the page's private file system (OPFS). They lie in one folder; another holds what is known about them.
import { RequestError, SourceError, stopIfAborted, StorageError } from './errors.ts';
import type { Abortable } from './options.ts';

const FOLDER = 'models';
const RECORDS = 'model-records';
const RECORD = '.json';
/** Longest file name that file systems hold, less what is appended to it. */
const FILE_NAME_CHARS_MAX = 240;

/** A model in the page's storage; its source is `{ opfs: name }`. */
export interface StoredModel {
  name: string;
  bytes: number;
  /** `sha256:…` of the file; null if it was not downloaded. */
  digest: string | null;
  /** Where it was downloaded from; null if it was not. */
  url: string | null;
}

/** What was known of a file when it was stored. */
interface Known {
  digest: string;
  /** Not in records of earlier versions. */
  url?: string;
  bytes: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/**
 * The stored models; empty where the browser has no private file system.
 *
 * Rejects with `READ_FAILED`, and with `CANCELLED`: aborting stops it before the next file.
 */
export async function listStored({ signal }: Abortable = {}): Promise<StoredModel[]> {
  stopIfAborted(signal);
  const models: StoredModel[] = [];
  const place = await folder(FOLDER, false).catch(() => null);
  for await (const handle of filesIn(place)) {
    stopIfAborted(signal);
    const model = await stored(modelName(handle.name));
    if (model) models.push(model);
  }
  return models.sort((a, b) => a.name.localeCompare(b.name));
}

/** The stored model of this name, if there is one. */
export async function stored(name: string): Promise<StoredModel | null> {
  const place = await folder(FOLDER, false);
  const handle = await place?.getFileHandle(fileName(name)).catch(() => null);
  const file = await handle?.getFile().catch((thrown: Error) => {
    // It was deleted just now.
    if (thrown.name === 'NotFoundError') return null;
    throw unreadable(`stored model \`${name}\``, thrown);
  });
  if (!file) return null;
  const records = await folder(RECORDS, false);
  const record = records && (await readRecord<Known>(records, fileName(name) + RECORD));
  // A record may be that of the file before: where the tab was closed too early, or another program stored this one.
  const isOfThis = record?.bytes === file.size && record.modified === file.lastModified;
  const { digest = null, url = null } = isOfThis ? record : {};
  return { name, bytes: file.size, digest, url };
}

/**
 * Deletes a stored model; resolves too where there is none of this name.
 *
 * Rejects with `IN_USE` while it is loaded, here or in another tab, and with `CANCELLED` if `signal` is aborted already: nothing
 * is deleted then, and a deletion that has begun is finished.
 */
export async function deleteStored(name: string, { signal }: Abortable = {}): Promise<void> {
  stopIfAborted(signal);
  const place = await folder(FOLDER, false);
  if (place) await removeEntry(place, fileName(name), name);
  const records = await folder(RECORDS, false);
  if (records) await removeEntry(records, fileName(name) + RECORD, name);
}

/**
 * A stored model for reading: an access handle, or the file where another tab holds it. For workers.
 *
 * @internal Its type is none that pages know.
 */
export async function openStored(name: string): Promise<FileSystemSyncAccessHandle | File> {
  return reading(name, (handle) => {
    // Readers may share a file; browsers that do not know the mode lock it.
    const open = handle.createSyncAccessHandle as (o: object) => Promise<FileSystemSyncAccessHandle>;
    return open.call(handle, { mode: 'read-only' }).catch(() => handle.getFile());
  });
}

/** The file of a stored model. It is slower to read, and keeps nobody from deleting the model. */
export function storedFile(name: string): Promise<File> {
  return reading(name, (handle) => handle.getFile());
}

async function reading<T>(name: string, open: (handle: FileSystemFileHandle) => Promise<T>): Promise<T> {
  try {
    const root = await navigator.storage.getDirectory();
    const place = await root.getDirectoryHandle(FOLDER);
    return await open(await place.getFileHandle(fileName(name)));
  } catch (thrown) {
    throw unreadable(`stored model \`${name}\``, thrown as Error);
  }
}

/** Moves a complete and checked file to the stored models, in place of the one of this name. */
export async function replaceStored(name: string, file: FileSystemFileHandle, { digest, url }: { digest: string; url: string }): Promise<StoredModel> {
  const [place, records] = [await folder(FOLDER, true), await folder(RECORDS, true)];
  await (file as MovableHandle).move(place, fileName(name)).catch((thrown: Error) => {
    throw inUse(name, thrown);
  });
  const { size, lastModified } = await (await place.getFileHandle(fileName(name))).getFile();
  await writeRecord(records, fileName(name) + RECORD, { digest, url, bytes: size, modified: lastModified } satisfies Known);
  return { name, bytes: size, digest, url };
}

/** Known to every browser with WebGPU, and not yet to TypeScript. */
interface MovableHandle extends FileSystemFileHandle {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** A name that can be stored; throws `BAD_OPTION` for others. */
export function checkedName(name: string): string {
  if (typeof name === 'string' && name !== '' && fileName(name).length <= FILE_NAME_CHARS_MAX) return name;
  const message = `\`name\`: \`${String(name)}\` is empty or longer than a file name can be`;
  throw new RequestError({ code: 'BAD_OPTION', message, details: { option: 'name' } });
}

/** Names of models have colons and slashes, which file systems do not take. */
export function fileName(name: string): string {
  // A name of dots alone would be a folder's.
  return encodeURIComponent(name).replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length));
}

/** The name that a file name stands for. */
export function modelName(file: string): string {
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

/** A folder of the private file system; null where it does not exist and is not to be created. */
export async function folder(name: string, create: true): Promise<FileSystemDirectoryHandle>;
export async function folder(name: string, create: false): Promise<FileSystemDirectoryHandle | null>;
export async function folder(name: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  const root = await privateRoot();
  return root.getDirectoryHandle(name, { create }).catch((thrown: Error) => {
    if (thrown.name === 'NotFoundError') return null;
    throw create ? unwritable(`the folder \`${name}\` of the browser's storage`, thrown) : unreadable(`the folder \`${name}\``, thrown);
  });
}

/** The files of a folder, or none without one. */
export async function* filesIn(place: FileSystemDirectoryHandle | null): AsyncGenerator<FileSystemFileHandle> {
  try {
    for await (const handle of place?.values() ?? []) {
      if (handle.kind === 'file') yield handle as FileSystemFileHandle;
    }
  } catch (thrown) {
    throw unreadable(`the folder \`${place!.name}\` of the browser's storage`, thrown as Error);
  }
}

function unreadable(what: string, { message: cause }: Error): SourceError {
  const message = `${what} cannot be read: ${cause}; reload the page`;
  return new SourceError({ code: 'READ_FAILED', message, details: { what } });
}

/** What the browser says when it does not take something into its storage. */
export function unwritable(what: string, { name, message: cause }: Error): StorageError {
  const isFull = name === 'QuotaExceededError';
  const remedy = isFull ? 'delete a stored model or free space on the disk, then go on' : 'reload the page, and leave private browsing';
  const message = `${what} cannot be written: ${cause}; ${remedy}`;
  return new StorageError({ code: isFull ? 'STORAGE_FULL' : 'NO_STORAGE', message, details: { what } });
}

/** The private file system; throws `NO_STORAGE` where there is none, as on a page that is not secure. */
export async function privateRoot(): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (thrown) {
    const message = `the browser gives this page no storage (${(thrown as Error).message}); leave private browsing, and open the page over https or on localhost`;
    throw new StorageError({ code: 'NO_STORAGE', message });
  }
}

/** A small JSON file; null where there is none that can be read. */
export async function readRecord<T>(place: FileSystemDirectoryHandle, file: string): Promise<T | null> {
  try {
    return JSON.parse(await (await (await place.getFileHandle(file)).getFile()).text()) as T;
  } catch {
    return null;
  }
}

/** Replaces a small JSON file as a whole or not at all. */
export async function writeRecord(place: FileSystemDirectoryHandle, file: string, value: unknown): Promise<void> {
  try {
    const writer = await (await place.getFileHandle(file, { create: true })).createWritable();
    await writer.write(JSON.stringify(value));
    await writer.close();
  } catch (thrown) {
    throw unwritable(`\`${file}\` in the browser's storage`, thrown as Error);
  }
}

/** Removes a file if it is there. Throws `IN_USE` where someone has it open. */
export async function removeEntry(place: FileSystemDirectoryHandle, file: string, name: string): Promise<void> {
  await place.removeEntry(file).catch((thrown: Error) => {
    if (thrown.name !== 'NotFoundError') throw inUse(name, thrown);
  });
}

function inUse(name: string, { message: cause }: Error): StorageError {
  const message = `the stored model \`${name}\` is in use (${cause}); unload it, here and in other tabs, then try again`;
  return new StorageError({ code: 'IN_USE', message, details: { name } });
}
