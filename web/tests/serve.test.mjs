// `rullama serve` and the package together: a model of Ollama's store is listed, downloaded and planned under its headers.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, equal, ROOT, skip, WEB } from './lib.mjs';
import { modelPath } from './golden.mjs';

const MODEL = 'tiny-dense-ple/ollama-q4_k_m';
/** What `cargo test` has built. */
const PROGRAM = process.env.RULLAMA_PROGRAM ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/rullama');

export default {
  async "a model of Ollama's store comes into the page's storage and can be planned"({ browser, page }) {
    needProgram();
    const folder = await mkdtemp(join(tmpdir(), 'rullama-store-'));
    const model = await readFile(modelPath(MODEL));
    const digest = await store(folder, model);
    const server = await serve(folder, WEB);
    try {
      // Any answer will do as a page; the app itself would begin to load a model.
      await page.goto(`${server.url}/README.md`);
      const before = browser.complaints.length;
      const got = await page.evaluate(use);
      equal(got.isolated, true, 'crossOriginIsolated');
      const url = `${server.url}/api/blob/${digest.replace(':', '-')}`;
      equal(got.listed, [{ name: 'gemma4:tiny', bytes: model.length, digest, family: 'gemma4', url }], 'models of the server');
      equal(got.repaired, { digest, done: model.length }, 'a copy with a wrong byte, put right by the digests of blocks');
      equal(got.stored, { name: 'gemma4:tiny', bytes: model.length, digest, url }, 'the stored model');
      ensure(got.planned > 0, `a plan of ${got.planned} bytes`);
      // The policy forbids code from elsewhere, and says so on the console.
      equal(got.foreign, 'refused', 'a script of another origin');
      const refused = browser.complaints.slice(before).filter((line) => line.includes('Content Security Policy'));
      ensure(refused.length > 0 && refused.every((line) => line.includes('//localhost')), `refused: ${refused.join('\n')}`);
    } finally {
      server.stop();
      await rm(folder, { recursive: true });
    }
  },

  async 'the app inside the program starts under the headers of the server'({ browser, page }) {
    needProgram();
    const server = await serve(tmpdir(), null);
    try {
      const before = browser.complaints.length;
      // Modules have run when the page has loaded.
      const answer = await page.goto(server.url);
      const remedy = 'RULLAMA_APP=$PWD/web/dist cargo build --package rullama';
      equal([answer.status(), (await page.title()).includes('rullama')], [200, true], `the page; \`${remedy}\` puts it into the program`);
      const [inside, built] = [await (await page.request.get(`${server.url}/index.html`)).text(), await readFile(join(WEB, 'dist/index.html'), 'utf8')];
      equal(inside, built, 'the page inside, and the one that was built last');
      equal(browser.complaints.slice(before), [], 'complaints on the console');
    } finally {
      server.stop();
    }
  },
};

function needProgram() {
  if (!existsSync(PROGRAM)) skip(`${PROGRAM} is not there; \`cargo build\` makes it, or set RULLAMA_PROGRAM`);
}

/** Writes a store with one model; gives its digest. */
async function store(folder, model) {
  const write = async (path, content) => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  };
  const blob = async (content) => {
    const hex = createHash('sha256').update(content).digest('hex');
    await write(`blobs/sha256-${hex}`, content);
    return `sha256:${hex}`;
  };
  const digest = await blob(model);
  const config = { digest: await blob('{"model_family":"gemma4"}') };
  const layers = [{ mediaType: 'application/vnd.ollama.image.model', digest, size: model.length }];
  await write('manifests/registry.ollama.ai/library/gemma4/tiny', JSON.stringify({ config, layers }));
  return digest;
}

/** Starts the program over a store and a folder with an app, or the app inside it; it prints its address when it listens. */
async function serve(folder, app) {
  const child = spawn(PROGRAM, ['serve', '--port', '0', ...(app ? ['--app', app] : [])], {
    env: { ...process.env, OLLAMA_MODELS: folder, HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => reject(new Error(`${PROGRAM} ended with ${code}`)));
    child.stdout.once('data', (line) => resolve(/http:\S+/.exec(String(line))[0]));
  });
  return { url, stop: () => child.kill() };
}

/** Runs in the page. */
async function use() {
  const { download, listServer, Rullama } = await import('/lib/engine/index.js');
  const listed = await listServer();
  const { name, url, digest, bytes } = listed[0];
  const stored = await download({ name, url, digest, bytes });
  // A copy that went wrong: complete, and one byte of it is another.
  const root = await navigator.storage.getDirectory();
  const write = async (file, content) => {
    const folder = await root.getDirectoryHandle('downloads', { create: true });
    const writer = await (await folder.getFileHandle(file, { create: true })).createWritable();
    await writer.write(content);
    await writer.close();
  };
  const copy = new Uint8Array(await (await fetch(url)).arrayBuffer());
  copy[copy.length >> 1] ^= 1;
  await write('copy.part', copy);
  await write('copy.json', JSON.stringify({ url, digest, total: bytes, etag: null, lastModified: null }));
  const repaired = { digest: null, done: 0 };
  const onProgress = ({ phase, done }) => phase === 'loading' && (repaired.done = done);
  repaired.digest = (await download({ name: 'copy', url, digest, bytes }, { onProgress })).digest;
  const engine = await Rullama.start();
  const planned = (await engine.plan({ opfs: name })).plan.bytes;
  engine.dispose();
  const foreign = await import(location.href.replace('127.0.0.1', 'localhost').replace('README.md', 'lib/engine/demo.js')).then(
    () => 'loaded',
    () => 'refused',
  );
  return { isolated: crossOriginIsolated, listed, stored, repaired, planned, foreign };
}
