// Measures what a download of 2 GB takes: `node tests/measure_download.mjs [GB] [MB/s]`, on Linux, from a server on this
// machine, as fast as it goes or at that pace.
//
// It is loaded twice, each time by a new browser. Chromium copies an answer into its garbage-collected heap as fast as it
// comes, however far the page is behind, unless the answer has `Cache-Control: no-store`: so that one shows what a download
// itself needs, and the other what Chromium's reading ahead adds.
import { setTimeout as wait } from 'node:timers/promises';
import { BigAnswer } from './big_answer.mjs';
import { memoryOf, total, watched } from './browser_memory.mjs';
import { launch, serveProject } from './lib.mjs';

const SETTLE_MS = 3000;

const file = new BigAnswer('/file', Math.round((Number(process.argv[2]) || 2) * 1e9), 1e6 * Number(process.argv[3]) || Infinity);
const server = await serveProject(file.answer);
try {
  for (const url of ['/file?no-store', '/file']) await measure(url);
} finally {
  await server.close();
}

async function measure(url) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/blank.html`);
    await wait(SETTLE_MS);
    const { bytes, digest } = file;
    const before = await memoryOf(browser);
    const load = () => page.evaluate(async ([url, bytes, digest]) => {
      const { download } = await import('/lib/engine/index.js');
      const start = performance.now();
      await download({ url, name: 'big', bytes, digest });
      return (performance.now() - start) / 1000;
    }, [url, bytes, digest]);
    const { outcome: seconds, peak, seen, last, repeated } = await watched(browser, ['own', 'files'], load);
    const absent = (there) => [...seen].filter(([id]) => !there.has(id)).map(([, kind]) => kind).join(', ') || 'none';
    console.log(
      `${url}: ${bytes} bytes in ${seconds.toFixed(1)} s (${Math.round(bytes / 1e6 / seconds)} MB/s), hashed and stored; ` +
        `memory ${mib(total(before))} MiB before, ${mib(total(peak))} MiB at most: ${mib(total(peak) - total(before))} MiB more`,
    );
    for (const kind of new Set([...before.values(), ...peak.values()].map(({ kind }) => kind))) {
      const [a, b] = [only(kind, before), only(kind, peak)];
      const change = (of) => `${mib(total(a, [of]))} to ${mib(total(b, [of]))} MiB`;
      console.log(`  ${kind}: ${a.size} to ${b.size} processes, own pages ${change('own')}, pages of files ${change('files')}`);
    }
    console.log(`  started meanwhile: ${absent(before)}; ended meanwhile: ${absent(last)}; samples repeated: ${repeated}`);
  } finally {
    await browser.close();
  }
}

function only(kind, processes) {
  return new Map([...processes].filter(([, process]) => process.kind === kind));
}

function mib(bytes) {
  return Math.round(bytes / (1 << 20));
}
