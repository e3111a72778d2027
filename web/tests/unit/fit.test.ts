import { MemoryError, RequestError, type PlannedModel, type PlanOptions } from 'rullama';
import { expect, test } from 'vitest';
import { whatFits } from '../../src/app/models/fit.ts';

/** Plans of a model with 1000 bytes of weights and 2 bytes for a token, or 1 with a small cache; at most 2048 tokens. */
function model(budget: number) {
  const asked: PlanOptions[] = [];
  const plan = async (options: PlanOptions): Promise<PlannedModel> => {
    asked.push(options);
    const context = options.contextLength!;
    if (context > 2048) throw new RequestError({ code: 'BAD_OPTION', message: 'too long' });
    const bytes = 1000 + context * (options.kv === 'q8' ? 1 : 2);
    if (bytes > budget) throw new MemoryError({ code: 'OVER_BUDGET', message: 'too much' });
    return { plan: { bytes, context } } as PlannedModel;
  };
  return { plan, asked };
}

test.each([
  ['the whole context with a small cache', 3048, { contextLength: 2048, kv: 'q8' }, 3048],
  ['a shorter context', 2100, { contextLength: 1024, kv: 'q8' }, 2024],
  ['the shortest', 1512, { contextLength: 512, kv: 'q8' }, 1512],
] as const)('%s', async (_what, budget, options, bytes) => {
  const { plan, asked } = model(budget);
  expect(await whatFits(plan, {})).toEqual({ options, bytes });
  expect(asked.length).toBeLessThan(6);
});

test('the cache that was wanted is kept where it fits', async () => {
  expect(await whatFits(model(5096).plan, {})).toEqual({ options: { contextLength: 2048 }, bytes: 5096 });
  expect(await whatFits(model(3047).plan, { kv: 'q8' })).toEqual({ options: { contextLength: 1024, kv: 'q8' }, bytes: 2024 });
});

test('a model that never fits', async () => {
  expect(await whatFits(model(1511).plan, {})).toBeNull();
});

test('what fails otherwise is thrown', async () => {
  await expect(whatFits(() => Promise.reject(new Error('gone')), {})).rejects.toThrow('gone');
});
