// Pipelines in browsers. wgpu asks for one after the other, and each is compiled while the browser's GPU process waits. What is asked
// for by createComputePipelineAsync is compiled beside it, several at once. So the engine says ahead what it will need, and when wgpu
// asks for the same text, it gets what is there; in the engine's own worker, where nobody else asks.

/** An entry point and its WGSL. */
type Shader = [entryPoint: string, code: string];

/** Devices by the labels that the engine gave them; the last of a label. */
const devices = new Map<string, WeakRef<GPUDevice>>();
/** What is compiled for a device and not yet asked for. */
const compiled = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

let watched = false;

const key = ([entryPoint, code]: Shader) => `${entryPoint} ${code}`;

/** From now on, devices of adapters like this one can be compiled for ahead. */
export function watchDevices(adapter: GPUAdapter | null) {
  if (!adapter || watched) return;
  watched = true;
  Object.assign(globalThis, { rullamaPipelines: { compileAhead } });
  const prototype = Object.getPrototypeOf(adapter) as GPUAdapter;
  const request = prototype.requestDevice;
  prototype.requestDevice = async function (descriptor) {
    const device = await request.call(this, descriptor);
    if (descriptor?.label) watch(device, descriptor.label);
    return device;
  };
}

/** Compiles shaders for the device of a label. What fails is left to wgpu, which says why. */
async function compileAhead(label: string, shaders: Shader[]) {
  const device = devices.get(label)?.deref();
  const ready = device && compiled.get(device);
  if (!device || !ready) return;
  const compile = async (shader: Shader) => {
    const [entryPoint, code] = shader;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    void device.popErrorScope().catch(() => null);
    const pipeline = device.createComputePipelineAsync({ label: entryPoint, layout: 'auto', compute: { module, entryPoint } });
    await pipeline.then(
      (pipeline) => ready.set(key(shader), pipeline),
      () => null,
    );
  };
  await Promise.all(shaders.map(compile));
}

function watch(device: GPUDevice, label: string) {
  const ready = new Map<string, GPUComputePipeline>();
  const texts = new WeakMap<GPUShaderModule, string>();
  const createModule = device.createShaderModule;
  const createPipeline = device.createComputePipeline;
  device.createShaderModule = (descriptor) => {
    const module = createModule.call(device, descriptor);
    texts.set(module, descriptor.code);
    return module;
  };
  device.createComputePipeline = (descriptor) => {
    const { module, entryPoint = '' } = descriptor.compute;
    const place = key([entryPoint, texts.get(module) ?? '']);
    const pipeline = ready.get(place);
    // Whoever asks keeps it.
    ready.delete(place);
    return pipeline ?? createPipeline.call(device, descriptor);
  };
  compiled.set(device, ready);
  devices.set(label, new WeakRef(device));
}
