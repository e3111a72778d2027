// The engine as the app holds it: one device, at most one model, and how both stand.
import { Rullama, type DeviceDescription, type LoadedModel, type MemoryReport, type ModelSource, type PlanOptions, type PlannedModel } from 'rullama';
import { failureOf, type Failure } from './failure.ts';
import { ModelLock } from './model_lock.ts';

/** A model that was chosen. */
export interface Choice {
  source: ModelSource;
  /** What people call it. */
  label: string;
  options: PlanOptions;
}

export interface Loading {
  label: string;
  done: number;
  total: number;
}

class Runtime {
  device = $state.raw<DeviceDescription | null>(null);
  /** What is loaded. */
  model = $state.raw<LoadedModel | null>(null);
  /** What was asked for last; it is loaded again after the device was lost. */
  choice = $state.raw<Choice | null>(null);
  loading = $state<Loading | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Until the first model is loaded, or it is known that there is none. */
  isStarting = $state(true);
  /** The model of the last visit, where the browser asks the user before it may be read again. */
  waiting = $state.raw<Choice | null>(null);
  /** Another tab has a model on the GPU. */
  isElsewhere = $state(false);
  /** Called before the model goes away, so that an answer under way is kept. */
  beforeUnload: () => Promise<void> = async () => {};

  #engine: Promise<Rullama> | null = null;
  #abort: AbortController | null = null;
  #profile: string | undefined;
  #lock = new ModelLock(async () => {
    await this.#drop();
    this.isElsewhere = true;
  });

  /** `profile` is a smaller device to pretend to be. */
  useProfile(profile: string | null) {
    this.#profile = profile ?? undefined;
  }

  get name(): string {
    return this.model?.name ?? this.choice?.label ?? '';
  }

  /** The running engine, started anew when there is none or the last one failed. */
  async engine(): Promise<Rullama> {
    const last = this.#engine;
    const running = await last?.catch(() => null);
    // Of those who have waited for the same one, the first starts the next.
    if ((!running || running.closed) && this.#engine === last) {
      this.#engine = Rullama.start(this.#profile === undefined ? {} : { profile: this.#profile });
      this.device = await (await this.#engine).describe();
    }
    return this.#engine!;
  }

  /** Opens the GPU; the failure is shown. */
  async start(): Promise<boolean> {
    try {
      await this.engine();
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    }
  }

  /** Loads a model in place of the one before. Resolves to whether there is one; a failure is shown. */
  async load(choice: Choice): Promise<boolean> {
    this.failure = this.waiting = null;
    this.#abort?.abort();
    await this.beforeUnload();
    this.choice = choice;
    this.model = null;
    this.isElsewhere = !(await this.#lock.take());
    if (this.isElsewhere) return false;
    const abort = (this.#abort = new AbortController());
    this.loading = { label: choice.label, done: 0, total: 0 };
    try {
      const engine = await this.engine();
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        if (this.#abort === abort) this.loading = { label: choice.label, done, total };
      };
      const model = await engine.load(choice.source, { ...choice.options, signal: abort.signal, onProgress });
      if (this.#abort === abort) this.model = model;
    } catch (thrown) {
      if (this.#abort === abort) {
        this.failure = failureOf(thrown);
        this.#lock.release();
      }
    }
    if (this.#abort === abort) this.loading = null;
    return this.model !== null;
  }

  /** Loads the last choice again, as after the device was lost. */
  async reload(): Promise<boolean> {
    return this.choice !== null && this.load(this.choice);
  }

  cancelLoading() {
    this.#abort?.abort();
  }

  async unload() {
    await this.#drop();
    this.choice = null;
    this.#lock.release();
  }

  /** Takes the model from the other tab, which unloads its own. */
  async takeOver(): Promise<void> {
    await this.#lock.takeOver();
    this.isElsewhere = false;
    await this.reload();
  }

  /** Every buffer of a model on this device, before it is loaded. */
  async plan({ source, options }: Choice, signal?: AbortSignal): Promise<PlannedModel> {
    return (await this.engine()).plan(source, { ...options, ...(signal && { signal }) });
  }

  /** The ledger, or null while there is no engine. */
  async memory(): Promise<MemoryReport | null> {
    const running = await this.#engine?.catch(() => null);
    return running && !running.closed ? running.memory().catch(() => null) : null;
  }

  async #drop() {
    this.#abort?.abort();
    // A model that was loaded before the wish arrived is not the page's any more.
    this.#abort = null;
    await this.beforeUnload();
    this.model = null;
    this.loading = null;
    const engine = await this.#engine?.catch(() => null);
    await engine?.unload().catch(() => {});
  }
}

export const runtime = new Runtime();
