import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from '../../src/engine/errors.ts';
import { Client } from '../../src/engine/client.ts';
import { HEADLINES } from '../../src/app/engine/failure.ts';
import { FakePort } from './fake_port.ts';

const CODES: [string, abstract new (...args: never[]) => api.RullamaError][] = [
  ['CANCELLED', api.CancelledError],
  ['CLOSED', api.ClosedError],
  ['CONTEXT_FULL', api.RequestError],
  ['MISSING_TENSOR', api.ModelError],
  ['NETWORK', api.SourceError],
  ['OVER_BUDGET', api.MemoryError],
  ['DEVICE_LOST', api.DeviceError],
  ['A_CODE_OF_TOMORROW', api.InternalError],
];

test.each(CODES)('%s keeps class, code, message and details across the port', async (code, kind) => {
  const port = new FakePort();
  const call = new Client(port).call('memory', null);
  port.answer({ error: { code, message: 'needs 5', details: { needed: 5 } } });
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(kind);
  expect(error).toBeInstanceOf(api.RullamaError);
  expect(error).toMatchObject({ code, message: 'needs 5', details: { needed: 5 }, name: kind.name });
});

test('every class has its name written out, which a minifier leaves alone', () => {
  const classes = Object.entries(api).filter(([name]) => name.endsWith('Error'));
  expect(classes.length).toBe(10);
  for (const [name, kind] of classes) expect(Object.getOwnPropertyDescriptor((kind as typeof Error).prototype, 'name')?.value).toBe(name);
});

test('what the bindings throw has its class, and what has no code is a bug', () => {
  const thrown = Object.assign(new Error('too much'), { code: 'OUT_OF_MEMORY', details: { requested: 7 } });
  expect(api.RullamaError.from(thrown)).toBeInstanceOf(api.MemoryError);
  expect(api.RullamaError.from(thrown).toJSON()).toEqual({ code: 'OUT_OF_MEMORY', message: 'too much', details: { requested: 7 } });
  expect(api.RullamaError.from(new TypeError('x is undefined'))).toMatchObject({ code: 'INTERNAL' });
  expect(api.RullamaError.from(new DOMException('no', 'DataCloneError'))).toBeInstanceOf(api.InternalError);
});

const RUST = ['gpu', 'gemma4', 'engine', 'wasm'].map((name) => new URL(`../../../crates/${name}/src/error.rs`, import.meta.url));

test('every code that the bindings can give is known', () => {
  const given = RUST.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"/g)].map(([, code]) => code!));
  expect(given.length).toBeGreaterThan(30);
  expect([...new Set(given)].filter((code) => !api.CODES.includes(code))).toEqual([]);
});

/** Where the engine says that an option is out of its range. */
const RANGES = ['engine/src/sampling/mod.rs', 'engine/src/generate.rs', 'gemma4/src/plan/mod.rs'];

test('an option out of its range is named as callers write it', () => {
  const revived = (code: string, what: string) => api.revive({ code, message: 'no', details: { what, value: '5', allowed: '0 to 1' } }).details;
  expect(revived('BAD_OPTION', 'a top-p')).toEqual({ what: 'a top-p', value: '5', allowed: '0 to 1', option: 'top_p' });
  expect(revived('BAD_OPTION', 'a context')).toMatchObject({ option: 'contextLength' });
  for (const what of ['a top-p', 'of tomorrow']) expect(revived(what === 'a top-p' ? 'BAD_STATE' : 'BAD_OPTION', what)).not.toHaveProperty('option');

  const rust = RANGES.map((file) => readFileSync(new URL(`../../../crates/${file}`, import.meta.url), 'utf8')).join('');
  const unknown = [...api.OPTION_OF.keys()].filter((what) => !rust.includes(`"${what}"`));
  expect(unknown).toEqual([]);
});

/** For programs, which ask for what the app never asks, and bugs, of which nothing more is known. */
const WITHOUT_HEADLINE = [
  'BAD_PROMPT', 'BAD_STATE', 'BAD_TOKEN', 'CALLBACK_FAILED', 'CANCELLED', 'CLOSED', 'INTERNAL', 'OTHER_MODEL', 'UNKNOWN_PROFILE', 'UNSUPPORTED',
];

test('every failure that the app can meet has a headline', () => {
  expect(api.CODES.filter((code) => !(code in HEADLINES)).sort()).toEqual(WITHOUT_HEADLINE);
});
