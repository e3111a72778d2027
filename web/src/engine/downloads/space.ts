// How much room the browser gives this page.
import { stopIfAborted } from '../errors.ts';
import type { Abortable } from '../options.ts';

/** Bytes stored by this page's origin, and how many it may store in all; null where the browser does not say. */
export interface StorageEstimate {
  usage: number | null;
  quota: number | null;
  /** Whether the browser keeps the files until the user deletes them, rather than until it needs the space. */
  persisted: boolean;
}

/** What the browser says about this page's storage. Rejects with `CANCELLED` if `signal` is aborted before it has said so. */
export async function storageEstimate({ signal }: Abortable = {}): Promise<StorageEstimate> {
  stopIfAborted(signal);
  const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  stopIfAborted(signal);
  return { usage: usage ?? null, quota: quota ?? null, persisted };
}

/** Bytes that may still be stored; null where the browser does not say. */
export async function freeBytes(): Promise<number | null> {
  const { usage, quota } = await storageEstimate();
  return usage === null || quota === null ? null : Math.max(0, quota - usage);
}
