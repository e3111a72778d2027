// Measures what a download of 2 GB takes: `node tests/measure_download.mjs [GB] [MB/s]`, on Linux, from a server on this
// machine, as fast as it goes or at that pace.
//
// It is loaded twice, each time by a new browser. Chromium copies an answer into its garbage-collected heap as fast as it
// comes, however far the page is behind, unless the answer has `Cache-Control: no-store`: so that one shows what a download
// itself needs, and the other what Chromium's reading ahead adds.
//
// Memory is the proportional set size of all of Chromium's processes, sampled some ten times a second: before, and at its
// peak. Pages of files (code, mostly) are told apart from own ones, since any other Chromium on the machine shares them:
// when that one ends they seem to become more.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { launch, serveProject } from './lib.mjs';
import { noise } from './fickle_files.mjs';

const MIB = 1 << 20;
const SETTLE_MS = 3000;
const SAMPLE_MS = 100;

const bytes = Math.round((Number(process.argv[2]) || 2) * 1e9);
const bytesPerSecond = 1e6 * Number(process.argv[3]) || Infinity;
const block = noise(MIB, 'block');
const blocks = function* () {
  for (let left = bytes; left > 0; left -= MIB) yield block.subarray(0, Math.min(left, MIB));
};
const hash = createHash('sha256');
for (const piece of blocks()) hash.update(piece);
const digest = `sha256:${hash.digest('hex')}`;

const server = await serveProject((request, response) => {
  if (!request.url.startsWith('/file')) return false;
  const caching = request.url.endsWith('no-store') ? { 'Cache-Control': 'no-store' } : {};
  const range = { 'Content-Length': bytes, 'Content-Range': `bytes 0-${bytes - 1}/${bytes}`, ETag: '"1"' };
  response.writeHead(206, { ...range, ...caching });
  send(response);
  return true;
});
try {
  for (const url of ['/file?no-store', '/file']) await measure(url);
} finally {
  await server.close();
}

async function send(response) {
  const start = performance.now();
  let sent = 0;
  for (const piece of blocks()) {
    if (!response.write(piece)) await once(response, 'drain');
    sent += piece.length;
    const early = (1000 * sent) / bytesPerSecond - (performance.now() - start);
    if (early > 0) await wait(early);
  }
  response.end();
}

async function measure(url) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/blank.html`);
    await wait(SETTLE_MS);
    const before = await sample();
    let [peak, last, repeated] = [before, before, 0];
    const kinds = new Map([...before].map(([id, { kind }]) => [id, kind]));
    let loading = true;
    const sampling = (async () => {
      for (; loading; await wait(SAMPLE_MS)) {
        last = await sample(() => repeated++);
        for (const [id, { kind }] of last) kinds.set(id, kind);
        if (total(last) > total(peak)) peak = last;
      }
    })();
    const seconds = await page.evaluate(async ([url, bytes, digest]) => {
      const { download } = await import('/lib/engine/index.js');
      const start = performance.now();
      await download({ url, name: 'big', bytes, digest });
      return (performance.now() - start) / 1000;
    }, [url, bytes, digest]);
    loading = false;
    await sampling;
    const absent = (there) => [...kinds].filter(([id]) => !there.has(id)).map(([, kind]) => kind).join(', ') || 'none';
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

function total(processes, pages = ['own', 'files']) {
  return [...processes.values()].reduce((sum, process) => pages.reduce((sum, of) => sum + process[of], sum), 0);
}

function mib(bytes) {
  return Math.round(bytes / MIB);
}

/** The kind of each of this process's descendants and the bytes of its pages, those shared with others in parts. */
async function sample(onRepeat = () => {}) {
  for (;;) {
    const pids = await descendants();
    const processes = new Map();
    for (const [id, pid] of pids) {
      const read = (name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const rollup = await read('smaps_rollup');
      const bytes = (name) => 1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
      const own = bytes('Pss_Anon') + bytes('Pss_Shmem');
      processes.set(id, { kind: kindOf(await read('cmdline')), own, files: bytes('Pss_File') });
    }
    // Where one has forked meanwhile, what it shares with its child would be counted in full and then in part again.
    const after = await descendants();
    if (after.size === pids.size && [...after.keys()].every((id) => pids.has(id))) return processes;
    onRepeat();
  }
}

function kindOf(commandLine) {
  const value = (name) => new RegExp(`--${name}=([\\w-]+)`).exec(commandLine)?.[1];
  return value('utility-sub-type') ?? value('type') ?? 'browser';
}

/** The numbers of this process's descendants, by number and time of start: numbers come again. */
async function descendants() {
  const all = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.set(pid, { parent: fields[1], id: `${pid} ${fields[19]}` });
  }
  const isOurs = (pid) => all.has(pid) && (pid === String(process.pid) || isOurs(all.get(pid).parent));
  const ours = [...all.keys()].filter((pid) => pid !== String(process.pid) && isOurs(pid));
  return new Map(ours.map((pid) => [all.get(pid).id, pid]));
}
