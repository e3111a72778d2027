// The best tiers of the kernels for this adapter. Trying them takes a second or so, so the result is kept in the page's private
// file system, where there is one.
import { adapterIdentity } from './adapter.ts';
import type { Device } from './wasm/rullama.js';
import type { DeviceDescription, Tiers, TierTrials } from './reports.ts';
import { VERSION } from './version.ts';

const FILE = 'rullama-tiers.json';

const TOKEN_TIERS: Tiers['token'][] = ['float', 'float-subgroup', 'half', 'half-subgroup', 'packed', 'packed-subgroup'];
const PROMPT_TIERS: Tiers['prompt'][] = ['float', 'half', 'cooperative'];

/** They run everywhere. */
export const SIMPLEST: Tiers = { token: 'float', prompt: 'float' };

/** The best tiers of the adapter that `device` was opened on. Rejects where they cannot be tried, as when a device is lost. */
export async function bestTiers(device: Device, adapter: GPUAdapterInfo | undefined): Promise<Tiers> {
  // A processor that plays a GPU is half a minute at a trial, and gains little with a model that it is fast enough for.
  if (adapter?.isFallbackAdapter) return SIMPLEST;
  const { name, backend, driver, features } = device.describe() as DeviceDescription;
  // Kernels change with the version.
  const key = JSON.stringify([VERSION, name, backend, driver, adapterIdentity(adapter), features]);
  const kept = await read();
  const known = kept[key];
  if (known) return known;
  const { choice } = (await device.tryTiers()) as TierTrials;
  await write({ ...kept, [key]: choice });
  return choice;
}

function isTiers(value: unknown): value is Tiers {
  const { token, prompt } = (value ?? {}) as Partial<Tiers>;
  return TOKEN_TIERS.some((tier) => tier === token) && PROMPT_TIERS.some((tier) => tier === prompt);
}

async function read(): Promise<Record<string, Tiers>> {
  try {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getFileHandle(FILE)).getFile();
    const kept: unknown = JSON.parse(await file.text());
    return Object.fromEntries(Object.entries(kept as object).filter(([, tiers]) => isTiers(tiers)));
  } catch {
    // No private file system, nothing kept yet, or not ours: they are tried again.
    return {};
  }
}

async function write(kept: Record<string, Tiers>): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    const stream = await (await root.getFileHandle(FILE, { create: true })).createWritable();
    await stream.write(JSON.stringify(kept));
    await stream.close();
  } catch {
    // What cannot be kept is tried again the next time.
  }
}
