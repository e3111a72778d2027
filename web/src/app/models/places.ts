// The places that models come from, and the last one that was used.
import type { ModelSource } from 'rullama';
import { demo } from 'rullama/demo';
import { recall, remember } from '../chats/database.ts';
import type { Choice } from '../engine/runtime.svelte.ts';
import { nameOf } from './names.ts';

const LAST = 'last model';

export const demoChoice = (): Choice => ({ source: demo, label: 'Demo model', options: {} });

/** Called by the last part of the address. */
export const addressChoice = (url: string): Choice => ({ source: { url }, label: nameOf(wholeAddress(url), () => false), options: {} });

/** An address with everything that a relative one leaves out; what is no address stays as it is, for the engine to refuse. */
export function wholeAddress(address: string): string {
  return URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI).href : address;
}

/** Keeps a choice for the next visit. A file without a handle is gone by then. */
export async function rememberChoice({ source, label, options }: Choice): Promise<void> {
  if (source instanceof Blob) return;
  // The demo model's address changes with the version of the app.
  const value = source === demo ? { isDemo: true, options } : { source: source instanceof URL ? source.href : source, label, options };
  await remember(LAST, value).catch(() => {});
}

export const forgetChoice = () => remember(LAST, null).catch(() => {});

/** The choice of the last visit; undefined on the first one, null when the model was unloaded. */
export async function lastChoice(): Promise<Choice | null | undefined> {
  const value = await recall<(Choice & { isDemo?: boolean }) | null>(LAST).catch(() => undefined);
  return value?.isDemo ? { ...demoChoice(), options: value.options } : value;
}

type Handle = FileSystemHandle & Partial<Record<'queryPermission' | 'requestPermission', (o: { mode: 'read' }) => Promise<PermissionState>>>;

function handleOf(source: ModelSource): Handle | null {
  if (source instanceof FileSystemHandle) return source;
  return typeof source === 'object' && 'directory' in source ? source.directory : null;
}

/** Whether the browser lets the page read the source without asking the user. */
export async function isReadable(source: ModelSource): Promise<boolean> {
  const handle = handleOf(source);
  return !handle?.queryPermission || (await handle.queryPermission({ mode: 'read' })) === 'granted';
}

/** Asks the user, which browsers allow after a click only. */
export async function askToRead(source: ModelSource): Promise<boolean> {
  const handle = handleOf(source);
  return !handle?.requestPermission || (await handle.requestPermission({ mode: 'read' })) === 'granted';
}
