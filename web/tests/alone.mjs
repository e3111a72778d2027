// A page in a Chromium that nobody inspects. What drives a browser keeps a copy of what pages load, up to 200 MB, in the page's
// own process, so memory is measured here without. The page asks this server what to do, and tells it how that went.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { chromiumPath, FLAGS, serveProject } from './lib.mjs';

// As in lib.mjs: a loaded machine may need a second attempt.
const START_ATTEMPTS = 3;
const START_LIMIT_MS = 60_000;

/**
 * Starts one, with a server whose requests `first` may answer. `run(code)` evaluates the body of an async function in the page
 * and resolves to the JSON of what it returns. `profile` is for `memoryOf`.
 */
export async function alone(first = () => false) {
  // Requests of the page that wait for code, and code that waits for one; what is called with the next outcome.
  const [waiting, asking, telling] = [[], [], []];
  const server = await serveProject((request, response) => {
    if (request.url === '/alone.html') response.setHeader('Content-Type', 'text/html').end(PAGE);
    else if (request.url === '/alone/ask') (asking.shift() ?? ((late) => waiting.push(late)))(response);
    else if (request.url === '/alone/tell') text(request).then((outcome) => (response.end(), telling.shift()(JSON.parse(outcome))));
    else return first(request, response);
    return true;
  });
  const profile = await mkdtemp(join(tmpdir(), 'rullama-browser-'));
  const asked = () => waiting.shift() ?? new Promise((resolve) => asking.push(resolve));
  let browser;
  const end = async () => {
    if (browser.exitCode === null && browser.signalCode === null) {
      process.kill(-browser.pid, 'SIGKILL');
      await once(browser, 'exit');
    }
  };
  const close = async () => {
    await end();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  const args = ['--headless', ...FLAGS, `--user-data-dir=${profile}`, `${server.url}/alone.html`];
  for (let attempt = 1; ; attempt++) {
    browser = spawn(chromiumPath(), args, { stdio: 'ignore', detached: true });
    try {
      waiting.unshift(await within(START_LIMIT_MS, asked(), `a page of Chromium said nothing for ${START_LIMIT_MS / 1000} s`));
      break;
    } catch (error) {
      asking.length = 0;
      await end();
      if (attempt < START_ATTEMPTS) continue;
      await close();
      throw error;
    }
  }
  return {
    profile,
    async run(code) {
      const response = await asked();
      const told = new Promise((resolve) => telling.push(resolve));
      response.end(code);
      const { result, error } = await told;
      if (error) throw new Error(error);
      return result;
    },
    close,
  };
}

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  const post = (path, body) => fetch('/alone/' + path, { method: 'POST', body });
  for (;;) {
    const code = await (await post('ask')).text();
    const run = Object.getPrototypeOf(async () => {}).constructor(code);
    const outcome = await run().then((result) => ({ result }), (error) => ({ error: String(error) }));
    await post('tell', JSON.stringify(outcome));
  }
</script>`;

async function within(milliseconds, promise, problem) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(problem)), milliseconds)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
