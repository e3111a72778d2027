// @ts-check
// The engine as a page sees it. The work is done in a dedicated worker, so the page never stalls.
import { RullamaError } from './error.js';

export { RullamaError };

/**
 * @typedef {{profile?: string, budget?: number}} DeviceOptions  a smaller device to pretend to be; bytes of GPU memory
 * @typedef {File | Blob | {url: string} | {opfs: string}} ModelSource  a picked file, an address, a stored file's name
 * @typedef {{done: number, total: number, name: string}} LoadProgress  bytes on the GPU, bytes in all, a tensor
 * @typedef {object} LoadOptions
 * @property {number} [context] tokens of the longest sequence
 * @property {number} [chunk] tokens of a prompt processed at once
 * @property {'f16' | 'f32' | 'q8'} [kv] type of the KV cache
 * @property {'auto' | 'resident' | 'streamed'} [per_layer_table] where the per-layer embedding table lives
 * @property {number} [budget] bytes of GPU memory for this model
 * @typedef {{role: string, content: string}} Message
 * @typedef {{messages: Message[], tools?: object[], enable_thinking?: boolean}} Conversation
 * @typedef {object} GenerateOptions
 * @property {number} [max_tokens]
 * @property {number} [temperature] 0 takes the most likely token each time
 * @property {number} [top_k]
 * @property {number} [top_p]
 * @property {number} [min_p]
 * @property {number} [repetition_penalty]
 * @property {number} [presence_penalty]
 * @property {number} [frequency_penalty]
 * @property {number} [penalty_window]
 * @property {[number, number][]} [logit_bias]
 * @property {number} [seed]
 * @property {string[]} [stop] texts that end the answer
 * @property {number[]} [stop_tokens] instead of the model's own
 * @property {boolean} [ignore_eos]
 * @property {'gemma' | 'raw'} [parse] whether thinking and tool calls are told from text
 * @typedef {{type: 'token', id: number} | {type: 'text', text: string} | {type: 'thinking', text: string}
 *   | {type: 'tool_call', [key: string]: any} | Finished} GenerateEvent
 * @typedef {object} Finished
 * @property {'finished'} type
 * @property {'stop' | 'stop_string' | 'length' | 'context_full' | 'cancelled' | 'tool_call'} reason
 * @property {{prompt_tokens: number, reused_tokens: number, generated_tokens: number}} usage
 * @property {{prompt_seconds: number, decode_seconds: number, first_token_seconds: number}} timings
 */

/** One engine: a worker with a GPU device and at most one loaded model with one session. */
export class Rullama {
  /** @type {Worker} */ #worker;
  /** @type {Map<number, Pending>} */ #pending = new Map();
  #lastId = 0;
  /** @type {RullamaError | null} */ #gone = null;

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message ?? 'its script did not load';
      this.#end(new RullamaError({ code: 'INTERNAL', message: `the engine's worker failed: ${reason}` }));
    };
  }

  /**
   * Starts the worker and opens the GPU.
   *
   * Rejects with `NO_WEBGPU`, `NO_ADAPTER`, `NO_DEVICE` or `UNKNOWN_PROFILE`.
   *
   * @param {DeviceOptions} [options]
   */
  static async start(options = {}) {
    const engine = new Rullama(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
    try {
      await engine.#call('open', { options });
    } catch (error) {
      engine.close();
      throw error;
    }
    return engine;
  }

  /** Name, limits and features of the GPU. */
  describe() {
    return this.#call('describe');
  }

  /**
   * Loads a model in place of the one before; returns its name, size and memory plan.
   *
   * Rejects with `CANCELLED` when `signal` is aborted, and with the errors of the file, the plan and the device;
   * no model is loaded then, and the next attempt works.
   *
   * @param {ModelSource} source
   * @param {LoadOptions & {signal?: AbortSignal, onProgress?: (progress: LoadProgress) => void}} [options]
   */
  load(source, { signal, onProgress, ...options } = {}) {
    return this.#call('load', { source: portable(source), options }, { signal, onEvent: onProgress });
  }

  /** Frees the model's memory. */
  unload() {
    return this.#call('unload');
  }

  /**
   * The answer to a conversation or to token ids, event by event; the last one says how it ended. Aborting `signal`
   * ends the answer with the reason `cancelled`, and so does leaving the loop early.
   *
   * @param {Conversation | Uint32Array} input
   * @param {GenerateOptions & {signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<GenerateEvent, void, void>}
   */
  async *generate(input, { signal, ...options } = {}) {
    /** @type {GenerateEvent[]} */
    const events = [];
    let wake = () => {};
    const leave = new AbortController();
    const stop = () => leave.abort();
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    let ended = false;
    /** @param {GenerateEvent} event */
    const onEvent = (event) => {
      events.push(event);
      wake();
    };
    const answer = this.#call('generate', { input, options }, { signal: leave.signal, onEvent }).finally(() => {
      ended = true;
      wake();
    });
    // Whoever leaves early does not ask how it ended.
    answer.catch(() => {});
    try {
      while (!ended || events.length > 0) {
        const event = events.shift();
        if (event) yield event;
        else await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
      yield await answer;
    } finally {
      signal?.removeEventListener('abort', stop);
      leave.abort();
      await answer.catch(() => {});
    }
  }

  /** Forgets the conversation in the cache. */
  reset() {
    return this.#call('reset');
  }

  /** The memory ledger, with `line` for people and `linear_memory_bytes` of WebAssembly. */
  memory() {
    return this.#call('memory');
  }

  /** How often things were asked of the GPU: submits, dispatches, buffers, bytes. */
  counters() {
    return this.#call('counters');
  }

  /** Every buffer of the loaded model and its session, and bytes by account. */
  plan() {
    return this.#call('plan');
  }

  /** @param {string} text @returns {Promise<Uint32Array>} ids; nothing in the text is special */
  encode(text) {
    return this.#call('encode', { text });
  }

  /** @param {Uint32Array | number[]} ids @returns {Promise<string>} */
  decode(ids) {
    return this.#call('decode', { ids: Uint32Array.from(ids) });
  }

  /** @param {Conversation} conversation @returns {Promise<{text: string, ids: number[], opens_thinking: boolean}>} */
  render(conversation) {
    return this.#call('render', { conversation });
  }

  /**
   * Logits (positions, vocabulary) of ids from an empty sequence.
   *
   * @param {Uint32Array | number[]} ids
   * @param {'prompt' | 'decode'} [path]
   * @returns {Promise<Float32Array>}
   */
  logits(ids, path = 'prompt') {
    return this.#call('logits', { ids: Uint32Array.from(ids), path });
  }

  /**
   * Checks every kernel on this GPU; returns the number of cases.
   *
   * @param {(report: {kernel: string, case: string, passed: boolean, error: number, tolerance: number,
   *   message: string}) => void} onReport
   * @returns {Promise<number>}
   */
  checkKernels(onReport) {
    return this.#call('checkKernels', {}, { onEvent: onReport });
  }

  /** Ends the worker; everything on the GPU is given back. Calls under way reject with `CLOSED`. */
  close() {
    this.#end(new RullamaError({ code: 'CLOSED', message: 'the engine was closed; start a new one' }));
  }

  /** True when the worker has ended, by `close` or by a failure, so that a new engine must be started. */
  get closed() {
    return this.#gone !== null;
  }

  /**
   * @param {string} operation
   * @param {object} [argument]
   * @param {{signal?: AbortSignal, onEvent?: (event: any) => void}} [watch]
   * @returns {Promise<any>}
   */
  #call(operation, argument = {}, { signal, onEvent } = {}) {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const cancel = () => this.#worker.postMessage({ cancel: id });
      const release = () => signal?.removeEventListener('abort', cancel);
      this.#pending.set(id, { resolve, reject, onEvent, release });
      this.#worker.postMessage({ id, operation, argument });
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted) cancel();
    });
  }

  /** @param {any} message */
  #receive({ id, event, result, error, fatal }) {
    if (fatal) return this.#end(new RullamaError(fatal));
    const pending = this.#pending.get(id);
    if (!pending) return;
    if (event !== undefined) return pending.onEvent?.(event);
    this.#pending.delete(id);
    pending.release();
    if (error) pending.reject(new RullamaError(error));
    else pending.resolve(result);
  }

  /** @param {RullamaError} reason */
  #end(reason) {
    if (this.#gone) return;
    this.#gone = reason;
    this.#worker.terminate();
    for (const pending of this.#pending.values()) {
      pending.release();
      pending.reject(reason);
    }
    this.#pending.clear();
  }
}

/**
 * @typedef {object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: RullamaError) => void} reject
 * @property {((event: any) => void) | undefined} onEvent
 * @property {() => void} release
 */

/** @param {ModelSource} source */
function portable(source) {
  // The worker's own address is not the page's, so a relative address is made whole here.
  if (source instanceof Blob) return { file: source };
  return 'url' in source ? { url: new URL(source.url, document.baseURI).href } : source;
}
