import { expect, test } from 'vitest';
import { watchDevices } from '../../src/engine/pipelines.ts';

/** An adapter of a class of its own, as `requestDevice` is watched for all of its kind. Its devices note what they are asked for. */
function fakeAdapter(refused = '') {
  const asked: string[] = [];
  class Device {
    createShaderModule = ({ code }: { code: string }) => ({ code });
    createComputePipeline = ({ compute }: { compute: { module: { code: string } } }) => {
      asked.push(`one ${compute.module.code}`);
      return { from: 'one', code: compute.module.code };
    };
    createComputePipelineAsync = async ({ compute }: { compute: { module: { code: string } } }) => {
      asked.push(`ahead ${compute.module.code}`);
      if (compute.module.code === refused) throw new Error('refused');
      return { from: 'ahead', code: compute.module.code };
    };
    pushErrorScope() {}
    popErrorScope = async () => null;
  }
  class Adapter {
    async requestDevice(_: { label?: string | undefined }) {
      return new Device();
    }
  }
  const adapter = new Adapter();
  return { adapter, asked };
}

const { adapter, asked } = fakeAdapter('b');
watchDevices(adapter as unknown as GPUAdapter);
const { compileAhead } = (globalThis as unknown as { rullamaPipelines: { compileAhead(label: string, shaders: string[][]): Promise<void> } })
  .rullamaPipelines;

async function open(label?: string) {
  const device = await adapter.requestDevice({ label });
  const pipeline = (code: string, entryPoint = 'main') =>
    device.createComputePipeline({ compute: { module: device.createShaderModule({ code }), entryPoint } } as never) as { from: string };
  return pipeline;
}

test('what was compiled ahead is given once to whoever asks for the same text and entry point', async () => {
  const pipeline = await open('first');
  await compileAhead('first', [['main', 'a'], ['main', 'b']]);
  expect(asked.splice(0)).toEqual(['ahead a', 'ahead b']);
  expect(pipeline('a', 'other').from).toBe('one');
  expect(pipeline('a').from).toBe('ahead');
  expect(pipeline('a').from).toBe('one');
  expect(pipeline('b').from, 'a refused one is left to who asks, to be told why').toBe('one');
});

test('each device has its own, the last of a label; one that nobody knows has none', async () => {
  const old = await open('again');
  const other = await open('other');
  const pipeline = await open('again');
  const unnamed = await open();
  await compileAhead('again', [['main', 'a']]);
  await compileAhead('nobody', [['main', 'a']]);
  expect([old('a'), other('a'), unnamed('a'), pipeline('a')].map(({ from }) => from)).toEqual(['one', 'one', 'one', 'ahead']);
});
