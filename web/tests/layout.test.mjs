// What a reader's eye would notice: how soon the page is there, and that nothing jumps while an answer comes.
import { ensure, equal } from './lib.mjs';
import { modelUrl } from './golden.mjs';
import { answered, ask, openChat, set } from './chat_page.mjs';

// So low that the answer becomes longer than the window, and the page follows its end.
const WIDE = { width: 1200, height: 320 };
const PHONE = { width: 360, height: 420 };
/** What may take long to come, and what works once it is there. */
const LARGE = /\/assets\/(rullama_bg|worker|demo)-/;
const VISITS = 5;
/** What the page waits for before it is painted, uncompressed; unit tests bound it compressed. */
const BLOCKING_BYTES_MAX = 400_000;
/** Calls of functions before the first paint, twice what they are: a second is some millions. */
const CALLS_MAX = 16_000;
const TOKENS = 64;

export default {
  // How soon it comes is said here. What makes it so on any machine is tested: it waits for page, code and style of so many bytes, for
  // so much work, and for nothing else, be it a file, a timer or the engine.
  async 'the first paint waits for no engine and no model'({ browser, server }) {
    const times = [];
    for (let visit = 0; visit < VISITS; visit++) {
      const page = await browser.newPage();
      await page.goto(server.url);
      times.push(await page.evaluate(firstPaint));
      await page.close();
    }
    const median = times.toSorted((a, b) => a - b)[VISITS >> 1];
    console.error(`first contentful paint: ${times.map((time) => `${time.toFixed(0)} ms`).join(', ')}; median ${median.toFixed(0)} ms`);
    const page = await browser.newPage();
    await page.route(LARGE, () => {}); // never answered
    const held = page.waitForRequest(LARGE);
    const answered = [];
    page.on('response', (response) => answered.push(response));
    // For this page time stands still: no timer ends.
    await page.addInitScript(() => {
      for (const name of ['setTimeout', 'setInterval', 'requestIdleCallback']) globalThis[name] = () => 0;
    });
    const profiler = await page.context().newCDPSession(page);
    await profiler.send('Profiler.enable');
    await profiler.send('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await page.goto(server.url, { waitUntil: 'commit' });
    const never = new Promise((_, reject) => setTimeout(() => reject(new Error('nothing was painted within half a minute, without timers')), 30_000));
    await Promise.race([page.evaluate(firstPaint), never]);
    const { result } = await profiler.send('Profiler.takePreciseCoverage');
    ensure(await page.getByRole('button', { name: 'New chat' }).isVisible(), 'what is painted is the app');
    const type = (response) => response.request().resourceType();
    const needed = answered.filter((response) => ['document', 'script', 'stylesheet', 'font'].includes(type(response)));
    equal(needed.map(type).sort(), ['document', 'script', 'stylesheet'], 'what was answered by the first paint');
    const sizes = await Promise.all(needed.map(async (response) => (await response.body()).length));
    const bytes = sizes.reduce((a, b) => a + b);
    console.error(`the first paint waits for ${needed.length} files of ${bytes} bytes, uncompressed`);
    ensure(bytes < BLOCKING_BYTES_MAX, `the first paint waits for ${bytes} bytes, more than ${BLOCKING_BYTES_MAX}`);
    const calls = result.flatMap(({ functions }) => functions).reduce((sum, { ranges }) => sum + ranges[0].count, 0);
    console.error(`${calls} functions are called by the first paint`);
    ensure(calls > 0 && calls < CALLS_MAX, `${calls} functions are called by the first paint, more than ${CALLS_MAX}`);
    await held;
    await page.close();
  },

  'nothing jumps while an answer comes': (test) => stable(test, WIDE),
  'nothing jumps on a phone': (test) => stable(test, PHONE),
};

async function stable({ page, server }, size) {
  await page.setViewportSize(size);
  await openChat(page, server, modelUrl('tiny-dense-ple/ollama-q4_k_m'));
  await page.waitForFunction(() => document.querySelector('#state').textContent.includes('ollama-q4_k_m') && !document.querySelector('progress'));
  // Random weights that take the likeliest token talk without end.
  await set(page, { temperature: 0, max_tokens: TOKENS });
  await page.evaluate(watchShifts);
  // One line, since the field grows with what is written into it.
  await ask(page, 'Who are you?');
  await answered(page, 1);
  const isLonger = await page.locator('.area').evaluate((area) => area.scrollHeight > area.clientHeight);
  ensure(isLonger, 'the answer is no longer than the window, so nothing was followed');
  // The row of buttons comes with the end.
  await page.locator('[aria-label="Regenerate answer"]').waitFor();
  const { shifts, frames } = await page.evaluate(shiftsSeen);
  ensure(frames > 20, `only ${frames} frames were painted`);
  // Text that is set anew where it was, by less than a pixel, is no jump.
  const jumps = shifts.filter(({ moved }) => moved.some(([, from, to]) => JSON.stringify(from) !== JSON.stringify(to)));
  equal(jumps, [], `layout shifts at ${size.width} pixels`);
}

/** Runs in the page. */
function firstPaint() {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('nothing was painted for a minute')), 60_000);
    new PerformanceObserver((list) => {
      const [entry] = list.getEntriesByName('first-contentful-paint');
      if (entry) resolve(entry.startTime);
    }).observe({ type: 'paint', buffered: true });
  });
}

/** Runs in the page: notes layout shifts from now on, also those soon after a key, which metrics excuse. */
function watchShifts() {
  globalThis.watched?.observer.disconnect();
  const watched = (globalThis.watched = { shifts: [], frames: 0 });
  const describe = (node) => (node?.nodeType === 1 ? `${node.localName}.${node.className}` : (node?.nodeName ?? 'gone'));
  const note = ({ startTime, value, sources }) =>
    watched.shifts.push({
      startTime,
      value,
      moved: sources.map(({ node, previousRect, currentRect }) => [describe(node), previousRect.toJSON(), currentRect.toJSON()]),
    });
  watched.observer = new PerformanceObserver((list) => list.getEntries().forEach(note));
  watched.observer.observe({ type: 'layout-shift' });
  const count = () => {
    watched.frames += 1;
    if (globalThis.watched === watched) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
}

/** Runs in the page: what was noted up to now. A shift made on purpose says when all before it are known, and that any would be. */
async function shiftsSeen() {
  const { shifts, frames } = globalThis.watched;
  const now = performance.now();
  document.querySelector('main').style.paddingTop = '60px';
  while (!shifts.some(({ startTime }) => startTime >= now)) await new Promise(requestAnimationFrame);
  return { shifts: shifts.filter(({ startTime }) => startTime < now), frames };
}
