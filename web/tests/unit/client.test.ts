import { expect, test } from 'vitest';
import type { PlanOptions } from '../../src/engine/options.ts';
import { Client } from '../../src/engine/client.ts';
import { FakePort } from './fake_port.ts';

const setUp = () => {
  const port = new FakePort();
  return { port, client: new Client(port) };
};

test('calls are answered by id, in any order', async () => {
  const { port, client } = setUp();
  const calls = [client.call('encode', 'a'), client.call('encode', 'b')];
  const ids = port.sent.map((message) => ('id' in message ? message.id : 0));
  port.answer({ id: ids[1], result: Uint32Array.of(2) });
  port.answer({ id: ids[0], result: Uint32Array.of(1) });
  expect(await Promise.all(calls)).toEqual([Uint32Array.of(1), Uint32Array.of(2)]);
});

test('an aborted call tells the worker and ends with what the worker says', async () => {
  const { port, client } = setUp();
  const abort = new AbortController();
  const call = client.call('memory', null, { signal: abort.signal });
  abort.abort();
  expect(port.sent.at(-1)).toEqual({ cancel: port.last.id });
  port.answer({ error: { code: 'CANCELLED', message: 'cancelled', details: {} } });
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a call whose signal is aborted already is not sent', async () => {
  const { port, client } = setUp();
  await expect(client.call('memory', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(port.sent).toEqual([]);
});

test('a signal that is aborted after the end sends nothing', async () => {
  const { port, client } = setUp();
  const abort = new AbortController();
  const call = client.call('decode', Uint32Array.of(1), { signal: abort.signal });
  port.answer({ result: 'x' });
  await call;
  abort.abort();
  expect(port.sent).toHaveLength(1);
});

test('what cannot be cloned is refused by name and leaves nothing open', async () => {
  const { client } = setUp();
  // JavaScript callers are not held to the types.
  const options = { progress: () => {} } as PlanOptions;
  const call = client.call('load', { source: { kind: 'opfs', name: 'x' }, options });
  await expect(call).rejects.toMatchObject({ code: 'BAD_OPTION', details: { operation: 'load' } });
});

test.each([
  ['a panic', (port: FakePort) => port.onResponse({ fatal: { code: 'INTERNAL', message: 'boom', details: {} } }), 'INTERNAL'],
  ['a worker that fails', (port: FakePort) => port.onFailure('boom'), 'INTERNAL'],
] as const)('%s ends calls under way and all later ones', async (_name, fail, code) => {
  const { port, client } = setUp();
  const call = client.call('memory', null);
  fail(port);
  await expect(call).rejects.toMatchObject({ code });
  await expect(client.call('memory', null)).rejects.toMatchObject({ code });
  expect(port.isClosed).toBe(true);
});

test('disposing rejects calls with CLOSED', async () => {
  const { client } = setUp();
  const call = client.call('memory', null);
  client.end();
  await expect(call).rejects.toMatchObject({ code: 'CLOSED' });
  expect(client.gone?.code).toBe('CLOSED');
});
