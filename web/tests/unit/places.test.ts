// What the browser throws where models lie, and servers that stall.
import { afterEach, expect, test, vi } from 'vitest';
import { listServer } from '../../src/engine/downloads/server.ts';
import { listOllama, openOllama } from '../../src/engine/ollama.ts';
import { discardPartial, listPartial } from '../../src/engine/downloads/partial.ts';
import { storageEstimate } from '../../src/engine/downloads/space.ts';
import { deleteStored, listStored, writeRecord } from '../../src/engine/stored.ts';
import { nameOf } from '../../src/app/models/names.ts';

afterEach(() => vi.unstubAllGlobals());

const refusal = (name: string) => new DOMException('no', name);

type Content = { [name: string]: Content | string | DOMException };

/** A handle of a folder; an exception in the place of a file is what reading it throws. */
function folder(content: Content, name = 'models', listing?: DOMException): FileSystemDirectoryHandle {
  const file = (found: string | DOMException, name: string) => ({
    kind: 'file',
    name,
    getFile: async () => {
      if (typeof found === 'string') return new File([found], name);
      throw found;
    },
  });
  const open = (name: string) => {
    const found = content[name];
    if (found === undefined) throw refusal('NotFoundError');
    return typeof found === 'string' || found instanceof DOMException ? file(found, name) : folder(found, name);
  };
  return {
    kind: 'directory',
    name,
    getDirectoryHandle: async (name: string) => open(name),
    getFileHandle: async (name: string) => open(name),
    async *values() {
      if (listing) throw listing;
      for (const name of Object.keys(content)) yield open(name);
    },
  } as unknown as FileSystemDirectoryHandle;
}

const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest: 'sha256:m', size: 7 }];
const ollama = (manifests: Content, blobs: Content = {}) => folder({ manifests, blobs });

test("one manifest that cannot be read hides no other, and a folder that cannot says so", async () => {
  const some = ollama({ a: refusal('NotReadableError'), b: { c: JSON.stringify({ layers }) } });
  expect(await listOllama(some)).toEqual([{ name: 'b:c', bytes: 7, digest: 'sha256:m', family: null }]);
  const forbidden = { ...folder({}), getDirectoryHandle: async () => Promise.reject(refusal('NotAllowedError')) };
  const expected = { code: 'READ_FAILED', name: 'SourceError', message: expect.stringContaining('pick it again') };
  await expect(listOllama(forbidden)).rejects.toMatchObject(expected);
  await expect(openOllama(forbidden, 'b:c')).rejects.toMatchObject(expected);
  await expect(listOllama(folder({}))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const signal = AbortSignal.abort();
  await expect(listOllama(some, { signal })).rejects.toMatchObject({ code: 'CANCELLED', name: 'CancelledError' });
  await expect(openOllama(some, 'b:c', { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
});

test("a field's list of files is a folder, as browsers give it and as an array", async () => {
  const file = (path: string, content: string) => Object.assign(new File([content], path.split('/').at(-1)!), { webkitRelativePath: `models/${path}` });
  const files = [file('manifests/registry.ollama.ai/library/b/c', JSON.stringify({ layers })), file('blobs/sha256-m', 'weights')];
  // A `FileList` has a length, numbers and an iterator, and nothing else of an array.
  const list = { length: 2, 0: files[0]!, 1: files[1]!, item: (n: number) => files[n], [Symbol.iterator]: () => files.values() };
  const once = () => files.values();
  const listed = [{ name: 'b:c', bytes: 7, digest: 'sha256:m', family: null }];
  for (const picked of [list, { length: 2, 0: files[0]!, 1: files[1]! }, files, once()]) expect(await listOllama(picked)).toEqual(listed);
  for (const picked of [list, files, once()]) expect(await (await openOllama(picked, 'b:c')).text()).toBe('weights');
});

test('what the private file system throws has a class and a remedy', async () => {
  const opfs = (root: FileSystemDirectoryHandle) => vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } });
  const lost = folder({}, 'models', refusal('InvalidStateError'));
  opfs({ ...folder({}), getDirectoryHandle: async () => lost });
  await expect(listStored()).rejects.toMatchObject({ code: 'READ_FAILED', name: 'SourceError' });
  await expect(listPartial()).rejects.toMatchObject({ code: 'READ_FAILED', name: 'SourceError' });
  opfs(folder({ models: { 'a.gguf': refusal('NotReadableError') } }));
  await expect(listStored()).rejects.toMatchObject({ code: 'READ_FAILED', message: expect.stringContaining('a.gguf') });
  opfs(folder({ models: { 'a.gguf': refusal('NotFoundError'), 'b.gguf': 'four' } }));
  expect(await listStored()).toEqual([{ name: 'b.gguf', bytes: 4, digest: null, url: null }]);
  const full = { ...folder({}), getFileHandle: async () => Promise.reject(refusal('QuotaExceededError')) };
  await expect(writeRecord(full, 'x', {})).rejects.toMatchObject({ code: 'STORAGE_FULL', name: 'StorageError' });
});

test('calls about the storage end when they are aborted: a listing before the next file, a deletion before it begins', async () => {
  const asked: string[] = [];
  const abort = new AbortController();
  const file = (name: string) => {
    const getFile = async () => {
      asked.push(name);
      abort.abort();
      return new File(['four'], name);
    };
    return { kind: 'file', name, getFile };
  };
  const models = {
    kind: 'directory',
    name: 'models',
    getFileHandle: async (name: string) => file(name),
    removeEntry: async (name: string) => void asked.push(`removed ${name}`),
    async *values() {
      yield* ['a.gguf', 'b.gguf', 'c.gguf'].map(file);
    },
  } as unknown as FileSystemDirectoryHandle;
  const getDirectory = async () => {
    asked.push('root');
    const getDirectoryHandle = async (name: string) => (name === 'models' ? models : Promise.reject(refusal('NotFoundError')));
    return { ...folder({}), getDirectoryHandle };
  };
  const estimate = async () => {
    asked.push('estimate');
    abort.abort();
    return { usage: 1, quota: 2 };
  };
  vi.stubGlobal('navigator', { storage: { getDirectory, estimate } });
  const cancelled = { code: 'CANCELLED', name: 'CancelledError' };
  const signal = AbortSignal.abort();
  const deletions = [deleteStored('a.gguf', { signal }), discardPartial('a.gguf', { signal })];
  for (const call of [listStored({ signal }), listPartial({ signal }), ...deletions, storageEstimate({ signal })]) {
    await expect(call).rejects.toMatchObject(cancelled);
  }
  expect(asked).toEqual([]);

  await expect(listStored({ signal: abort.signal })).rejects.toMatchObject(cancelled);
  expect(asked.filter((name) => name.endsWith('.gguf'))).toEqual(['a.gguf']);
  const late = new AbortController();
  const deletion = deleteStored('a.gguf', { signal: late.signal });
  late.abort();
  await deletion;
  expect(asked).toContain('removed a.gguf');
  expect(await storageEstimate({ signal: new AbortController().signal })).toEqual({ usage: 1, quota: 2, persisted: false });
});

test('a server that stalls can be left, before the answer and in its middle', async () => {
  vi.stubGlobal('location', { href: 'https://app.example/', origin: 'https://app.example' });
  const stalled = (_url: string, { signal }: RequestInit) =>
    new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
  const halfway = async (_url: string, { signal }: RequestInit) => {
    const start = (body: ReadableStreamDefaultController) => signal!.addEventListener('abort', () => body.error(signal!.reason));
    return new Response(new ReadableStream({ start }));
  };
  for (const fetch of [stalled, halfway]) {
    vi.stubGlobal('fetch', fetch);
    const abort = new AbortController();
    const listed = listServer('https://models.example/', { signal: abort.signal });
    await new Promise((resolve) => setTimeout(resolve, 0));
    abort.abort();
    await expect(listed).rejects.toMatchObject({ code: 'CANCELLED', name: 'CancelledError' });
  }
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  const message = expect.stringContaining('--allow-origin https://app.example');
  await expect(listServer('https://models.example/')).rejects.toMatchObject({ code: 'NETWORK', message });
});

test('two addresses that end in one name have two names', () => {
  const url = 'https://host.example/a/resolve/main/model.gguf?download=true#x';
  const after = (...taken: string[]) => nameOf(url, (name) => taken.includes(name));
  expect(after()).toBe('model.gguf');
  expect(after('model.gguf')).toBe('main/model.gguf');
  expect(after('model.gguf', 'main/model.gguf')).toBe('resolve/main/model.gguf');
  const all = ['model.gguf', 'main/model.gguf', 'resolve/main/model.gguf', 'a/resolve/main/model.gguf', 'host.example/a/resolve/main/model.gguf'];
  expect(after(...all)).toBe(url);
  expect(nameOf('nowhere', () => false)).toBe('nowhere');
});
