// What the memory page's chart draws of the ledger's samples.
import type { Account, MemoryReport } from 'rullama';
import { expect, test } from 'vitest';
import { ACCOUNTS } from '../../src/app/memory/accounts.ts';
import { Ring, sampleOf, SAMPLES_MAX, stacked } from '../../src/app/memory/samples.ts';

const MIB = 2 ** 20;
const place = (wanted: Account) => ACCOUNTS.findIndex(({ account }) => account === wanted);
/** The weights, the cache and staging: from the bottom of the stack, and with empty accounts between them. */
const USED = [place('weights'), place('kv_cache'), place('staging')];

/** A ledger with so many MiB in some accounts; the others are empty. */
function sample(mib: Partial<Record<Account, number>>, { planned = null, budget = null, time = 1000 }: Limits = {}) {
  // In another order than they are stacked in.
  const accounts = ACCOUNTS.map(({ account }) => ({ account, bytes: (mib[account] ?? 0) * MIB })).reverse();
  const report = { accounts, linear_memory_bytes: 7, budget_bytes: budget && budget * MIB };
  return sampleOf(report as unknown as MemoryReport, planned && planned * MIB, time);
}

interface Limits {
  planned?: number | null;
  budget?: number | null;
  time?: number;
}

test('an account is drawn from the sum of those below it, the highest first', () => {
  const samples = [sample({ weights: 10, kv_cache: 5, staging: 1 }, { time: 1500 }), sample({ weights: 10, staging: 3 }, { time: 2500 })];
  const [times, staging, cache, weights, planned, budget, ...more] = stacked(samples, USED);
  expect(times).toEqual([1.5, 2.5]);
  expect({ weights, cache, staging }).toEqual({ weights: [10, 10], cache: [15, 10], staging: [16, 13] });
  expect([planned, budget, more]).toEqual([[null, null], [null, null], []]);
});

test('a budget is drawn up to twice what is highest, held or planned', () => {
  const budgets = (...samples: ReturnType<typeof sample>[]) => stacked(samples, USED).at(-1);
  expect(budgets(sample({ weights: 10 }, { budget: 20 }), sample({}, { budget: 21 }))).toEqual([20, null]);
  expect(budgets(sample({ weights: 1 }, { planned: 10, budget: 20 }))).toEqual([20]);
});

test('a plan is drawn where there is one, and nothing where there are no samples', () => {
  expect(stacked([sample({ weights: 1 }), sample({ weights: 1 }, { planned: 3 })], USED).at(-2)).toEqual([null, 3]);
  expect(stacked([], USED)).toEqual([[], [], [], [], [], []]);
});

test('a sample has the bytes of every account in the order in which they are stacked', () => {
  const { bytes, wasm, planned, budget } = sample({ embeddings: 2, other: 1 }, { planned: 3, budget: 4 });
  expect(bytes).toEqual(ACCOUNTS.map(({ account }) => MIB * ({ embeddings: 2, other: 1 }[account as string] ?? 0)));
  expect([wasm, planned, budget]).toEqual([7, 3 * MIB, 4 * MIB]);
});

test('of more samples than are kept, the oldest goes', () => {
  const ring = new Ring();
  const times = () => ring.samples.map(({ time }) => time);
  for (let time = 0; time < SAMPLES_MAX; time++) ring.add(sample({}, { time }));
  expect([times().length, times()[0], times().at(-1)]).toEqual([SAMPLES_MAX, 0, SAMPLES_MAX - 1]);
  ring.add(sample({}, { time: SAMPLES_MAX }));
  expect([times().length, times()[0], times().at(-1)]).toEqual([SAMPLES_MAX, 1, SAMPLES_MAX]);
});
