// Subgroups in browsers. wgpu asks for no device with them there yet, so what it asks an adapter for is completed on the way;
// in the engine's own worker, where nobody else asks.

const FEATURE = 'subgroups';
const ATTEMPTS_MAX = 4;
const PAUSE_MS = 250;

let completed = false;

/** Whether the adapter has subgroups; if so, devices are from now on asked for with them. */
export async function askForSubgroups(): Promise<boolean> {
  const adapter = await findAdapter();
  if (!adapter?.features.has(FEATURE)) return false;
  if (!completed) complete(Object.getPrototypeOf(adapter) as GPUAdapter);
  completed = true;
  return true;
}

/** Browsers whose GPU process is still starting say at first that there is no adapter. */
async function findAdapter(): Promise<GPUAdapter | null> {
  const gpu = globalThis.navigator?.gpu;
  for (let attempt = 0; gpu && attempt < ATTEMPTS_MAX; attempt++) {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (adapter) return adapter;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return null;
}

function complete(prototype: GPUAdapter) {
  const request = prototype.requestDevice;
  prototype.requestDevice = function (descriptor: GPUDeviceDescriptor = {}) {
    const features = new Set(descriptor.requiredFeatures ?? []);
    if (this.features.has(FEATURE)) features.add(FEATURE as GPUFeatureName);
    return request.call(this, { ...descriptor, requiredFeatures: [...features] });
  };
}
