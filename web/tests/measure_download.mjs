// Measures what a download of 2 GB takes: `node tests/measure_download.mjs [GB] [MB/s]`, on Linux, from a server on this
// machine, as fast as it goes or at that pace.
//
// It is loaded twice, each time by a new browser. Chromium copies an answer into its memory as fast as it comes, however far
// the page is behind, unless the answer has `Cache-Control: no-store`: so that one shows what a download itself needs, and the
// other what Chromium's reading ahead adds.
import { setTimeout as wait } from 'node:timers/promises';
import { alone } from './alone.mjs';
import { BigAnswer } from './big_answer.mjs';
import { memoryOf, total, watched } from './browser_memory.mjs';

const SETTLE_MS = 3000;

const file = new BigAnswer('/file', Math.round((Number(process.argv[2]) || 2) * 1e9), 1e6 * Number(process.argv[3]) || Infinity);
for (const url of ['/file?no-store', '/file']) await measure(url);

async function measure(url) {
  const browser = await alone(file.answer);
  try {
    await wait(SETTLE_MS);
    const { bytes, digest } = file;
    const before = await memoryOf(browser);
    const load = () => browser.run(`
      const { download } = await import('/lib/engine/index.js');
      const start = performance.now();
      await download(${JSON.stringify({ url, name: 'big', bytes, digest })});
      return (performance.now() - start) / 1000;`);
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
