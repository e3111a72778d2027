// The engine as its caller sees it. The work is done in a dedicated worker, so the page never stalls.
import { Completions } from './chat/completions.ts';
import { Client } from './client.ts';
import { cancelled, RequestError } from './errors.ts';
import { events } from './event_stream.ts';
import type { Abortable, Conversation, DeviceOptions, GenerateOptions, LoadOptions, PlanOptions, WorkerOptions } from './options.ts';
import type { Name, Argument, Port, Response } from './protocol.ts';
import type { CaseReport, DeviceDescription, Finished, GenerateEvent, LoadedModel, PlannedModel } from './reports.ts';
import { portable, type ModelSource } from './sources.ts';
import { NOT_LOADED, started } from './start_worker.ts';

/** One engine: a worker with a GPU device and at most one loaded model with one session. */
export class Rullama {
  readonly #client: Client;
  #loaded: LoadedModel | null = null;
  /** Counts loads and unloads that were sent: a model that was loaded is there only if nothing was asked for after it. */
  #changes = 0;

  /** OpenAI's interface: `engine.chat.completions.create({ messages, stream: true })`. */
  readonly chat: { readonly completions: Completions };

  /**
   * An engine at the other end of `port`, whose device is open; use `load` or `start`.
   *
   * @hidden
   */
  constructor(port: Port) {
    this.#client = new Client(port);
    this.#client.onError = ({ code }) => {
      // With its device the engine has given up the model.
      if (code === 'DEVICE_LOST') this.#loaded = null;
    };
    this.chat = {
      completions: new Completions({
        check: (input, options, signal) => this.#ask('checkRequest', { input, options }, signal && { signal }),
        generate: (input, options, signal) => events(this.#client, input, options, signal),
        model: () => this.#loaded?.name ?? 'gemma4',
      }),
    };
  }

  /**
   * Starts the worker, opens the GPU and loads a model. `budget` is what this model may take, in bytes of GPU memory; that of `start`
   * limits whatever the engine loads.
   *
   * Rejects with `CANCELLED` when `signal` is aborted, with a `DeviceError`, and as `engine.load` does.
   */
  static async load(source: ModelSource, options: LoadOptions & DeviceOptions & WorkerOptions = {}): Promise<Rullama> {
    const { profile, worker, ...rest } = options;
    // What is no source needs no graphics card to say so.
    portable(source);
    const device = { ...(profile !== undefined && { profile }), ...(worker && { worker }) };
    const engine = await Rullama.start({ ...device, ...(rest.signal && { signal: rest.signal }) });
    try {
      await engine.load(source, rest);
      return engine;
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  /**
   * Starts the worker and opens the GPU, without a model: to plan before loading.
   *
   * Rejects with a `DeviceError`, such as `NO_WEBGPU` or `NO_ADAPTER`, or `UNKNOWN_PROFILE`.
   */
  static async start({ worker, signal, ...options }: DeviceOptions & WorkerOptions & Abortable = {}): Promise<Rullama> {
    const start = worker ?? (() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
    const engine = new Rullama(workerPort(started(start)));
    try {
      await engine.#client.call('open', options, { signal });
      return engine;
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  /** The loaded model, if there is one; none once an error has said that the device is lost. */
  get model(): LoadedModel | null {
    return this.closed ? null : this.#loaded;
  }

  /**
   * Loads a model in place of the one before; returns its name, size and memory plan.
   *
   * Rejects with `CANCELLED`, a `ModelError`, `SourceError`, `MemoryError` or `DeviceError`; no model is loaded then,
   * everything on the GPU is given back, and the next attempt works. A call that never reaches the engine, because `signal` is
   * aborted already or `source` is none, leaves the model before where it is.
   */
  async load(source: ModelSource, { signal, onProgress, ...options }: LoadOptions = {}): Promise<LoadedModel> {
    const argument = { source: portable(source), options };
    const { answer, sent } = this.#client.begin('load', argument, { signal, onEvent: onProgress });
    const change = sent ? this.#replace() : 0;
    const loaded = await answer;
    if (change === this.#changes) this.#loaded = loaded;
    return loaded;
  }

  /**
   * What loading a model would take on this device, without loading it: every buffer, and bytes by account.
   *
   * Rejects with `OVER_BUDGET`, whose details are `needed`, `budget` and `context`, and as `load` does.
   */
  async plan(source: ModelSource, { signal, ...options }: PlanOptions & Abortable = {}): Promise<PlannedModel> {
    return this.#client.call('planSource', { source: portable(source), options }, { signal });
  }

  /** Frees the model's memory, after what is under way. Aborting ends the waiting; the memory is freed all the same. */
  async unload({ signal }: Abortable = {}): Promise<void> {
    const isAborted = signal?.aborted ?? false;
    const { answer, sent } = this.#client.begin('unload', null, isAborted ? {} : { signal });
    if (sent) this.#replace();
    if (isAborted) {
      // Nobody waits for how it ends.
      answer.catch(() => {});
      throw cancelled();
    }
    await answer;
  }

  /** The token ids of a text, in which nothing is special, or of a conversation as the model reads it. */
  async tokenize(input: string | Conversation, options: Abortable = {}): Promise<Uint32Array> {
    if (typeof input === 'string') return this.#ask('encode', input, options);
    return Uint32Array.from((await this.#ask('render', input, options)).ids);
  }

  /** The text of ids. */
  async detokenize(ids: Uint32Array | number[], options: Abortable = {}): Promise<string> {
    return this.#ask('decode', tokenIds(ids), options);
  }

  /** The memory ledger. It answers during a step as well. */
  memory(options: Abortable = {}) {
    return this.#ask('memory', null, options);
  }

  /** Name, limits and features of the GPU. */
  describe(options: Abortable = {}): Promise<DeviceDescription> {
    return this.#ask('describe', null, options);
  }

  /** How often things were asked of the GPU since it was opened: submits, dispatches, buffers, bytes. */
  counters(options: Abortable = {}) {
    return this.#ask('counters', null, options);
  }

  /**
   * The conversation in the cache as bytes, to go on with in another visit. The first time reads the whole file.
   *
   * Aborting ends the waiting, with `CANCELLED`; the bytes are made all the same, and what is asked for next waits for that.
   */
  saveState(options: Abortable = {}): Promise<Uint8Array> {
    return this.#ask('save', null, options);
  }

  /**
   * Puts a saved conversation in the place of the one in the cache.
   *
   * Rejects with `OTHER_MODEL` or `BAD_STATE` for a state of another model, context length or KV type. Aborting ends the waiting,
   * with `CANCELLED`; unless `signal` was aborted before the call, the state is restored all the same.
   */
  restoreState(state: Uint8Array, options: Abortable = {}): Promise<void> {
    return this.#ask('restore', state, options);
  }

  /** Forgets the conversation in the cache. */
  reset(options: Abortable = {}): Promise<void> {
    return this.#ask('reset', null, options);
  }

  /**
   * The answer to a conversation or to token ids, token by token: below `chat.completions`, for who needs ids. The last
   * event says how it ended; aborting `signal` ends it with the reason `cancelled`, and throws `CANCELLED` if it has not begun.
   *
   * A slow reader holds the engine back, unless something else waits for the end of this answer.
   */
  generate(
    input: Conversation | Uint32Array,
    { signal, ...options }: GenerateOptions & Abortable = {},
  ): AsyncGenerator<GenerateEvent | Finished, void, void> {
    return events(this.#client, input, options, signal);
  }

  /** Logits (positions, vocabulary) of ids from an empty sequence, on the path of prompts or of single tokens. */
  async logits(ids: Uint32Array | number[], path: 'prompt' | 'decode' = 'prompt', options: Abortable = {}): Promise<Float32Array> {
    return this.#ask('logits', { ids: tokenIds(ids), path }, options);
  }

  /**
   * Checks every kernel on this GPU; returns the number of cases. A case that fails is reported, not thrown.
   *
   * A check that is `brief` runs the largest case of those whose shaders are of the same files and differ in shapes only, in a
   * fraction of the time.
   *
   * Aborting rejects at once with `CANCELLED`; the case under way is finished, and none follows it.
   */
  checkKernels(
    onReport: (report: CaseReport) => void,
    { brief = false, signal }: Abortable & { brief?: boolean } = {},
  ): Promise<number> {
    return this.#client.call('checkKernels', brief, { signal, onEvent: onReport });
  }

  /** Ends the worker; everything on the GPU is given back. Calls under way reject with `CLOSED`. */
  dispose(): void {
    this.#client.end();
  }

  /** True when the worker has ended, by `dispose` or by a failure, so that a new engine must be started. */
  get closed(): boolean {
    return this.#client.gone !== null;
  }

  /** The model before goes; returns which change this is. */
  #replace(): number {
    this.#loaded = null;
    return ++this.#changes;
  }

  #ask<N extends Name>(operation: N, argument: Argument<N>, { signal }: Abortable = {}) {
    return this.#client.call(operation, argument, { signal });
  }
}

/** Ids as the engine takes them. A `Uint32Array` would make another id of what is none. */
function tokenIds(ids: Uint32Array | number[]): Uint32Array {
  const taken = Uint32Array.from(ids ?? [NaN]);
  const at = taken.findIndex((id, n) => id !== ids?.[n]);
  if (at === -1) return taken;
  const message = `\`ids[${at}]\` is ${ids?.[at]}; a token id is a whole number from 0 to ${2 ** 32 - 1}`;
  throw new RequestError({ code: 'BAD_OPTION', message, details: { option: 'ids', at } });
}

function workerPort(worker: Worker): Port {
  const port: Port = {
    send: (message) => worker.postMessage(message),
    close: () => worker.terminate(),
    onResponse: () => {},
    onFailure: () => {},
  };
  worker.onmessage = ({ data }: MessageEvent<Response>) => port.onResponse(data);
  worker.onerror = (event) => {
    event.preventDefault();
    port.onFailure(event.message ?? NOT_LOADED);
  };
  return port;
}
