// Models on their way into the browser's storage, and those that are there.
import {
  deleteStored, discardPartial, download, listPartial, listServer, listStored, storageEstimate, RullamaError,
  type PartialModel, type Progress, type ServerModel, type StorageEstimate, type StoredModel, type Wanted,
} from 'rullama';
import { failureOf, type Failure } from '../engine/failure.ts';
import { nameOf } from './names.ts';
import { wholeAddress } from './places.ts';

export interface Running {
  wanted: Wanted;
  progress: Progress | null;
  pause: () => void;
}

class Downloads {
  stored = $state.raw<StoredModel[]>([]);
  /** Begun and not under way in this tab. */
  paused = $state.raw<PartialModel[]>([]);
  running = $state.raw<Running[]>([]);
  /** What the server that the page comes from offers, and this engine runs. */
  offered = $state.raw<ServerModel[]>([]);
  space = $state.raw<StorageEstimate | null>(null);
  failure = $state.raw<Failure | null>(null);

  async refresh() {
    const [stored, partial, space] = await Promise.all([listStored(), listPartial(), storageEstimate().catch(() => null)]);
    this.stored = stored;
    this.paused = partial.filter(({ name }) => !this.#find(name));
    this.space = space;
  }

  /** A plain web server offers none, which is no failure. */
  async ask() {
    const models = await listServer().catch(() => []);
    this.offered = models.filter(({ family }) => family === null || family === 'gemma4');
  }

  /** Begins a download of an address that the user has entered. It replaces nothing that is from another one. */
  async startAddress(address: string) {
    await this.refresh();
    const url = wholeAddress(address);
    const there = [...this.stored, ...this.paused, ...this.running.map(({ wanted }) => wanted)];
    const isTaken = (name: string) => there.some((model) => model.name === name && String(model.url) !== url);
    await this.start({ url, name: nameOf(url, isTaken) });
  }

  /** Begins a download, or goes on with one. Resolves when it has ended or was paused. */
  async start(wanted: Wanted) {
    if (this.#find(wanted.name)) return;
    this.failure = null;
    const abort = new AbortController();
    this.running = [...this.running, { wanted, progress: null, pause: () => abort.abort() }];
    this.paused = this.paused.filter(({ name }) => name !== wanted.name);
    const onProgress = (progress: Progress) => {
      this.running = this.running.map((entry) => (entry.wanted === wanted ? { ...entry, progress } : entry));
    };
    await this.#attempt(async () => void (await download(wanted, { onProgress, signal: abort.signal })));
    this.running = this.running.filter((entry) => entry.wanted !== wanted);
    await this.refresh();
  }

  async discard(name: string) {
    await this.#attempt(() => discardPartial(name));
    await this.refresh();
  }

  async remove(name: string) {
    await this.#attempt(() => deleteStored(name));
    await this.refresh();
  }

  #find(name: string) {
    return this.running.find(({ wanted }) => wanted.name === name);
  }

  async #attempt(work: () => Promise<void>) {
    try {
      await work();
    } catch (thrown) {
      this.failure = failureOf(RullamaError.from(thrown));
    }
  }
}

export const downloads = new Downloads();
