// @ts-check
// The engine's side: WebAssembly and the GPU. Messages in: {id, operation, argument} and {cancel: id}; messages out:
// {id, event}, then {id, result} or {id, error}; {fatal} when nothing can be answered any more.
import init, { Cancel, checkKernels, Device, Model, Session, Source } from '../pkg/rullama.js';
import { RullamaError } from './error.js';
import { openStored } from './stored.js';

const wasm = init().catch((thrown) => {
  const cause = RullamaError.from(thrown).message;
  throw new RullamaError({ code: 'WASM_FAILED', message: `the engine did not load (${cause}); reload the page` });
});
// Each call meets the failure by itself.
wasm.catch(() => {});
/** @type {object} */ let deviceOptions = {};
/** @type {Device | null} */ let device = null;
/** @type {{model: Model, session: Session, source: Source} | null} */ let loaded = null;
/** @type {Map<number, Work>} */ const underWay = new Map();
/** Work that changes model or session is done in the order in which it was asked for. */
/** @type {Promise<unknown>} */ let turn = Promise.resolve();

/** What is under way for one message, and how to end it. */
class Work {
  /** @type {Cancel | null} There once WebAssembly is. */ cancel = null;
  /** @type {Source | null} Whose requests may have to be ended. */ source = null;
  isCancelled = false;
  /** Rejects when the work is cancelled: for waiting on what cannot be aborted. @type {Promise<never>} */ stopped;
  /** @type {(reason: RullamaError) => void} */ #stop = () => {};

  constructor() {
    this.stopped = new Promise((_, reject) => (this.#stop = reject));
    this.stopped.catch(() => {});
  }

  begin() {
    this.cancel = new Cancel();
    if (this.isCancelled) this.cancel.cancel();
    return this.cancel;
  }

  end() {
    this.isCancelled = true;
    this.cancel?.cancel();
    // A request that never comes back would keep the work from seeing the wish.
    this.source?.abort();
    this.#stop(new RullamaError({ code: 'CANCELLED', message: 'cancelled' }));
  }
}

/** @typedef {(argument: any, emit: (event: any) => void, work: Work) => any} Operation */

/** Answered at once, also while a step is under way. @type {Record<string, Operation>} */
const questions = {
  describe: () => opened().describe(),
  memory: () => opened().memory(),
  counters: () => opened().counters(),
  plan: () => model().model.plan(),
  encode: ({ text }) => model().model.encode(text),
  decode: ({ ids }) => model().model.decode(ids),
  render: ({ conversation }) => model().model.render(conversation),
};

/** One after the other. @type {Record<string, Operation>} */
const tasks = {
  async open({ options }) {
    deviceOptions = options;
    device = await Device.open(options);
  },

  async load({ source: place, options }, emit, work) {
    unload();
    // A lost device stays lost; a new one may work.
    const gpu = (device ??= await Device.open(deviceOptions));
    const source = await Promise.race([open(place), work.stopped]);
    work.source = source;
    let next = 0;
    const progress = (/** @type {number} */ done, /** @type {number} */ total, /** @type {string} */ name) => {
      // A hundred steps are as many as a bar can show.
      if (done < next && done < total) return;
      next = done + total / 100;
      emit({ done, total, name });
    };
    try {
      const model = await Model.load(gpu, source, options, work.begin(), progress);
      try {
        loaded = { model, session: await model.session(), source };
      } catch (error) {
        model.free();
        throw error;
      }
      const { name, file_bytes } = model.describe();
      return { name, file_bytes, plan: model.plan() };
    } catch (error) {
      source.free();
      work.source = null;
      throw error;
    }
  },

  unload: () => unload(),
  reset: () => model().session.reset(),

  generate({ input, options }, emit, work) {
    const { session, source } = model();
    work.source = source;
    return session.generate(input, options, work.begin(), emit);
  },

  logits: ({ ids, path }, _emit, work) => model().session.logits(ids, path, work.begin()),
  checkKernels: (_argument, emit) => checkKernels(opened(), emit),
};

self.onmessage = ({ data }) => {
  if (data.cancel !== undefined) return underWay.get(data.cancel)?.end();
  const { id, operation, argument } = data;
  const question = /** @type {Operation | undefined} */ (questions[operation]);
  const work = new Work();
  underWay.set(id, work);
  const run = async () => {
    await wasm;
    const emit = (/** @type {any} */ event) => self.postMessage({ id, event });
    return (question ?? tasks[operation])(argument, emit, work);
  };
  const answer = question ? run() : (turn = turn.then(run, run));
  answer.then(
    (result) => finish(id, { result }),
    (thrown) => finish(id, { error: failure(thrown) }),
  );
};

// A panic leaves WebAssembly in no state to go on with, and the call that met it would never answer.
self.addEventListener('error', (event) => die(event.error ?? event.message));
self.addEventListener('unhandledrejection', (event) => die(event.reason));

/** @param {unknown} thrown */
function die(thrown) {
  self.postMessage({ fatal: RullamaError.from(thrown).toJSON() });
}

/** @param {number} id @param {object} answer */
function finish(id, answer) {
  underWay.get(id)?.cancel?.free();
  underWay.delete(id);
  self.postMessage({ id, ...answer });
}

/** @param {unknown} thrown */
function failure(thrown) {
  const error = RullamaError.from(thrown);
  if (error.code === 'DEVICE_LOST') {
    unload();
    device?.free();
    device = null;
  }
  return error.toJSON();
}

function unload() {
  const old = loaded;
  loaded = null;
  old?.session.free();
  old?.model.free();
  old?.source.free();
}

function opened() {
  if (device) return device;
  throw new RullamaError({ code: 'DEVICE_LOST', message: 'there is no GPU device; load a model again' });
}

function model() {
  if (loaded) return loaded;
  throw new RullamaError({ code: 'NO_MODEL', message: 'no model is loaded; load one first' });
}

/** @param {{file?: Blob, url?: string, opfs?: string}} place @returns {Promise<Source>} */
async function open({ file, url, opfs }) {
  if (file) return Source.file(file);
  if (url !== undefined) return Source.url(url);
  const stored = await openStored(opfs ?? '');
  return stored instanceof Blob ? Source.file(stored) : Source.handle(stored);
}
