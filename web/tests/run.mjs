// Runs every *.test.mjs beside this file, or those whose names contain the first argument.
//
// A test file's default export maps test names to async functions of `{ browser, page, server }`: one browser and
// one server for the file, a fresh page for the test. Two files run at once where there are two processors. Each result is one JSON line on stdout:
// {"name", "ok", "skipped", "message", "seconds"}; everything else goes to stderr. The exit code is 1 when a test failed.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, ROOT, serveProject, Skip, TEST_LIMIT_MS } from './lib.mjs';

const wanted = process.argv[2] ?? '';
const here = dirname(fileURLToPath(import.meta.url));
/** Those that take minutes begin, the longest first: the others fill what is left of the time at the end. */
const LONG = ['goldens', 'kernels', 'examples', 'chat', 'package', 'session', 'models', 'recovery_device'];
const place = (name) => {
  const at = LONG.indexOf(name.replace('.test.mjs', ''));
  return at < 0 ? LONG.length : at;
};
const files = (await readdir(here))
  .filter((name) => name.endsWith('.test.mjs') && name.includes(wanted))
  .sort((a, b) => place(a) - place(b) || a.localeCompare(b));

// Most of the time one thread of a browser's GPU process compiles shaders for the software adapter.
const FILES_AT_ONCE = Math.min(2, availableParallelism());

let failed = 0;
let pictures = 0;
if (files.length === 0) report('run', { error: new Error(`no *.test.mjs has \`${wanted}\` in its name`) });
await Promise.all(Array.from({ length: FILES_AT_ONCE }, runFiles));
process.exit(failed === 0 ? 0 : 1);

/** Takes files until none is left. */
async function runFiles() {
  for (let file = files.shift(); file; file = files.shift()) {
    const area = file.replace('.test.mjs', '');
    try {
      await runFile(area, (await import(`./${file}`)).default);
    } catch (error) {
      // Neither browser nor server came up (or the file does not load): that is a failure of the whole file.
      report(area, { error });
    }
  }
}

async function runFile(area, tests) {
  const server = await serveProject();
  try {
    const browser = await launch();
    try {
      for (const [name, test] of Object.entries(tests)) report(`${area}: ${name}`, await attempt(test, browser, server));
    } finally {
      await browser.close();
    }
  } finally {
    await server.close();
  }
}

async function attempt(test, browser, server) {
  const start = performance.now();
  const page = await browser.newPage();
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${TEST_LIMIT_MS / 1000} s`)), TEST_LIMIT_MS);
  });
  try {
    await Promise.race([test({ browser, page, server }), limit]);
    return { seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    if (!(error instanceof Skip)) await picture(page);
    return { error };
  } finally {
    clearTimeout(timer);
    await page.close();
  }
}

/** What a failed test's page looked like, for people: those without its picture get its text. */
async function picture(page) {
  const text = await page.locator('body').innerText({ timeout: 10_000 }).catch(() => null);
  if (text) console.error(`the page of the failed test says:\n${text.slice(0, 4000)}`);
  const path = join(ROOT, 'target/screenshots', `failed-${++pictures}.png`);
  const taken = await page.screenshot({ path, timeout: 10_000 }).catch(() => null);
  if (taken) console.error(`the page of the failed test: ${path}`);
}

function report(name, { error, seconds = null }) {
  const skipped = error instanceof Skip;
  if (error && !skipped) failed += 1;
  const message = skipped ? error.message : (error?.stack ?? '');
  console.log(JSON.stringify({ name, ok: !error, skipped, message, seconds }));
}
