// IndexedDB as `idb` gives it, in memory: what the app's database.ts uses of it.
import { vi } from 'vitest';

type Key = string;
type StoreName = 'conversations' | 'turns' | 'remembered';
export type Stored = Record<string, unknown> & { id: Key };

class FakeStore {
  readonly records = new Map<Key, unknown>();

  async get(key: Key) {
    return structuredClone(this.records.get(key));
  }
  async getKey(key: Key) {
    return this.records.has(key) ? key : undefined;
  }
  async getAll() {
    return structuredClone([...this.records.values()]);
  }
  async put(value: unknown, key: Key = (value as Stored).id) {
    this.records.set(key, structuredClone(value));
  }
  async delete(key: Key) {
    this.records.delete(key);
  }
  /** The one index there is: turns by their conversation and their order. */
  index() {
    return { getAllKeys: async (range: Range) => this.within(range).map(({ id }) => id) };
  }
  within({ conversation }: Range): Stored[] {
    const turns = [...this.records.values()] as Stored[];
    return structuredClone(turns.filter((turn) => turn['conversation'] === conversation).sort((a, b) => Number(a['order']) - Number(b['order'])));
  }
}

interface Range {
  conversation: Key;
}

export class FakeDatabase {
  readonly stores: Record<StoreName, FakeStore> = { conversations: new FakeStore(), turns: new FakeStore(), remembered: new FakeStore() };
  /** Called before a conversation's turns are read. */
  beforeTurns: (conversation: Key) => Promise<void> = async () => {};

  get(name: StoreName, key: Key) {
    return this.stores[name].get(key);
  }
  getAll(name: StoreName) {
    return this.stores[name].getAll();
  }
  put(name: StoreName, value: unknown, key?: Key) {
    return this.stores[name].put(value, key);
  }
  delete(name: StoreName, key: Key) {
    return this.stores[name].delete(key);
  }
  async getAllFromIndex(name: StoreName, _index: string, range: Range) {
    await this.beforeTurns(range.conversation);
    return this.stores[name].within(range);
  }
  transaction(names: StoreName | StoreName[]) {
    const objectStore = (name: StoreName) => this.stores[name];
    return { objectStore, store: objectStore([names].flat()[0]!), done: Promise.resolve() };
  }

  /** The ids of what is stored. */
  ids(name: StoreName): Key[] {
    return [...this.stores[name].records.keys()];
  }
}

/**
 * Puts the globals in place that a page has and Node has not; `locks` are the names of those that are held. Tests import the app
 * after this and before their first one: under load, compiling it takes longer than a test may.
 */
export function stubPage(locks: () => Promise<string[]> = async () => []) {
  vi.stubGlobal('document', { hidden: false, baseURI: 'https://app.example/', addEventListener() {} });
  vi.stubGlobal('location', { href: 'https://app.example/', origin: 'https://app.example' });
  vi.stubGlobal('navigator', {
    locks: {
      query: async () => ({ held: (await locks()).map((name) => ({ name })) }),
      request: (_name: string, work: () => Promise<void>) => work(),
    },
  });
  vi.stubGlobal('IDBKeyRange', { bound: ([conversation]: [Key]): Range => ({ conversation }) });
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => setTimeout(draw, 0));
}

/** A channel to other tabs, which are the test. */
export class FakeChannel {
  static opened: FakeChannel[] = [];
  onmessage: (event: { data: unknown }) => unknown = () => {};
  readonly posted: unknown[] = [];

  constructor(readonly name: string) {
    FakeChannel.opened.push(this);
  }
  postMessage(message: unknown) {
    this.posted.push(message);
  }
}
