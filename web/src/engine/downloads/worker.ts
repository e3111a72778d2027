// The worker of one download: takes the lock of its name, moves the bytes, and ends.
import init, { Sha256 } from '../wasm/rullama.js';
import { cancelled, RullamaError, SourceError } from '../errors.ts';
import { stored, type StoredModel } from '../stored.ts';
import type { FromWorker, PlainWanted, ToWorker } from './download.ts';
import { downloadLock } from './lock.ts';
import { PartialFile, storePartial } from './partial.ts';
import type { Progress } from './progress.ts';
import { freeBytes } from './space.ts';
import { transfer } from './transfer.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const stop = new AbortController();

scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data === 'stop') return stop.abort(cancelled());
  if (data === 'online') return void scope.dispatchEvent(new Event('online'));
  run(data.wanted, data.silenceSeconds).then(
    (model) => post({ stored: model }),
    (thrown: unknown) => post({ error: (stop.signal.aborted ? cancelled() : RullamaError.from(thrown)).toJSON() }),
  );
};

const post = (message: FromWorker) => scope.postMessage(message);

function run(wanted: PlainWanted, silenceSeconds: number): Promise<StoredModel> {
  const onProgress = (progress: Progress) => post({ progress });
  let hasWaited = false;
  const onWait = () => {
    hasWaited = true;
    onProgress({ done: 0, total: wanted.bytes ?? 0, bytesPerSecond: 0, secondsLeft: null, phase: 'waiting' });
  };
  return downloadLock(wanted.name, stop.signal, onWait, async () => {
    const there = await stored(wanted.name);
    // Another tab may just have brought it. Without a digest an old file of this address may not be what the server has today.
    if (there && (wanted.digest ? there.digest === wanted.digest : hasWaited && there.url === wanted.url)) return there;
    await init().catch((thrown: Error) => {
      const message = `the engine did not load (${thrown.message}); reload the page`;
      throw new SourceError({ code: 'WASM_FAILED', message });
    });
    const file = await PartialFile.open(wanted.name);
    let digest: string;
    try {
      digest = await transfer(wanted, file, {
        fetch: (url, request) => fetch(url, request),
        newHash: () => new Sha256(),
        freeBytes,
        signal: stop.signal,
        silenceSeconds,
        onProgress,
      });
    } finally {
      await file.close();
    }
    return storePartial(wanted.name, { digest, url: wanted.url });
  });
}
