// Model files in the page's private file system (OPFS). They lie in one folder, under their own names.
import { SourceError } from './errors.ts';

const FOLDER = 'models';

/** Names and sizes of the stored models; empty where the browser has no private file system. */
export async function listStored(): Promise<{ name: string; bytes: number }[]> {
  const models: { name: string; bytes: number }[] = [];
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER);
    for await (const handle of folder.values()) {
      if (handle.kind !== 'file') continue;
      const file = await (handle as FileSystemFileHandle).getFile();
      models.push({ name: handle.name, bytes: file.size });
    }
  } catch {
    // No private file system, or nothing was ever stored in it.
  }
  return models.sort((a, b) => a.name.localeCompare(b.name));
}

/** A stored model for reading: an access handle, or the file where another tab holds it. For workers. */
export async function openStored(name: string): Promise<FileSystemSyncAccessHandle | File> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER);
    const handle = await folder.getFileHandle(name);
    // Readers may share a file; browsers that do not know the mode lock it.
    const open = handle.createSyncAccessHandle as (o: object) => Promise<FileSystemSyncAccessHandle>;
    return await open.call(handle, { mode: 'read-only' }).catch(() => handle.getFile());
  } catch (thrown) {
    const message = `stored model \`${name}\` cannot be opened: ${(thrown as Error).message}`;
    throw new SourceError({ code: 'READ_FAILED', message, details: { name } });
  }
}
