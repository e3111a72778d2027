// The engine's worker on a thread of Node: what browsers have in a worker's global scope, and then the engine.
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { create, globals } from 'webgpu';
import { SourceError } from '../engine/errors.ts';
import { Host, type Bindings } from '../engine/host.ts';
import type { Request } from '../engine/protocol.ts';
import { openFile } from './file_source.ts';
import type { GpuOptions } from './thread.ts';

offerWebGpu(workerData as GpuOptions);
const port = parentPort!;
const started = start();
// Each call meets the failure by itself.
started.catch(() => {});
const host = new Host(started, (message, moved = []) => port.postMessage(message, moved));
port.on('message', (message: Request) => host.receive(message));

async function start(): Promise<Bindings> {
  try {
    const bindings = await import('../engine/wasm/rullama.js');
    // Node fetches no files.
    await bindings.default({ module_or_path: await readFile(new URL('../engine/wasm/rullama_bg.wasm', import.meta.url)) });
    return { ...bindings, Source: withFiles(bindings.Source) };
  } catch (thrown) {
    const message = `the engine did not load (${(thrown as Error).message}); install the package again`;
    throw new SourceError({ code: 'WASM_FAILED', message });
  }
}

/** Sources whose addresses may be those of files. */
function withFiles(sources: Bindings['Source']): Bindings['Source'] {
  const url = (address: string) => (address.startsWith('file:') ? openFile(address, sources) : sources.url(address));
  return Object.assign(Object.create(sources) as Bindings['Source'], { url });
}

/** `navigator.gpu`, where the bindings look for it. */
function offerWebGpu({ backend, toggles = ['disable_robustness'] }: GpuOptions) {
  Object.assign(globalThis, globals);
  const flags = [backend && `backend=${backend}`, toggles.length > 0 && `enable-dawn-features=${toggles.join(',')}`];
  const gpu = create(flags.filter((flag) => typeof flag === 'string'));
  // The list's keys() is an array here, where the bindings expect an iterator as browsers have it.
  Object.defineProperty(gpu, 'wgslLanguageFeatures', { value: new Set(gpu.wgslLanguageFeatures.keys()) });
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  Object.assign(globalThis, { WorkerGlobalScope: class WorkerGlobalScope {} });
}
