// @ts-check
// Model files in the page's private file system (OPFS). They lie in one folder, under their own names.
import { RullamaError } from './error.js';

const FOLDER = 'models';

/** Names and sizes of the stored models; empty where the browser has no private file system. */
export async function listStored() {
  /** @type {{name: string, bytes: number}[]} */
  const models = [];
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER);
    for await (const handle of /** @type {any} */ (folder).values()) {
      if (handle.kind === 'file') models.push({ name: handle.name, bytes: (await handle.getFile()).size });
    }
  } catch {
    // No private file system, or nothing was ever stored in it.
  }
  return models.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * A stored model for reading: an access handle, or the file where another tab holds it. For workers.
 *
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function openStored(name) {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER);
    const handle = /** @type {any} */ (await folder.getFileHandle(name));
    return await handle.createSyncAccessHandle({ mode: 'read-only' }).catch(() => handle.getFile());
  } catch (thrown) {
    const cause = /** @type {any} */ (thrown)?.message ?? String(thrown);
    throw new RullamaError({ code: 'READ_FAILED', message: `stored model \`${name}\` cannot be opened: ${cause}` });
  }
}
