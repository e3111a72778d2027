// A thread of Node in the shape of the browser's `Worker`, which is what the package starts.
import { Worker as Thread } from 'node:worker_threads';

/** How Dawn finds a graphics card. */
export interface GpuOptions {
  /** `vulkan`, `metal`, `d3d12` and the like; Dawn's own choice by default. */
  backend?: string;
  /**
   * Dawn's toggles, such as `vulkan_enable_f16_on_nvidia`. By default `disable_robustness`: the checks of every index that
   * Dawn adds to shaders, which strangers may have written in a page, are of no use to the engine's own.
   */
  toggles?: string[];
}

/** Starts the engine's worker on a thread: `Rullama.load(file, { worker: worker() })`. */
export function worker(options: GpuOptions = {}): () => Worker {
  // What the engine uses of a worker is all that there is.
  return () => new EngineThread(options) as unknown as Worker;
}

class EngineThread {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  readonly #thread: Thread;

  constructor(options: GpuOptions) {
    this.#thread = new Thread(new URL('./worker.js', import.meta.url), { workerData: options });
    this.#thread.on('message', (data: unknown) => this.onmessage?.({ data }));
    this.#thread.on('error', (error: Error) => this.onerror?.({ message: error.message, preventDefault() {} }));
  }

  postMessage(message: unknown) {
    this.#thread.postMessage(message);
  }

  terminate() {
    void this.#thread.terminate();
  }
}
