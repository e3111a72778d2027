// Models on their way into the browser's storage, and those that are there.
import {
  deleteStored, discardPartial, download, listPartial, listServer, listStored, storageEstimate, RullamaError,
  type PartialModel, type Progress, type ServerModel, type StorageEstimate, type StoredModel, type Wanted,
} from 'rullama';
import { failure, failureOf, type Failure } from '../engine/failure.ts';
import { recall, remember } from '../chats/database.ts';
import { nameOf, nameOffered, offeredOnce, serverAddress, type Offered } from './names.ts';
import { wholeAddress } from './places.ts';

/** Another server to list models of, by its address. */
const SERVER = 'server of models';
/** A server that has not said by then which models it has is left. */
const ANSWER_MS = 20_000;

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
  /** What the server that the page comes from and the other one offer, and this engine runs; the same file once. */
  offered = $state.raw<Offered[]>([]);
  /** The address of the other server as it was typed; empty for none. */
  server = $state('');
  /** Models of the other server; null while it has not answered. */
  serverCount = $state<number | null>(null);
  /** Why it has not. */
  serverFailure = $state.raw<Failure | null>(null);
  space = $state.raw<StorageEstimate | null>(null);
  failure = $state.raw<Failure | null>(null);

  async refresh() {
    await this.#attempt(async () => {
      const [stored, partial, space] = await Promise.all([listStored(), listPartial(), storageEstimate().catch(() => null)]);
      this.stored = stored;
      this.paused = partial.filter(({ name }) => !this.#find(name));
      this.space = space;
    });
  }

  /** Asks the servers, the other one at the address that was kept. */
  async ask() {
    this.server = (await recall<string>(SERVER).catch(() => null)) ?? '';
    // A plain web server offers none, which is no failure.
    const own = await this.#list().catch(() => []);
    this.offered = own;
    if (this.server !== '') await this.askServer(this.server, own);
  }

  /** Lists the models of another server too, and keeps its address; an empty one forgets it. */
  async askServer(typed: string, own = this.offered.filter(({ url }) => isOwn(url))) {
    this.server = typed.trim();
    this.offered = own;
    this.serverFailure = this.serverCount = null;
    remember(SERVER, this.server).catch(() => {});
    if (this.server === '') return;
    try {
      const theirs = await this.#list(serverAddress(this.server));
      this.serverCount = theirs.length;
      this.offered = [...own, ...theirs.filter(({ digest }) => own.every((model) => model.digest !== digest))];
    } catch (thrown) {
      const late = failure('NETWORK', `${this.server} has not said within ${ANSWER_MS / 1000} s which models it has; check the address and the server.`);
      this.serverFailure = failureOf(thrown) ?? late;
    }
  }

  async #list(base?: string) {
    const models = await listServer(base, { signal: AbortSignal.timeout(ANSWER_MS) });
    return offeredOnce(models.filter(({ family }) => family === null || family === 'gemma4'));
  }

  /** Begins a download of an address that the user has entered. It replaces nothing that is from another one. */
  async startAddress(address: string) {
    await this.refresh();
    const url = wholeAddress(address);
    const isTaken = (name: string) => this.here.some((model) => model.name === name && String(model.url) !== url);
    await this.start({ url, name: nameOf(url, isTaken) });
  }

  /** Begins a download of a model that a server offers. It replaces no other model of its name. */
  async startOffered(model: ServerModel) {
    await this.refresh();
    const isTaken = (name: string) => this.here.some((other) => other.name === name && other.digest !== model.digest);
    await this.start({ ...model, name: nameOffered(model, isTaken) });
  }

  /** What is stored, begun or on its way. */
  get here(): Pick<Wanted, 'name' | 'digest' | 'url'>[] {
    return [...this.stored.map((model) => ({ ...model, url: model.url ?? '' })), ...this.paused, ...this.running.map(({ wanted }) => wanted)];
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

/** Whether an address is one of the server that the page comes from. */
export const isOwn = (url: string) => new URL(url).origin === location.origin;

export const downloads = new Downloads();
