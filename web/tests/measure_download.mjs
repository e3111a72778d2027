// Measures what a download of 2 GB takes: `node tests/measure_download.mjs [GB]`, on Linux, from a server on this machine.
//
// Memory is the proportional set size of all of Chromium's processes, sampled ten times a second: before, and at its peak.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { launch, serveProject } from './lib.mjs';
import { noise } from './fickle_files.mjs';

const MIB = 1 << 20;
const SETTLE_MS = 3000;
const SAMPLE_MS = 100;

const bytes = Math.round((Number(process.argv[2]) || 2) * 1e9);
const block = noise(MIB, 'block');
const blocks = function* () {
  for (let left = bytes; left > 0; left -= MIB) yield block.subarray(0, Math.min(left, MIB));
};
const hash = createHash('sha256');
for (const piece of blocks()) hash.update(piece);
const digest = `sha256:${hash.digest('hex')}`;

const server = await serveProject((request, response) => {
  if (request.url !== '/file') return false;
  response.writeHead(206, { 'Content-Length': bytes, 'Content-Range': `bytes 0-${bytes - 1}/${bytes}`, ETag: '"1"' });
  const pieces = blocks();
  const more = () => {
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      if (!response.write(next.value)) return response.once('drain', more);
    }
    response.end();
  };
  more();
  return true;
});
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`${server.url}/blank.html`);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = await memory();
  let peak = before;
  const sampling = setInterval(async () => (peak = Math.max(peak, await memory())), SAMPLE_MS);
  const seconds = await page.evaluate(async ([bytes, digest]) => {
    const { download } = await import('/lib/engine/index.js');
    const start = performance.now();
    await download({ url: '/file', name: 'big', bytes, digest });
    return (performance.now() - start) / 1000;
  }, [bytes, digest]);
  clearInterval(sampling);
  const mib = (n) => Math.round(n / MIB);
  console.log(
    `${bytes} bytes in ${seconds.toFixed(1)} s (${Math.round(bytes / 1e6 / seconds)} MB/s), hashed and stored; ` +
      `memory ${mib(before)} MiB before, ${mib(peak)} MiB at most: ${mib(peak - before)} MiB more`,
  );
} finally {
  await browser.close();
  await server.close();
}

/** Bytes of this process's descendants, pages shared with others in parts. */
async function memory() {
  const parents = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    parents.set(pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  const isOurs = (pid) => pid !== undefined && pid !== '0' && (pid === String(process.pid) || isOurs(parents.get(pid)));
  let total = 0;
  for (const pid of parents.keys()) {
    if (pid === String(process.pid) || !isOurs(pid)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    total += 1024 * Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  }
  return total;
}
