// What a browser test file needs: a Chromium with WebGPU on a fresh profile, the test server, and checks.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { offering } from './offered.mjs';
import { serve } from './server.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
export const WEB = resolve(HERE, '..');
export const ROOT = resolve(WEB, '..');

/** The folder with every reference model and golden, or null in a clone that has only `tests/golden`. */
export const ORACLE = [process.env.RULLAMA_ORACLE, join(ROOT, '../shared/oracle')].find(
  (folder) => folder && existsSync(join(folder, 'goldens')),
) ?? null;

/** SwiftShader gives every machine the same WebGPU adapter, which Chromium uses on demand only. */
const SOFTWARE_ADAPTER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
/** Keep Chromium off the network. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A guard against a page that hangs for ever, far above what any test needs on two slow cores. */
export const TEST_LIMIT_MS = 600_000;

// Chromium now and then fails to start on a loaded machine; a second attempt tells that from a real failure.
const LAUNCH_ATTEMPTS = 3;
const LAUNCH_TIMEOUT_MS = 60_000;

const CHROMIUM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Thrown by `skip`; the runner reports the test as skipped with this reason. */
export class Skip extends Error {}

/** Ends the running test as skipped. `reason` names what is missing. */
export function skip(reason) {
  throw new Skip(reason);
}

/** Fails the running test unless `actual` and `expected` have the same JSON text. */
export function equal(actual, expected, what) {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${what}: got ${a}, expected ${e}`);
}

/** Fails the running test unless `condition` holds. */
export function ensure(condition, message) {
  if (!condition) throw new Error(message);
}

/** The Chromium to drive: `RULLAMA_CHROMIUM`, or the first of the usual places that exists. */
export function chromiumPath() {
  const path = process.env.RULLAMA_CHROMIUM ?? CHROMIUM_PLACES.find(existsSync);
  if (!path) throw new Error(`no Chromium at ${CHROMIUM_PLACES.join(', ')}; set RULLAMA_CHROMIUM to its path`);
  return path;
}

/**
 * Starts Chromium on a fresh profile. `extraFlags` come after the usual ones, so that a test can take WebGPU away.
 * Service workers are off unless `options` allow them: they would answer for the server. `adapterFlags` are those without which
 * Chromium blocks a software adapter as it blocks old cards; the other `options` are Playwright's.
 *
 * Returns `{ newPage, close }` and the profile's folder. Console errors and uncaught exceptions of every page go to `complaints`.
 */
export async function launch(extraFlags = [], { adapterFlags = SOFTWARE_ADAPTER, ...options } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'rullama-browser-'));
  const context = await start(profile, [...FLAGS, ...adapterFlags, ...extraFlags], options);
  // A single step has the time of the whole test: software rendering compiles shaders slower than Playwright's 30 s.
  context.setDefaultTimeout(TEST_LIMIT_MS);
  const complaints = [];
  return {
    context,
    profile,
    complaints,
    async newPage() {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function start(profile, args, options) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await chromium.launchPersistentContext(profile, {
        executablePath: chromiumPath(),
        headless: true,
        timeout: LAUNCH_TIMEOUT_MS,
        serviceWorkers: 'block',
        args,
        ...options,
      });
    } catch (error) {
      if (attempt === LAUNCH_ATTEMPTS) throw error;
    }
  }
}

/** The model that the test server offers for download. */
const OFFERED_PATH = 'models/tiny-kv/ollama-q4_k_m.gguf';
const OFFERED = join(ROOT, 'tests/golden', OFFERED_PATH);

/** Answers `/api/models` as `rullama serve` does. */
export const offersModel = () => offering('gemma4:small', OFFERED, `/golden/${OFFERED_PATH}`);

/** The test server over the built app (`/`), the package (`/lib/`), the committed goldens (`/golden/`) and, where present, `/oracle/`. */
export function serveProject(first = offersModel()) {
  const mounts = { '/': join(WEB, 'dist'), '/lib/': join(WEB, 'lib'), '/golden/': join(ROOT, 'tests/golden') };
  if (ORACLE) mounts['/oracle/'] = ORACLE;
  return serve(mounts, first, '/');
}
