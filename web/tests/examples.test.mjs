// The examples, run as their readers would: in Node, without a bundler, and with one on the package as npm publishes it.
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { chromiumPath, ensure, equal, skip, WEB } from './lib.mjs';
import { serve } from './server.mjs';

const run = promisify(execFile);
const EXAMPLES = join(WEB, 'examples');

/** The software driver that Chromium brings along; Dawn in Node takes it as well. */
const DRIVER = process.env.VK_DRIVER_FILES ?? [dirname(realpathSync(chromiumPath())), '/usr/lib/chromium']
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find(existsSync);

export default {
  async 'Node on Dawn'() {
    if (!DRIVER) skip('Chromium has no vk_swiftshader_icd.json beside it; VK_DRIVER_FILES names a driver');
    const env = { ...process.env, VK_DRIVER_FILES: DRIVER, XDG_RUNTIME_DIR: tmpdir() };
    const { stdout } = await run('node', ['chat.mjs'], { cwd: join(EXAMPLES, 'node'), env });
    ensure(stdout.includes('demo model'), `it printed ${stdout}`);
  },

  async 'a page without a bundler'({ browser, page }) {
    const server = await serve({ '/': join(EXAMPLES, 'plain'), '/rullama/': WEB });
    try {
      await page.goto(`${server.url}/`);
      await page.locator('button:enabled').click();
      await page.waitForFunction(() => document.querySelector('button:enabled'));
      const answer = await page.locator('#answer').textContent();
      ensure(answer.includes('demo model'), `the answer is ${answer}`);
      equal(browser.complaints, [], 'complaints on the console');
    } finally {
      await server.close();
    }
  },

  async 'a page of a bundler, from the published files alone'({ browser, page }) {
    const folder = await mkdtemp(join(tmpdir(), 'rullama-bundler-'));
    let server;
    try {
      await cp(join(EXAMPLES, 'bundler'), folder, { recursive: true });
      await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: WEB });
      const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
      const installed = join(folder, 'node_modules/rullama');
      await mkdir(installed, { recursive: true });
      await run('tar', ['-xzf', join(folder, archive), '-C', installed, '--strip-components', '1']);
      await run('node', [join(WEB, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: folder });
      server = await serve({ '/': join(folder, 'dist') });
      await page.goto(`${server.url}/`);
      await page.locator('button:enabled').click();
      await page.waitForFunction(() => document.querySelector('#answer').textContent !== '');
      ensure((await page.locator('#answer').textContent()).includes('95'), await page.locator('#answer').textContent());
      equal(browser.complaints, [], 'complaints on the console');
    } finally {
      await server?.close();
      await rm(folder, { recursive: true });
    }
  },
};
