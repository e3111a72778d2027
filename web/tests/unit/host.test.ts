// What the worker does with a call that is ended, and with a device that is lost.
import { expect, test } from 'vitest';
import { Client } from '../../src/engine/client.ts';
import { Host, type Bindings } from '../../src/engine/host.ts';
import type { Response } from '../../src/engine/protocol.ts';
import type { CaseReport, Tiers } from '../../src/engine/reports.ts';
import { hosted, settled } from './fake_port.ts';

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
  const client = new Client(hosted(bindings));
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

/** A device of the bindings: what is asked of one that was freed is what WebAssembly says then. */
class FakeDevice {
  lost = false;
  #freed = false;
  readonly #trial: () => Promise<unknown>;

  constructor(trial: () => Promise<unknown>) {
    this.#trial = trial;
  }

  use() {
    if (this.#freed) throw new Error('null pointer passed to rust');
  }

  free() {
    this.#freed = true;
  }

  isLost() {
    this.use();
    return this.lost;
  }

  describe() {
    this.use();
    return { name: 'card', backend: 'webgpu', driver: '1', features: {} };
  }

  memory() {
    this.use();
    return { budget_bytes: null };
  }

  tryTiers() {
    this.use();
    return this.#trial();
  }
}

/** A host whose devices try their tiers as `trial` does. */
async function trying(trial: () => Promise<unknown>) {
  const devices: FakeDevice[] = [];
  const open = async () => {
    devices.push(new FakeDevice(trial));
    return devices.at(-1)!;
  };
  const plan = (device: FakeDevice, { tokenTier, promptTier }: { tokenTier: Tiers['token']; promptTier: Tiers['prompt'] }) => {
    device.use();
    return { tokenTier, promptTier };
  };
  const model = { session: async () => ({ free() {} }), describe: () => ({ name: 'm', file_bytes: 1 }), plan: () => ({}), free() {} };
  const bindings = {
    Cancel: class {
      cancel() {}
      free() {}
    },
    Device: { open },
    Model: {
      load: async (device: FakeDevice) => {
        device.use();
        return model;
      },
    },
    ModelFile: { open: async () => ({ describe: () => ({ name: 'm' }), plan, free() {} }) },
    Source: { file: () => ({ free() {}, abort() {} }) },
  } as unknown as Bindings;
  const client = new Client(hosted(bindings));
  await client.call('open', {});
  return { client, devices };
}

const MODEL = { source: { kind: 'file' as const, file: new Blob() }, options: {} };
const BEST: Tiers = { token: 'packed', prompt: 'half' };

test.each(['load', 'planSource'] as const)('%s goes on with a new device where one is lost and given up during the trial', async (operation) => {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const { client, devices } = await trying(async () => {
    await ended;
    return { choice: BEST, rows: [] };
  });
  const call = client.call(operation, MODEL);
  await settled();
  devices[0]!.lost = true;
  // As a page does that shows the memory.
  await expect(client.call('memory', null)).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  end();
  await expect(call).resolves.toMatchObject({ name: 'm' });
  expect(devices.length).toBe(2);
});

test('a trial that fails costs one load its tiers, and the next one tries again', async () => {
  let attempts = 0;
  const { client } = await trying(async () => {
    if (++attempts === 1) throw Object.assign(new Error('lost'), { code: 'DEVICE_LOST', details: {} });
    return { choice: BEST, rows: [] };
  });
  const tiers = async () => (await client.call('load', MODEL)).tiers;
  expect(await tiers()).toEqual({ token: 'float', prompt: 'float' });
  expect([await tiers(), await tiers()]).toEqual([BEST, BEST]);
  expect(attempts).toBe(2);
});

test('a picked file that is gone is named, and can be picked again', async () => {
  const device = { describe: () => ({}), isLost: () => false, tryTiers: async () => ({ choice: BEST, rows: [] }) };
  const bindings = { Device: { open: async () => device }, Source: { file() {} } };
  const answers: Response[] = [];
  const host = new Host(Promise.resolve(bindings as unknown as Bindings), (message) => answers.push(message));
  const getFile = async () => {
    throw new DOMException('A requested file could not be found.', 'NotFoundError');
  };
  const source = { kind: 'handle' as const, handle: { name: 'm.gguf', getFile } as unknown as FileSystemFileHandle };
  host.receive({ id: 1, operation: 'open', argument: {} });
  host.receive({ id: 2, operation: 'load', argument: { source, options: {} } });
  await settled();
  await settled();
  const message = 'the file `m.gguf` cannot be read: A requested file could not be found.; pick it again';
  expect(answers.at(-1)).toEqual({ id: 2, error: { code: 'READ_FAILED', message, details: { file: 'm.gguf' } } });
});

test('a saved state is moved to its caller, not copied', async () => {
  const state = new Uint8Array(8);
  const session = { save: async () => state, free() {} };
  const model = { session: async () => session, describe: () => ({ name: 'm', file_bytes: 1 }), plan: () => ({}), free() {} };
  const bindings = {
    Cancel: class {
      free() {}
    },
    Device: { open: async () => ({ describe: () => ({}), isLost: () => false }) },
    Model: { load: async () => model },
    Source: { file: () => ({ free() {} }) },
  } as unknown as Bindings;
  const client = new Client(hosted(bindings));
  await client.call('open', {});
  await client.call('load', { source: { kind: 'file', file: new Blob() }, options: { tokenTier: 'float', promptTier: 'float' } });
  expect((await client.call('save', null)).length).toBe(8);
  // What was moved is empty where it came from.
  expect(state.length).toBe(0);
});
