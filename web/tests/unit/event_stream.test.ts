import { expect, test } from 'vitest';
import { Client } from '../../src/engine/client.ts';
import { events } from '../../src/engine/event_stream.ts';
import { EVENTS_AHEAD_MAX, EVENTS_TAKEN_AT_ONCE } from '../../src/engine/protocol.ts';
import { FakePort, settled } from './fake_port.ts';
import { FINISHED, talkative } from './talkative.ts';

const start = (signal?: AbortSignal) => {
  const port = new FakePort();
  return { port, answer: events(new Client(port), { messages: [] }, {}, signal) };
};

test('events come in order, whether the reader or the engine is first', async () => {
  const { port, answer } = start();
  const first = answer.next();
  port.answer({ event: { type: 'text', text: 'a' } });
  expect(await first).toEqual({ done: false, value: { type: 'text', text: 'a' } });
  port.answer({ event: { type: 'text', text: 'b' } });
  port.answer({ result: FINISHED });
  expect([(await answer.next()).value, (await answer.next()).value]).toEqual([{ type: 'text', text: 'b' }, FINISHED]);
  expect((await answer.next()).done).toBe(true);
});

test('an error comes after the events before it', async () => {
  const { port, answer } = start();
  const first = answer.next();
  port.answer({ event: { type: 'token', id: 5 } });
  port.answer({ error: { code: 'DEVICE_LOST', message: 'gone', details: {} } });
  expect((await first).value).toEqual({ type: 'token', id: 5 });
  await expect(answer.next()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
});

test('leaving early cancels, and waits until the engine has ended', async () => {
  const { port, answer } = start();
  const first = answer.next();
  port.answer({ event: { type: 'token', id: 5 } });
  await first;
  let left = false;
  const leaving = answer.return().then(() => (left = true));
  await settled();
  expect(port.sent.at(-1)).toEqual({ cancel: port.last.id });
  expect(left).toBe(false);
  port.answer({ result: { ...FINISHED, reason: 'cancelled' } });
  await leaving;
});

test('an abort reaches the engine while the reader waits', async () => {
  const abort = new AbortController();
  const { port, answer } = start(abort.signal);
  const first = answer.next();
  abort.abort();
  expect(port.sent.at(-1)).toEqual({ cancel: port.last.id });
  port.answer({ result: { ...FINISHED, reason: 'cancelled' } });
  expect((await first).value).toMatchObject({ reason: 'cancelled' });
});

const load = (client: Client) => client.call('load', { source: { kind: 'file', file: new Blob() }, options: {} });

test('a slow reader holds the engine back, and gets every event in the end', async () => {
  const total = EVENTS_AHEAD_MAX * 4 + 3;
  const { port, said } = talkative(total);
  const client = new Client(port);
  await load(client);
  const answer = events(client, Uint32Array.of(2), {}, undefined);
  await answer.next();
  await settled();
  expect(said.count).toBe(EVENTS_AHEAD_MAX);
  for (let i = 1; i < EVENTS_TAKEN_AT_ONCE; i++) await answer.next();
  await settled();
  expect(said.count).toBe(EVENTS_AHEAD_MAX + EVENTS_TAKEN_AT_ONCE);
  let seen = EVENTS_TAKEN_AT_ONCE;
  for await (const event of answer) if (event.type === 'text') expect(event.text).toBe(`${++seen}`);
  expect(seen).toBe(total);
});

test('an engine that waits for its reader still hears that the reader has left', async () => {
  const { port, said } = talkative(Infinity);
  const client = new Client(port);
  await load(client);
  const answer = events(client, Uint32Array.of(2), {}, undefined);
  await answer.next();
  await settled();
  await answer.return();
  expect(said.count).toBe(EVENTS_AHEAD_MAX);
});
