import { MemoryError, RequestError, type PlannedModel, type PlanOptions } from 'rullama';
import { expect, test } from 'vitest';
import { firstThatFits, fitInWords, whatFits } from '../../src/app/models/fit.ts';

/**
 * Plans of a model with 1000 bytes of weights, 2 bytes for a token or 1 with a small cache, 500 of a table on the GPU, and one
 * for each token of a chunk, 64 by itself; at most 2048 tokens.
 */
function model(budget: number) {
  const asked: PlanOptions[] = [];
  const plan = async (options: PlanOptions): Promise<PlannedModel> => {
    asked.push(options);
    const context = options.contextLength ?? 2048;
    if (context > 2048) throw new RequestError({ code: 'BAD_OPTION', message: 'too long' });
    const table = options.perLayerTable === 'resident' ? 500 : 0;
    const needed = 1000 + context * (options.kv === 'q8' ? 1 : 2) + table + (options.chunkLength ?? 64);
    if (needed > budget) throw new MemoryError({ code: 'OVER_BUDGET', message: 'too much', details: { needed, budget } });
    return { plan: { bytes: needed, context } } as PlannedModel;
  };
  return { plan, asked };
}

test.each([
  ['the whole context with a small cache', 3112, { contextLength: 2048, kv: 'q8' }, 3112],
  ['a shorter context', 2200, { contextLength: 1024, kv: 'q8' }, 2088],
  ['the shortest', 1576, { contextLength: 512, kv: 'q8' }, 1576],
  ['the shortest chunk', 1575, { contextLength: 512, kv: 'q8', chunkLength: 16 }, 1528],
] as const)('%s', async (_what, budget, options, bytes) => {
  const { plan, asked } = model(budget);
  expect(await whatFits(plan, {})).toEqual({ options, bytes });
  expect(asked.length).toBeLessThan(9);
});

test('what was wanted besides is kept where it fits', async () => {
  expect(await whatFits(model(5160).plan, {})).toEqual({ options: { contextLength: 2048 }, bytes: 5160 });
  expect(await whatFits(model(3111).plan, { kv: 'q8' })).toEqual({ options: { contextLength: 1024, kv: 'q8' }, bytes: 2088 });
  const resident = { kv: 'q8', perLayerTable: 'resident' } as const;
  expect(await whatFits(model(3700).plan, resident)).toEqual({ options: { ...resident, contextLength: 2048 }, bytes: 3612 });
  expect(await whatFits(model(3112).plan, resident)).toEqual({ options: { kv: 'q8', contextLength: 2048 }, bytes: 3112 });
  expect(await whatFits(model(2124).plan, { kv: 'q8', chunkLength: 100 })).toEqual({
    options: { kv: 'q8', chunkLength: 100, contextLength: 1024 }, bytes: 2124,
  });
});

test('a model that never fits says how much is missing at the least', async () => {
  expect(await whatFits(model(1500).plan, {})).toEqual({ missing: 28, buffer: null });
  const refusing = (details: Record<string, unknown>) => () => Promise.reject(new MemoryError({ code: 'X', message: '', details }));
  expect(await whatFits(refusing({ buffer: 'blk.0', bytes: 300, max: 200 }), {})).toEqual({ missing: 100, buffer: 'blk.0' });
  expect(await whatFits(refusing({ requested: 10, in_use: 95, budget: 100 }), {})).toEqual({ missing: 5, buffer: null });
  expect(await whatFits(refusing({}), {})).toEqual({ missing: null, buffer: null });
});

test('what fails otherwise is thrown', async () => {
  await expect(whatFits(() => Promise.reject(new Error('gone')), {})).rejects.toThrow('gone');
});

test('of several models the first that fits is found, if need be with less', async () => {
  const broken = () => Promise.reject(new Error('gone'));
  const plans = { broken, large: model(1000).plan, tight: model(2200).plan, small: model(9000).plan };
  const first = (...names: (keyof typeof plans)[]) => firstThatFits(names, (name) => plans[name], { budget: 1 });
  expect(await first('broken', 'large', 'tight', 'small')).toEqual({
    model: 'tight', fit: { options: { budget: 1, contextLength: 1024, kv: 'q8' }, bytes: 2088 },
  });
  expect(await first('small', 'tight')).toEqual({ model: 'small', fit: { options: { budget: 1 }, bytes: 5160 } });
  expect(await first('broken', 'large')).toBeNull();
});

test('whether a model fits is said in a few words', async () => {
  const words = (budget: number, isFar = false) => fitInWords(model(budget).plan, {}, isFar);
  expect(await words(9000)).toBe('Fits: 5.0 KiB of GPU memory');
  expect(await words(2200)).toBe('Fits with 1,024 tokens with an 8-bit cache: 2.0 KiB');
  expect(await words(1500)).toBe('Does not fit: 28 B are missing');
  expect(await words(2200, true)).toBe('Does not fit as usual; choose it to see what would');
  const failing = (code: string) => fitInWords(() => Promise.reject(Object.assign(new Error('x'), { code })), {}, false);
  expect(await failing('BAD_FILE')).toBe('This is no model file');
  await expect(failing('CANCELLED')).rejects.toMatchObject({ code: 'CANCELLED' });
});
