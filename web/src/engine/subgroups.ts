// Subgroups in browsers. wgpu asks for no device with them there yet, so what it asks an adapter for is completed on the way;
// in the engine's own worker, where nobody else asks.

const FEATURE = 'subgroups';

let completed = false;

/** Whether the adapter has subgroups; if so, devices are from now on asked for with them. */
export function askForSubgroups(adapter: GPUAdapter | null): boolean {
  if (!adapter?.features.has(FEATURE)) return false;
  if (!completed) complete(Object.getPrototypeOf(adapter) as GPUAdapter);
  completed = true;
  return true;
}

function complete(prototype: GPUAdapter) {
  const request = prototype.requestDevice;
  prototype.requestDevice = function (descriptor: GPUDeviceDescriptor = {}) {
    const features = new Set(descriptor.requiredFeatures ?? []);
    if (this.features.has(FEATURE)) features.add(FEATURE as GPUFeatureName);
    return request.call(this, { ...descriptor, requiredFeatures: [...features] });
  };
}
