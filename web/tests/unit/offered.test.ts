// The models that servers offer, as the app lists them.
import { expect, test, vi } from 'vitest';
import { FakeDatabase, stubPage } from './fake_database.ts';

const model = (name: string, digest: string, family = 'gemma4') => ({ name, bytes: 5, digest, family, url: `blob/${digest}` });
const OWN = [model('gemma4:e2b', 'a'), model('llama9:latest', 'b', 'llama9'), model('gemma4:latest', 'a'), model('gemma4:e4b', 'c'), model('mine', 'a')];
const THEIRS = [model('theirs', 'd'), model('gemma4:e2b', 'a'), model('also theirs', 'd')];

vi.doMock('idb', () => ({ openDB: async () => new FakeDatabase() }));
vi.stubGlobal('fetch', async (url: string) => Response.json({ models: url.startsWith('https://app.example/') ? OWN : THEIRS }));
stubPage();
const { downloads } = await import('../../src/app/models/downloads.svelte.ts');

/** Each file by its digest, with the name it is listed by, and the others. */
const listed = () => downloads.offered.map(({ digest, name, otherNames }) => [digest, name, ...otherNames]);

test('a file that a server has under several names is listed once, with all of them', async () => {
  await downloads.ask();
  expect(listed()).toEqual([['a', 'gemma4:e2b', 'gemma4:latest', 'mine'], ['c', 'gemma4:e4b']]);
  await downloads.askServer('models.example');
  expect(listed()).toEqual([['a', 'gemma4:e2b', 'gemma4:latest', 'mine'], ['c', 'gemma4:e4b'], ['d', 'theirs', 'also theirs']]);
  expect(downloads.serverCount).toBe(2);
});
