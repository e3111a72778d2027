// The container's configuration, as the system's nginx reads it: the app from static files, under the headers of `rullama serve`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, equal, ROOT, skip, WEB } from './lib.mjs';
import { PROTECTION } from './server.mjs';

const DIST = join(WEB, 'dist');
/** The types of files that every package of nginx brings along. */
const TYPES = '/etc/nginx/mime.types';
const HEADERS = Object.fromEntries(PROTECTION);

export default {
  async 'nginx serves the app with the headers, types and caching of its container'({ browser, page }) {
    const nginx = await start();
    try {
      const get = (path) => fetch(`${nginx.url}/${path}`, { headers: { 'accept-encoding': 'gzip' } });
      const protectedBy = ({ headers }) => Object.fromEntries(Object.keys(HEADERS).map((name) => [name, headers.get(name)]));
      const [asset, module] = ['.js', '.wasm'].map((end) => nginx.assets.find((name) => name.endsWith(end)));

      for (const [path, type, caching] of [
        ['', /^text\/html/, 'no-cache'],
        ['manifest.webmanifest', /^application\/manifest\+json/, 'no-cache'],
        ['service_worker.js', /javascript/, 'no-cache'],
        [`assets/${asset}`, /javascript/, 'public, max-age=31536000, immutable'],
        [`assets/${module}`, /^application\/wasm/, 'public, max-age=31536000, immutable'],
      ]) {
        const answer = await get(path);
        equal([answer.status, answer.headers.get('cache-control')], [200, caching], `status and caching of /${path}`);
        equal(protectedBy(answer), HEADERS, `headers of /${path}`);
        ensure(type.test(answer.headers.get('content-type')), `/${path} is ${answer.headers.get('content-type')}`);
      }
      for (const path of [`assets/${asset}`, `assets/${module}`]) {
        equal((await get(path)).headers.get('content-encoding'), 'gzip', `compression of /${path}`);
      }
      const missing = await get('assets/missing.js');
      equal([missing.status, missing.headers.get('cache-control')], [404, null], 'what is missing for a moment');
      equal(protectedBy(missing), HEADERS, 'headers of what is missing');
      equal((await get('.git/config')).status, 403, 'a hidden file');

      const before = browser.complaints.length;
      await page.goto(nginx.url);
      equal(await page.evaluate(() => crossOriginIsolated), true, 'crossOriginIsolated');
      ensure((await page.title()).includes('rullama'), 'the title of the page');
      equal(browser.complaints.slice(before), [], 'complaints on the console');
    } finally {
      await nginx.stop();
    }
  },
};

/** An nginx with the container's file, but for its port and its folder. */
async function start() {
  const program = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);
  if (!program || !existsSync(TYPES)) skip('nginx is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'rullama-nginx-'));
  const port = await freePort();
  const container = await readFile(join(ROOT, 'container/nginx.conf'), 'utf8');
  const server = container.replace('listen 8080;', `listen 127.0.0.1:${port};`).replace('/usr/share/nginx/html', DIST);
  ensure(server.includes(`${port}`) && server.includes(DIST), 'the container\'s file says where it listens and what it serves');
  await writeFile(join(folder, 'server.conf'), server);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  // As root it would read files as another user, who need not be allowed to.
  await writeFile(join(folder, 'nginx.conf'), `
    ${process.getuid() === 0 ? 'user root;' : ''}
    pid ${folder}/pid;
    error_log ${folder}/error.log;
    events {}
    http {
      access_log off;
      include ${TYPES};
      default_type application/octet-stream;
      ${temporary.join('\n')}
      include ${folder}/server.conf;
    }`);
  const nginx = spawn(program, ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log'), '-g', 'daemon off;']);
  const ended = new Promise((resolve) => nginx.once('exit', resolve));
  let said = '';
  nginx.stderr.on('data', (text) => (said += text));
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    nginx.kill('SIGQUIT');
    await ended;
    await rm(folder, { recursive: true });
  };
  for (let tries = 0; !(await fetch(url).catch(() => null)); tries++) {
    if (tries === 50 || nginx.exitCode !== null) {
      await stop();
      throw new Error(`nginx does not answer: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url, assets: await readdir(join(DIST, 'assets')), stop };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
