// Two tabs never write one file: whoever downloads or discards a name holds its lock, which the browser frees with the tab.
import { StorageError } from '../errors.ts';
import { privateRoot } from '../stored.ts';

const lockName = (name: string) => `rullama:download:${name}`;

/** Does `work` while nobody else works on the download `name`; waits for it if need be, after a call of `onWait`. */
export async function downloadLock<T>(name: string, signal: AbortSignal, onWait: () => void, work: () => Promise<T>): Promise<T> {
  // Where there is no storage there are no locks either.
  await privateRoot();
  const attempt = await navigator.locks.request(lockName(name), { ifAvailable: true }, async (lock) => lock && { done: await work() });
  if (attempt) return attempt.done;
  onWait();
  return navigator.locks.request(lockName(name), { signal }, work);
}

/** Does `work`, or throws `IN_USE` if the name is being downloaded. */
export async function unlessDownloading<T>(name: string, work: () => Promise<T>): Promise<T> {
  await privateRoot();
  return navigator.locks.request(lockName(name), { ifAvailable: true }, (lock) => {
    if (lock) return work();
    const message = `\`${name}\` is being downloaded, perhaps in another tab; pause it there first`;
    throw new StorageError({ code: 'IN_USE', message, details: { name } });
  });
}
