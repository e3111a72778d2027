// The dedicated worker: connects the engine to whoever started it.
import init, * as bindings from './wasm/rullama.js';
import { RullamaError, SourceError } from './errors.ts';
import { Host } from './host.ts';
import type { Request } from './protocol.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

const started = init().then(
  () => bindings,
  (thrown: unknown) => {
    const message = `the engine did not load (${RullamaError.from(thrown).message}); reload the page`;
    throw new SourceError({ code: 'WASM_FAILED', message });
  },
);
// Each call meets the failure by itself.
started.catch(() => {});

const host = new Host(started, (message, moved = []) => scope.postMessage(message, moved));
scope.onmessage = ({ data }: MessageEvent<Request>) => host.receive(data);

// A panic leaves WebAssembly in no state to go on with, and the call that met it would never answer.
scope.addEventListener('error', (event) => die(event.error ?? event.message));
scope.addEventListener('unhandledrejection', (event) => die(event.reason));

function die(thrown: unknown) {
  scope.postMessage({ fatal: RullamaError.from(thrown).toJSON() });
}
