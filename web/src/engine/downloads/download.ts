// A download as its caller sees it. A worker of its own moves the bytes, so neither the page nor the engine waits for them.
import { cancelled, InternalError, RequestError, revive, type PlainError } from '../errors.ts';
import { whole } from '../sources.ts';
import { NOT_LOADED, started } from '../start_worker.ts';
import { checkedName, type StoredModel } from '../stored.ts';
import type { Progress } from './progress.ts';

/** A file to download, and the name to store it under. */
export interface Wanted {
  /** An address whose server answers Range requests, and allows this page's origin if it is another one. */
  url: string | URL;
  name: string;
  /** `sha256:` and 64 hexadecimal digits that the bytes must hash to. */
  digest?: string | null;
  /** Bytes of the file, where they are known; a file of another length is refused before it is loaded. */
  bytes?: number;
}

/** How to download. */
export interface DownloadOptions {
  /** Called some four times a second, and when the phase changes. */
  onProgress?: (progress: Progress) => void;
  /** Aborting it pauses: the call rejects with `CANCELLED`, and the next one goes on with what is there. */
  signal?: AbortSignal;
  /** Seconds without a byte after which a connection counts as lost and is made anew; 30 by default. */
  silenceSeconds?: number;
  /** Starts `rullama/downloads/worker`; for pages whose bundler or policy needs a say in it. */
  worker?: () => Worker;
}

/** From the page: what to load, then that the network is back, or that it is to stop. */
export type ToWorker = { wanted: PlainWanted; silenceSeconds: number } | 'online' | 'stop';
/** From the worker: progress, then how it ended. */
export type FromWorker = { progress: Progress } | { stored: StoredModel } | { error: PlainError };

/** A request that is checked and can be cloned. */
export interface PlainWanted {
  url: string;
  name: string;
  digest: string | null;
  bytes: number | null;
}

const SILENCE_SECONDS = 30;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Loads a file into the page's private file system, checks its sha256, and stores it as `{ opfs: name }`.
 *
 * What is there already is kept: after `signal`, a lost connection, a closed tab or a full disk the next call goes on where
 * the last one ended, unless the server's file has changed since. A file of the same name stays as it is until the new one
 * is complete and checked. What does not begin as a GGUF file does takes the place of nothing. Where another tab loads the same name, this call waits for it.
 *
 * Rejects with `CANCELLED`; `NETWORK` when the server refuses or cannot be reached after several attempts;
 * `BAD_FILE` when it sends something else than a GGUF file, such as a page to sign in; `WRONG_LENGTH`; `STORAGE_FULL`,
 * `NO_STORAGE` or `IN_USE`. When the digest is wrong and the server has a list of the digests of the file's blocks, as
 * `rullama serve` has (at the address with `.blocks` behind its path), only the blocks that are wrong are loaded again.
 * Without one the call rejects with `WRONG_DIGEST` and the bytes stay (`details.isKept`): the next call compares them with what
 * the server sends then, block by block, up to where the digest is right. They are deleted when the server has sent the same
 * bytes twice, so that it has another file, or knows no ranges.
 */
export async function download(wanted: Wanted, options: DownloadOptions = {}): Promise<StoredModel> {
  const plain = checked(wanted);
  const { onProgress, signal, silenceSeconds = SILENCE_SECONDS } = options;
  if (!(silenceSeconds > 0)) throw badOption('silenceSeconds', `${silenceSeconds} is no number of seconds above 0`);
  if (signal?.aborted) throw cancelled();
  askToKeep();
  const start = options.worker ?? (() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
  const worker = started(start);
  const stop = () => worker.postMessage('stop' satisfies ToWorker);
  // Not every browser tells workers.
  const online = () => worker.postMessage('online' satisfies ToWorker);
  try {
    return await new Promise<StoredModel>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if ('progress' in data) onProgress?.(data.progress);
        else if ('stored' in data) resolve(data.stored);
        else reject(revive(data.error));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        const message = `the worker that downloads failed: ${event.message ?? NOT_LOADED}`;
        reject(new InternalError({ code: 'INTERNAL', message }));
      };
      worker.postMessage({ wanted: plain, silenceSeconds } satisfies ToWorker);
      signal?.addEventListener('abort', stop);
      globalThis.addEventListener('online', online);
      if (signal?.aborted) stop();
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    globalThis.removeEventListener('online', online);
    worker.terminate();
  }
}

/**
 * Asks the browser to keep this page's files until the user deletes them; where it asks the user, nothing waits for the
 * answer. Workers cannot ask.
 */
function askToKeep() {
  const storage = navigator.storage as StorageManager & { persist?: () => Promise<boolean> };
  storage?.persist?.().catch(() => false);
}

function checked({ url, name, digest, bytes }: Wanted): PlainWanted {
  if (digest != null && !DIGEST.test(digest)) throw badOption('digest', `\`${digest}\` is not \`sha256:\` and 64 digits`);
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0)) throw badOption('bytes', `${bytes} is no size`);
  return { url: whole(url), name: checkedName(name), digest: digest ?? null, bytes: bytes ?? null };
}

function badOption(option: string, problem: string): RequestError {
  return new RequestError({ code: 'BAD_OPTION', message: `\`${option}\`: ${problem}`, details: { option } });
}
