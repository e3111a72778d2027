// The app without a network, and its next version.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, equal, launch, offersModel, serveProject, WEB } from './lib.mjs';
import { accessible } from './accessible.mjs';
import { answered, ask, load, loaded, openChat, set, visit } from './chat_page.mjs';
import { serve } from './server.mjs';

/** As hosts that name no `index.html` in their addresses, and send whoever asks for it on. */
function shortNames(next) {
  return (request, response) => {
    if (request.url !== '/index.html') return next(request, response);
    response.writeHead(308, { Location: '/' }).end();
    return true;
  };
}

export default {
  async 'it starts without a network after the first visit, and updates when it is asked to'() {
    const folder = await mkdtemp(join(tmpdir(), 'rullama-app-'));
    const browser = await launch([], { serviceWorkers: 'allow' });
    const staysAtHome = watch(browser);
    let server;
    try {
      await cp(join(WEB, 'dist'), folder, { recursive: true });
      server = await serve({ '/': `${folder}/` }, shortNames(offersModel()), '/');
      const page = await browser.newPage();
      await openChat(page, server, 'none');
      await page.evaluate(() => navigator.serviceWorker.ready);
      await page.waitForFunction(() => navigator.serviceWorker.controller);

      await browser.context.setOffline(true);
      await openChat(page, server, 'none');
      await visit(page, 'model');
      await page.locator('#choose-demo').click();
      await page.locator('#load:enabled').waitFor();
      equal(await page.locator('#plan-title').textContent(), 'rullama demo', 'the demo model, from what was kept');
      await browser.context.setOffline(false);
      const other = await browser.newPage();
      await openChat(other, server, 'none');
      await other.locator('#message').fill('half a question');
      await other.evaluate(() => (document.body.dataset.stays = 'yes'));

      // Another version: one file more differs.
      const script = join(folder, 'service_worker.js');
      const next = (await readFile(script, 'utf8')).replace(/\$\{"[0-9a-f]{16}"\}/, '${"the next version"}');
      ensure(next.includes('the next version'), 'the version was not found in the service worker');
      await writeFile(script, next);
      const index = join(folder, 'index.html');
      await writeFile(index, (await readFile(index, 'utf8')).replace('<body>', '<body data-version="next">'));
      await page.evaluate(async () => {
        document.body.dataset.stays = 'yes';
        await (await navigator.serviceWorker.getRegistration()).update();
      });
      await page.locator('.update button').waitFor();
      equal(await page.evaluate(() => document.body.dataset.stays), 'yes', 'whether the page was left alone');
      equal(await page.evaluate(() => document.body.dataset.version), undefined, 'version before the update');
      await accessible(page, 'an update');
      await page.locator('.update button').click();
      await page.waitForFunction(() => document.body?.dataset.version === 'next');
      // The other tab is told, and left to its user.
      await other.locator('#replaced button').waitFor();
      equal(await other.evaluate(() => document.body.dataset.stays), 'yes', 'whether the other tab was left alone');
      equal(await other.locator('.update').count(), 0, 'offers to the other tab to update once more');
      await accessible(other, 'a tab whose version was replaced');
      await other.locator('#replaced button').click();
      await other.waitForFunction(() => document.body?.dataset.version === 'next' && document.querySelector('#message')?.value);
      equal(await other.locator('#message').inputValue(), 'half a question', 'the draft after the reload');
      equal(await other.locator('#replaced').count(), 0, 'notices after the reload');
      const caches = await page.evaluate(() => window.caches.keys());
      equal(caches, ['rullama-app-the next version'], 'what is kept after the update');
      staysAtHome(server);
      equal(browser.complaints.filter((line) => !line.includes('ERR_INTERNET_DISCONNECTED')), [], 'console errors');
    } finally {
      await browser.close();
      await server?.close();
      await rm(folder, { recursive: true });
    }
  },

  async 'it can be installed'({ page, server }) {
    const cdp = await page.context().newCDPSession(page);
    const obstacles = async (path) => {
      await page.goto(server.url + path);
      const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
      return installabilityErrors.map(({ errorId }) => errorId);
    };
    equal(await obstacles('/blank.html'), ['no-manifest'], 'what keeps a page without a manifest from being installed');
    equal(await obstacles('/'), [], 'what keeps the app from being installed');
  },

  async 'a stored model loads without a network, and answers'() {
    const browser = await launch([], { serviceWorkers: 'allow' });
    const staysAtHome = watch(browser);
    const server = await serveProject();
    try {
      const page = await browser.newPage();
      await openChat(page, server, 'none');
      await page.waitForFunction(() => navigator.serviceWorker.controller);
      await visit(page, 'model');
      const small = page.locator('[data-model="gemma4:small"]');
      await small.getByRole('button', { name: 'Download' }).click();
      await small.getByRole('button', { name: 'Delete gemma4:small' }).waitFor();

      await browser.context.setOffline(true);
      // What the browser itself asks for, such as the service worker's next version, goes out all the same.
      await server.close();
      await openChat(page, server, 'none');
      await visit(page, 'model');
      await small.getByRole('button', { name: 'Choose' }).click();
      await load(page);
      await loaded(page, 'gemma4:small');
      await visit(page, 'chat');
      await set(page, { max_tokens: 3 });
      await ask(page, 'Hi');
      await answered(page, 1);
      equal(await page.locator('[data-code]').count(), 0, 'errors shown');
      staysAtHome(server);
    } finally {
      await browser.close();
      await server.close();
    }
  },

  async 'it lives in a folder of a server as well, also without a network'() {
    const browser = await launch([], { serviceWorkers: 'allow' });
    const folder = '/some/folder/';
    const server = await serve({ [folder]: join(WEB, 'dist') }, () => false, folder);
    try {
      const origin = server.url + folder.slice(0, -1);
      const page = await browser.newPage();
      const plans = async () => {
        await openChat(page, server, 'none', { origin });
        await visit(page, 'model');
        await page.locator('#choose-demo').click();
        await page.locator('#load:enabled').waitFor();
        await page.locator('#plan-title', { hasText: 'rullama demo' }).waitFor();
      };
      await plans();
      await page.waitForFunction(() => navigator.serviceWorker.controller);
      const { scope, sheets } = await page.evaluate(async () => ({
        scope: (await navigator.serviceWorker.ready).scope,
        sheets: document.styleSheets.length,
      }));
      equal(scope, server.url + folder, 'what the service worker answers for');
      ensure(sheets > 0, 'the page has no style');
      await browser.context.setOffline(true);
      await plans();
      const outside = server.requests.filter(({ path, status }) => !path.startsWith(folder) || status >= 400);
      // A host of files has no list of models.
      equal(outside.filter(({ path }) => path !== `${folder}api/models`), [], 'requests outside of the folder, or refused');
      equal(browser.complaints.filter((line) => !/ERR_INTERNET_DISCONNECTED|404/.test(line)), [], 'console errors');
    } finally {
      await browser.close();
      await server.close();
    }
  },
};

/**
 * Watches what pages, workers and service workers ask for; chat.test.mjs does so without service workers. The check fails if anything
 * was asked of another host than `server`, or if nothing of a service worker was seen.
 */
function watch({ context }) {
  const asked = [];
  context.on('request', (request) => asked.push({ url: request.url(), isServiceWorkers: request.serviceWorker() !== null }));
  return (server) => {
    const kept = asked.filter(({ url, isServiceWorkers }) => isServiceWorkers && url.endsWith('.gguf'));
    ensure(kept.length > 0, `no request of a service worker was seen for the model: ${JSON.stringify(asked)}`);
    equal(asked.filter(({ url }) => /^https?:/.test(url) && !url.startsWith(server.url)), [], 'requests to other hosts');
  };
}
