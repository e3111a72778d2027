// The package in Node: the same engine on Dawn, which is Chrome's WebGPU, through the npm package `webgpu`.
import { demo as fetched } from '../engine/demo.ts';
import type { UrlSource } from '../engine/sources.ts';

export * from '../engine/index.ts';
export { worker, type GpuOptions } from './thread.ts';

/** The demo model that comes with the package. Any other file is given by its address, as `pathToFileURL` makes it. */
export const demo: UrlSource = { url: fetched.url };
