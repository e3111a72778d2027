// Unfinished downloads in the page's private file system: the bytes so far, and beside them where they come from.
import { stopIfAborted, StorageError } from '../errors.ts';
import type { Abortable } from '../options.ts';
import { fileName, filesIn, folder, modelName, readRecord, removeEntry, replaceStored, unwritable, writeRecord, type StoredModel } from '../stored.ts';
import { unlessDownloading } from './lock.ts';
import type { Origin } from './origin.ts';
import { storageFull, type GrowingFile } from './transfer.ts';

const FOLDER = 'downloads';
const BYTES = '.part';
const ORIGIN = '.json';

/** A download that was begun and not finished. */
export interface PartialModel {
  name: string;
  /** Bytes that are there. */
  done: number;
  /** Bytes of the file; 0 where the server has not said. */
  total: number;
  url: string;
  digest: string | null;
}

/**
 * Downloads that were begun and not finished; `download` with the same name and address goes on with one. Empty where the
 * browser has no private file system.
 *
 * Rejects with `READ_FAILED`, and with `CANCELLED`: aborting stops it before the next file.
 */
export async function listPartial({ signal }: Abortable = {}): Promise<PartialModel[]> {
  stopIfAborted(signal);
  const found: PartialModel[] = [];
  const place = await folder(FOLDER, false).catch(() => null);
  for await (const handle of filesIn(place)) {
    stopIfAborted(signal);
    if (!handle.name.endsWith(BYTES)) continue;
    const base = handle.name.slice(0, -BYTES.length);
    const origin = await readRecord<Origin>(place!, base + ORIGIN);
    const file = await handle.getFile().catch(() => null);
    // Without an origin nothing can go on from it: the next download of the name begins anew.
    if (!origin || !file) continue;
    found.push({ name: modelName(base), done: file.size, total: origin.total ?? 0, url: origin.url, digest: origin.digest });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Deletes what an unfinished download has loaded; resolves too where there is none of this name.
 *
 * Rejects with `IN_USE` while it is being downloaded, and with `CANCELLED` if `signal` is aborted already: nothing is deleted then,
 * and a deletion that has begun is finished.
 */
export async function discardPartial(name: string, { signal }: Abortable = {}): Promise<void> {
  stopIfAborted(signal);
  await unlessDownloading(name, async () => {
    const place = await folder(FOLDER, false);
    if (!place) return;
    await removeEntry(place, fileName(name) + BYTES, name);
    await removeEntry(place, fileName(name) + ORIGIN, name);
  });
}

/** The unfinished download of a name, open for writing. Who opens it holds the lock of the name, and closes it. */
export class PartialFile implements GrowingFile {
  origin: Origin | null;
  readonly #name: string;
  readonly #place: FileSystemDirectoryHandle;
  readonly #handle: FileSystemSyncAccessHandle;
  #bytes: number;
  #kept: string;

  private constructor(name: string, place: FileSystemDirectoryHandle, handle: FileSystemSyncAccessHandle, origin: Origin | null) {
    this.#name = name;
    this.#place = place;
    this.#handle = handle;
    this.#bytes = handle.getSize();
    this.origin = origin;
    this.#kept = JSON.stringify(origin);
  }

  static async open(name: string): Promise<PartialFile> {
    const place = await folder(FOLDER, true);
    const origin = await readRecord<Origin>(place, fileName(name) + ORIGIN);
    const file = await place.getFileHandle(fileName(name) + BYTES, { create: true }).catch((thrown: Error) => {
      throw unwritable(`the unfinished download of \`${name}\``, thrown);
    });
    return new PartialFile(name, place, await writable(file, name), origin);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async setOrigin(origin: Origin): Promise<void> {
    this.origin = origin;
    const text = JSON.stringify(origin);
    if (text === this.#kept) return;
    await writeRecord(this.#place, fileName(this.#name) + ORIGIN, origin);
    this.#kept = text;
  }

  append(piece: Uint8Array): void {
    let written = 0;
    try {
      written = this.#handle.write(piece, { at: this.#bytes });
    } catch (thrown) {
      this.#handle.truncate(this.#bytes);
      if ((thrown as Error).name !== 'QuotaExceededError') throw unwritable(`the unfinished download of \`${this.#name}\``, thrown as Error);
    }
    this.#bytes += written;
    if (written === piece.length) return;
    const needed = (this.origin?.total ?? this.#bytes + piece.length) - this.#bytes;
    throw storageFull(this.#name, needed, null);
  }

  replace(bytes: Uint8Array, at: number): void {
    try {
      this.#handle.write(bytes, { at });
    } catch (thrown) {
      throw unwritable(`the unfinished download of \`${this.#name}\``, thrown as Error);
    }
  }

  read(into: Uint8Array, at: number): number {
    return this.#handle.read(into, { at });
  }

  clear(): void {
    this.#handle.truncate(0);
    this.#bytes = 0;
    this.origin = null;
  }

  async close(): Promise<void> {
    this.#handle.flush();
    this.#handle.close();
    // Nothing came, or nothing good.
    if (this.#bytes > 0) return;
    await removeEntry(this.#place, fileName(this.#name) + BYTES, this.#name);
    await removeEntry(this.#place, fileName(this.#name) + ORIGIN, this.#name);
  }
}

/** Makes the finished download the stored model of its name, in place of the one before. */
export async function storePartial(name: string, known: { digest: string; url: string }): Promise<StoredModel> {
  const place = await folder(FOLDER, true);
  const handle = await place.getFileHandle(fileName(name) + BYTES);
  const model = await replaceStored(name, handle, known);
  await removeEntry(place, fileName(name) + ORIGIN, name);
  return model;
}

/** A tab that was just closed may hold the file for a moment longer than its lock. */
const ATTEMPTS = 20;
const BETWEEN_MS = 100;

async function writable(handle: FileSystemFileHandle, name: string): Promise<FileSystemSyncAccessHandle> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (thrown) {
      if (attempt === ATTEMPTS) {
        const message = `the unfinished download of \`${name}\` cannot be written: ${(thrown as Error).message}; close other tabs of this page`;
        throw new StorageError({ code: 'IN_USE', message, details: { name } });
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
  }
}
