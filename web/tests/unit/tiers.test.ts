// The page's memory of an adapter's tiers.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bestTiers } from '../../src/engine/tiers.ts';
import { VERSION } from '../../src/engine/version.ts';
import type { Device } from '../../src/engine/wasm/rullama.js';

const FILE = 'rullama-tiers.json';
const choice = { token: 'packed-subgroup', prompt: 'half' };
const simplest = { token: 'float', prompt: 'float' };
const adapter = { vendor: 'v', architecture: 'a', device: 'd', description: '', isFallbackAdapter: false } as GPUAdapterInfo;

/** What is in the private file system. */
let files: Map<string, string>;

beforeEach(() => {
  files = new Map();
  const handle = (name: string) => ({
    getFile: async () => new Blob([files.get(name)!]),
    createWritable: async () => {
      let written = '';
      return { write: async (text: string) => void (written += text), close: async () => void files.set(name, written) };
    },
  });
  const getFileHandle = async (name: string, { create = false } = {}) => {
    if (!files.has(name) && !create) throw new DOMException('no such file', 'NotFoundError');
    return handle(name);
  };
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => ({ getFileHandle }) } });
});

afterEach(() => vi.unstubAllGlobals());

/** A device, with the number of times that its tiers were tried. */
function device({ name = 'card', features = { f16: true }, trial = async (): Promise<unknown> => ({ choice, rows: [] }) } = {}) {
  const tryTiers = vi.fn(trial);
  const described = { name, backend: 'webgpu', driver: '1', features };
  return { tryTiers, device: { describe: () => described, tryTiers } as unknown as Device };
}

test('tiers are tried once, and again where anything else is different', async () => {
  const first = device();
  expect(await bestTiers(first.device, adapter)).toEqual(choice);
  expect(await bestTiers(first.device, adapter)).toEqual(choice);
  const same = device();
  expect(await bestTiers(same.device, adapter)).toEqual(choice);
  expect([first.tryTiers, same.tryTiers].map((tried) => tried.mock.calls.length)).toEqual([1, 0]);

  const others = [device({ name: 'another' }), device({ features: { f16: false } })];
  for (const { device } of others) await bestTiers(device, adapter);
  const elsewhere = device();
  await bestTiers(elsewhere.device, { ...adapter, architecture: 'b' });
  expect([...others, elsewhere].map(({ tryTiers }) => tryTiers.mock.calls.length)).toEqual([1, 1, 1]);

  // What another version of the kernels was tried for is not taken.
  files.set(FILE, files.get(FILE)!.replaceAll(VERSION, `${VERSION}-other`));
  const updated = device();
  await bestTiers(updated.device, adapter);
  expect(updated.tryTiers.mock.calls.length).toBe(1);
  expect(Object.keys(JSON.parse(files.get(FILE)!)).length).toBe(5);
});

test.each(['', '{', '[1]', 'null', '7'])('a file with %j in it is as good as none', async (text) => {
  files.set(FILE, text);
  const { device: opened, tryTiers } = device();
  expect(await bestTiers(opened, adapter)).toEqual(choice);
  expect(await bestTiers(opened, adapter)).toEqual(choice);
  expect(tryTiers.mock.calls.length).toBe(1);
});

test('tiers of no name are tried again', async () => {
  const { device: opened, tryTiers } = device();
  await bestTiers(opened, adapter);
  files.set(FILE, files.get(FILE)!.replace('"half"', '"quarter"'));
  expect(await bestTiers(opened, adapter)).toEqual(choice);
  expect(tryTiers.mock.calls.length).toBe(2);
});

test('a trial that fails is not remembered', async () => {
  const failing = device({ trial: () => Promise.reject(new Error('lost')) });
  await expect(bestTiers(failing.device, adapter)).rejects.toThrow('lost');
  expect(files.size).toBe(0);
  expect(await bestTiers(device().device, adapter)).toEqual(choice);
});

test('without a private file system they are tried each time', async () => {
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.reject(new DOMException('no', 'SecurityError')) } });
  const { device: opened, tryTiers } = device();
  expect(await bestTiers(opened, adapter)).toEqual(choice);
  expect(await bestTiers(opened, adapter)).toEqual(choice);
  expect(tryTiers.mock.calls.length).toBe(2);
});

test('a processor that plays a GPU is not tried', async () => {
  const { device: opened, tryTiers } = device();
  expect(await bestTiers(opened, { ...adapter, isFallbackAdapter: true } as GPUAdapterInfo)).toEqual(simplest);
  expect(tryTiers.mock.calls.length).toBe(0);
});
