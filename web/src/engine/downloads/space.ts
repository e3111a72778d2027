// How much room the browser gives this page.

/** Bytes stored by this page's origin, and how many it may store in all; null where the browser does not say. */
export interface StorageEstimate {
  usage: number | null;
  quota: number | null;
  /** Whether the browser keeps the files until the user deletes them, rather than until it needs the space. */
  persisted: boolean;
}

/** What the browser says about this page's storage. */
export async function storageEstimate(): Promise<StorageEstimate> {
  const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  return { usage: usage ?? null, quota: quota ?? null, persisted };
}

/** Bytes that may still be stored; null where the browser does not say. */
export async function freeBytes(): Promise<number | null> {
  const { usage, quota } = await storageEstimate();
  return usage === null || quota === null ? null : Math.max(0, quota - usage);
}
