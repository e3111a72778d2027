// One tab at a time has a model on the GPU: two would fill it. The lock is the browser's, so a tab that crashes lets go.

const NAME = 'rullama-model';
/** What a tab in the foreground needs to stop its answer and unload; one that sleeps is not waited for longer. */
const HANDOVER_MS = 5000;

export class ModelLock {
  #release: (() => void) | null = null;
  #onLost: () => Promise<void>;
  // Pages that are not secure have no locks, and no WebGPU either.
  #locks = globalThis.navigator?.locks as LockManager | undefined;
  #channel = new BroadcastChannel(NAME);

  /** `onLost` gives back the GPU's memory: another tab wants the model. */
  constructor(onLost: () => Promise<void>) {
    this.#onLost = onLost;
    this.#channel.onmessage = () => this.#lose();
  }

  /** True if this tab may load a model now; false while another tab has one. */
  async take(): Promise<boolean> {
    if (this.#release || !this.#locks) return true;
    return this.#request({ ifAvailable: true });
  }

  /** Has the other tab unload its model, and takes the lock. */
  async takeOver(): Promise<void> {
    if (this.#release || !this.#locks) return;
    this.#channel.postMessage('wanted');
    const waited = await this.#request({ signal: AbortSignal.timeout(HANDOVER_MS) }).catch(() => false);
    if (!waited) await this.#request({ steal: true });
  }

  release() {
    this.#release?.();
    this.#release = null;
  }

  #request(options: LockOptions): Promise<boolean> {
    return new Promise((granted, failed) => {
      const held = this.#locks!.request(NAME, options, (lock) => {
        granted(lock !== null);
        return lock ? new Promise<void>((release) => (this.#release = release)) : undefined;
      });
      held.catch((thrown: unknown) => {
        failed(thrown);
        // A lock that was held already has been stolen.
        this.#lose();
      });
    });
  }

  async #lose() {
    if (!this.#release) return;
    await this.#onLost();
    this.release();
  }
}
