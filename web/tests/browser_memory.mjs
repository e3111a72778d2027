// What a test browser's processes hold of the machine's memory, on Linux.
//
// A process counts with its proportional set size: what it shares with others counts in parts. Pages of files (code, mostly) are
// told apart from own ones, since any other Chromium on the machine shares them: when that one ends they seem to become more.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const SAMPLE_MS = 100;

/** Whether this system tells. */
export const tellsMemory = () => existsSync('/proc/self/smaps_rollup');

/** By process: its kind, and the bytes of its own pages and of those of files. */
export async function memoryOf({ profile }, onRepeat = () => {}) {
  for (;;) {
    const pids = await processesOf(profile);
    const processes = new Map();
    for (const [id, pid] of pids) {
      const rollup = await readOf(pid, 'smaps_rollup');
      const bytes = (name) => 1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
      const own = bytes('Pss_Anon') + bytes('Pss_Shmem');
      processes.set(id, { kind: kindOf(await readOf(pid, 'cmdline')), own, files: bytes('Pss_File') });
    }
    // Where one has forked meanwhile, what it shares with its child would be counted in full and then in part again.
    const after = await processesOf(profile);
    if (after.size === pids.size && [...after.keys()].every((id) => pids.has(id))) return processes;
    onRepeat();
  }
}

/** Bytes of all processes together. */
export function total(processes, pages = ['own', 'files']) {
  return [...processes.values()].reduce((sum, process) => pages.reduce((sum, of) => sum + process[of], sum), 0);
}

/**
 * Samples some ten times a second while `work` goes on. Returns its outcome, the sample in which `pages` had most bytes, every
 * process that was seen, the last sample, and how many were repeated.
 */
export async function watched(browser, pages, work) {
  let [peak, last, repeated, going] = [null, null, 0, true];
  const seen = new Map();
  const sampling = (async () => {
    do {
      last = await memoryOf(browser, () => repeated++);
      for (const [id, { kind }] of last) seen.set(id, kind);
      if (!peak || total(last, pages) > total(peak, pages)) peak = last;
      await wait(SAMPLE_MS);
    } while (going);
  })();
  try {
    return { outcome: await work(), peak, seen, last, repeated };
  } finally {
    going = false;
    await sampling;
  }
}

function kindOf(commandLine) {
  const value = (name) => new RegExp(`--${name}=([\\w-]+)`).exec(commandLine)?.[1];
  return value('utility-sub-type') ?? value('type') ?? 'browser';
}

const readOf = (pid, name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');

/** The numbers of the browser's process and its descendants, by number and time of start: numbers come again. */
async function processesOf(profile) {
  const all = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readOf(pid, 'stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.set(pid, { parent: fields[1], id: `${pid} ${fields[19]}` });
  }
  const roots = new Set();
  for (const pid of all.keys()) {
    if ((await readOf(pid, 'cmdline')).includes(`--user-data-dir=${profile}`)) roots.add(pid);
  }
  const isOurs = (pid) => all.has(pid) && (roots.has(pid) || isOurs(all.get(pid).parent));
  const ours = [...all.keys()].filter(isOurs);
  return new Map(ours.map((pid) => [all.get(pid).id, pid]));
}
