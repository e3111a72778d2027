import { expect, test } from 'vitest';
import { adapterIdentity, adapterName } from '../../src/engine/adapter.ts';

const info = (parts: Partial<GPUAdapterInfo>) => ({ vendor: '', architecture: '', device: '', description: '', ...parts }) as GPUAdapterInfo;

test.each([
  [{ vendor: 'nvidia', architecture: 'ampere' }, 'nvidia ampere'],
  [{ vendor: 'apple' }, 'apple'],
  [{ vendor: 'nvidia', architecture: 'ampere', description: 'NVIDIA GeForce RTX 3090' }, 'NVIDIA GeForce RTX 3090'],
  [{}, undefined],
])('the name of %j', (parts, name) => {
  expect(adapterName(info(parts))).toBe(name);
});

test('a browser that says nothing of its adapters', () => {
  expect(adapterName(undefined)).toBeUndefined();
  expect(adapterIdentity(undefined)).toEqual(['', '', '', '']);
});

test('adapters of one description are told apart', () => {
  const [one, other] = ['ampere', 'hopper'].map((architecture) => adapterIdentity(info({ vendor: 'nvidia', architecture })));
  expect(one).not.toEqual(other);
});
