// What the worker does with a call that is ended.
import { expect, test } from 'vitest';
import { Client } from '../../src/engine/client.ts';
import { Host, type Bindings } from '../../src/engine/host.ts';
import type { Request } from '../../src/engine/protocol.ts';
import type { CaseReport } from '../../src/engine/reports.ts';
import { FakePort } from './fake_port.ts';

const CASES = 5;

/** A host whose device has `CASES` cases; `ended` settles as the last run of them does. */
async function checking() {
  const ran: number[] = [];
  let ended: Promise<number> | null = null;
  /** As the binding does: it ends with what the observer throws. */
  const cases = async (count: number, observe: (report: CaseReport) => void) => {
    for (let n = 1; n <= count; n++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      ran.push(n);
      observe({ kernel: 'k', case: `${n}` } as CaseReport);
    }
    return count;
  };
  const bindings = {
    Device: { open: async () => ({ describe: () => ({}), isLost: () => false }) },
    checkKernels: (_device: unknown, brief: boolean, observe: (report: CaseReport) => void) =>
      (ended = cases(brief ? 1 : CASES, observe)),
  } as unknown as Bindings;
  const port = new FakePort();
  const host = new Host(Promise.resolve(bindings), (message) => port.onResponse(structuredClone(message)));
  port.send = (message: Request) => host.receive(message);
  const client = new Client(port);
  await client.call('open', {});
  return { client, ran, ended: () => ended };
}

test('cases of kernels run to the end, or to the one in which they are aborted', async () => {
  const { client, ran, ended } = await checking();
  const seen: string[] = [];
  const check = (signal?: AbortSignal, stop = () => {}) => {
    const onEvent = (report: CaseReport) => {
      seen.push(report.case);
      if (seen.length === 2) stop();
    };
    return client.call('checkKernels', false, { signal, onEvent });
  };
  expect(await check()).toBe(CASES);
  expect([ran.splice(0), seen.splice(0)]).toEqual([[1, 2, 3, 4, 5], ['1', '2', '3', '4', '5']]);
  expect(await client.call('checkKernels', true)).toBe(1);
  ran.length = 0;

  const abort = new AbortController();
  await expect(check(abort.signal, () => abort.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  await ended()!.catch(() => {});
  expect([ran.splice(0), seen]).toEqual([[1, 2, 3], ['1', '2']]);

  // One that is ended while it waits for its turn runs none.
  const early = new AbortController();
  const first = check();
  const second = check(early.signal);
  early.abort();
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  await first;
  await client.call('unload', null);
  expect(ran.length).toBe(CASES);
});
