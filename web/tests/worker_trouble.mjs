// Trouble for the engine's worker: scripts that run before its own, and a GPU process that ends.

const WORKERS = /\/worker-[^/]*\.js$/;

/** Runs `first` in workers that start from now on, before their own script. */
export async function prepareWorkers({ context }, first) {
  await context.route(WORKERS, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: `(${first})(); ${await answer.text()}` });
  });
}

/** Ends the trouble of the page's worker. */
export const enough = (page) => page.evaluate(() => new BroadcastChannel('test').postMessage('enough'));

export const asBefore = ({ context }) => context.unroute(WORKERS);

/** Chromium's GPU process ends; its pages lose their devices, as when a driver is reset. */
export async function loseDevice(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Browser.crashGpuProcess');
  await session.detach();
}
