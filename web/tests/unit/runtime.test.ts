// The engine as the app holds it: one at a time, also after a failure.
import { Rullama } from 'rullama';
import { beforeEach, expect, test, vi } from 'vitest';
import type { runtime as Runtime } from '../../src/app/engine/runtime.svelte.ts';
import { stubPage } from './fake_database.ts';

interface FakeEngine {
  closed: boolean;
}

let started: FakeEngine[];
let runtime: typeof Runtime;

vi.doMock('rullama', () => ({ Rullama }));
stubPage();
await import('../../src/app/engine/runtime.svelte.ts');

beforeEach(async () => {
  started = [];
  vi.spyOn(Rullama, 'start').mockImplementation(async () => {
    const engine = { closed: false, describe: async () => ({ name: `device ${started.length}` }) };
    started.push(engine);
    return engine as unknown as Rullama;
  });
  vi.resetModules();
  ({ runtime } = await import('../../src/app/engine/runtime.svelte.ts'));
});

/** The engines that two callers get at the same time. */
const two = () => Promise.all([runtime.engine(), runtime.engine()]);

test('two callers start one engine, at first and after its worker has died', async () => {
  expect(await two()).toEqual([started[0], started[0]]);
  started[0]!.closed = true;
  const [one, other] = await two();
  expect([one === other, started.length, runtime.device?.name]).toEqual([true, 2, 'device 2']);
});

test('an engine that does not start fails both callers, and the next one tries again', async () => {
  vi.mocked(Rullama.start).mockRejectedValueOnce(new Error('no adapter'));
  const [one, other] = await Promise.allSettled([runtime.engine(), runtime.engine()]);
  expect([one.status, other.status, started.length]).toEqual(['rejected', 'rejected', 0]);
  await runtime.engine();
  expect(started.length).toBe(1);
});
