// What the browser says of the graphics adapter. wgpu reads of it the description only, which browsers leave empty unless
// they are told otherwise.

import { watchDevices } from './pipelines.ts';
import { askForSubgroups } from './subgroups.ts';

const ATTEMPTS_MAX = 4;
const PAUSE_MS = 250;

/** The adapter that the engine gets, and what the bindings are told of it when they open a device. */
export async function describeAdapter() {
  const adapter = await findAdapter();
  watchDevices(adapter);
  const options = { subgroups: askForSubgroups(adapter), adapterName: adapterName(adapter?.info) };
  return { info: adapter?.info, options };
}

/** Browsers whose GPU process is still starting say at first that there is none. */
async function findAdapter(): Promise<GPUAdapter | null> {
  const gpu = globalThis.navigator?.gpu;
  for (let attempt = 0; gpu && attempt < ATTEMPTS_MAX; attempt++) {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (adapter) return adapter;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return null;
}

/** A name for people, such as `nvidia ampere`; undefined where the browser says nothing. */
export function adapterName(info: GPUAdapterInfo | undefined): string | undefined {
  if (info?.description) return info.description;
  return [info?.vendor, info?.architecture].filter(Boolean).join(' ') || undefined;
}

/** All that tells an adapter from others. */
export function adapterIdentity(info: GPUAdapterInfo | undefined): string[] {
  return [info?.vendor, info?.architecture, info?.device, info?.description].map((part) => part ?? '');
}
