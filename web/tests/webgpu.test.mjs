// The ground the browser tests stand on: this Chromium has a WebGPU adapter and computes with it.
import { ensure, equal, launch } from './lib.mjs';
import { withEngine } from './golden.mjs';

const KERNEL = `
@group(0) @binding(0) var<storage, read_write> x: array<u32>; // (64)
@compute @workgroup_size(64) fn square(@builtin(global_invocation_id) id: vec3u) { x[id.x] = x[id.x] * x[id.x]; }
`;

export default {
  async 'a kernel squares 64 numbers'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    const squares = await page.evaluate(square, KERNEL);
    equal(squares, Array.from({ length: 64 }, (_, i) => i * i), 'squares');
  },

  async 'the engine calls the adapter what the browser does, and has its subgroups'(test) {
    const { description, info, subgroups } = await withEngine(test, async (engine) => {
      const { vendor, architecture, subgroupMinSize, subgroupMaxSize } = (await navigator.gpu.requestAdapter()).info;
      return { description: await engine.describe(), info: [vendor, architecture], subgroups: [subgroupMinSize, subgroupMaxSize] };
    });
    equal(description.name, info.join(' '), 'the name');
    ensure(/swiftshader/.test(description.name), `the software adapter is called ${description.name}`);
    // Half of the kernels are checked with them: without, the tests would say little of the browsers that have them.
    equal(description.features.subgroups, subgroups, 'the smallest and the largest subgroup');
  },

  async 'the page is cross-origin isolated'({ page, server }) {
    await page.goto(`${server.url}/blank.html`);
    equal(await page.evaluate(() => crossOriginIsolated), true, 'crossOriginIsolated');
  },

  async 'a browser without a graphics adapter offers none'({ server }) {
    const browser = await launch(['--disable-gpu', '--disable-software-rasterizer']);
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/blank.html`);
      equal(await page.evaluate(() => navigator.gpu.requestAdapter()), null, 'adapter');
    } finally {
      await browser.close();
    }
  },
};

/** Runs in the page. The adapter is asked for again for some seconds, since the GPU process may still be starting. */
async function square(code) {
  let adapter = null;
  for (let attempt = 0; attempt < 20 && !adapter; attempt++) {
    adapter = await navigator.gpu.requestAdapter();
    if (!adapter) await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (!adapter) throw new Error('no WebGPU adapter after 10 s');
  const device = await adapter.requestDevice();
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const x = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC | COPY_DST });
  const back = device.createBuffer({ size: 256, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(x, 0, Uint32Array.from({ length: 64 }, (_, i) => i));
  const compute = { module: device.createShaderModule({ code }), entryPoint: 'square' };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute });
  const layout = pipeline.getBindGroupLayout(0);
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: x } }] });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(x, 0, back, 0, 256);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  return Array.from(new Uint32Array(back.getMappedRange()));
}
