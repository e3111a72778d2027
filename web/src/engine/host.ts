// The engine's side of the port: WebAssembly, the GPU, and at most one loaded model with one session.
import type { Cancel, Device, Model, Session, Source } from './wasm/rullama.js';
import { describeAdapter } from './adapter.ts';
import { cancelled, DeviceError, RequestError, RullamaError, SourceError } from './errors.ts';
import { openOllama } from './ollama.ts';
import type { Conversation, DeviceOptions, PlanOptions } from './options.ts';
import { EVENTS_AHEAD_MAX } from './protocol.ts';
import type { Argument, Event, Name, Request, Response, Result } from './protocol.ts';
import type { PortableSource } from './sources.ts';
import { openStored, storedFile } from './stored.ts';
import type { CaseReport, Tiers } from './reports.ts';
import { bestTiers, SIMPLEST } from './tiers.ts';

/** What the host uses of the generated module; tests give their own. */
export type Bindings = Pick<typeof import('./wasm/rullama.js'), 'Cancel' | 'Device' | 'Model' | 'ModelFile' | 'Source' | 'checkKernels'>;

/** Sends a message to the caller; what is in `moved` is the caller's from then on. */
type Post = (message: Response, moved?: ArrayBuffer[]) => void;
type Emit<N extends Name> = (event: Event<N>) => Promise<void> | undefined;
type Answer<N extends Name> = (argument: Argument<N>, emit: Emit<N>, work: Work) => Result<N> | Promise<Result<N>>;
type Answers = { [N in Name]: Answer<N> };

/** Answered at once, also while a step is under way; everything else in the order in which it was asked for. */
const QUESTIONS = new Set<Name>(['describe', 'memory', 'counters', 'plan', 'encode', 'decode', 'render', 'planSource']);
/** Once begun they end by themselves when they are cancelled; the others are answered for, and end when they end. */
const STOPPABLE = new Set<Name>(['load', 'generate', 'logits']);

/** What is under way for one call, and how to end it. */
class Work {
  /** There once WebAssembly is. */
  #cancel: Cancel | null = null;
  /** Whose requests may have to be ended. */
  source: Source | null = null;
  /** Rejects when the work is cancelled: for waiting on what cannot be ended. */
  readonly stopped: Promise<never>;
  #stop!: (reason: RullamaError) => void;
  #isCancelled = false;
  #untaken = 0;
  #room: (() => void) | null = null;

  constructor() {
    this.stopped = new Promise((_, reject) => (this.#stop = reject));
    this.stopped.catch(() => {});
  }

  begin(bindings: Bindings): Cancel {
    this.#cancel = new bindings.Cancel();
    if (this.#isCancelled) this.#cancel.cancel();
    return this.#cancel;
  }

  end() {
    this.#isCancelled = true;
    this.#cancel?.cancel();
    this.#stop(cancelled());
    // A reader who has left would keep the work from seeing the wish, and so would a request that never comes back.
    this.#room?.();
    this.source?.abort();
  }

  /** Throws once it is to end. */
  goOn() {
    if (this.#isCancelled) throw cancelled();
  }

  /** Notes an event that was sent; a promise when the reader has to catch up first, for whom others must not wait. */
  sent(isWaitedFor: boolean): Promise<void> | undefined {
    if (++this.#untaken < EVENTS_AHEAD_MAX || this.#isCancelled || isWaitedFor) return undefined;
    return new Promise((resolve) => (this.#room = resolve));
  }

  /** Goes on without the reader. */
  hurry() {
    this.#room?.();
  }

  taken(events: number) {
    this.#untaken -= events;
    if (this.#untaken < EVENTS_AHEAD_MAX) this.#room?.();
  }

  free() {
    this.#cancel?.free();
  }
}

export class Host {
  readonly #started: Promise<Bindings>;
  readonly #post: Post;
  #bindings!: Bindings;
  #options: DeviceOptions & { subgroups?: boolean; adapterName?: string | undefined } = {};
  #adapter: GPUAdapterInfo | undefined;
  #device: Device | null = null;
  /** So that two calls at once open one device. */
  #opening: Promise<Device> | null = null;
  /** Found out once, with the first model. */
  #best: Promise<Tiers> | null = null;
  #loaded: { model: Model; session: Session; source: Source } | null = null;
  readonly #underWay = new Map<number, Work>();
  /** Calls whose turn has not come. */
  #queued = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(started: Promise<Bindings>, post: Post) {
    this.#started = started;
    this.#post = post;
  }

  receive(message: Request) {
    if ('cancel' in message) return this.#underWay.get(message.cancel)?.end();
    if ('taken' in message) return this.#underWay.get(message.taken)?.taken(message.events);
    const { id, operation, argument } = message;
    const work = new Work();
    this.#underWay.set(id, work);
    let endsItself = false;
    const run = async () => {
      this.#bindings = await this.#started;
      const emit: Emit<Name> = (event) => {
        this.#post({ id, event });
        return operation === 'generate' ? work.sent(this.#queued > 0) : undefined;
      };
      return (this.#answers[operation] as Answer<Name>)(argument, emit, work);
    };
    const inTurn = () => {
      this.#queued -= 1;
      endsItself = STOPPABLE.has(operation);
      return run();
    };
    if (!QUESTIONS.has(operation)) {
      this.#queued += 1;
      // Who reads slowly, or has gone without a word, may wait for this very call.
      for (const other of this.#underWay.values()) other.hurry();
    }
    const done = QUESTIONS.has(operation) ? run() : (this.#turn = this.#turn.then(inTurn, inTurn));
    const stopped = work.stopped.catch((reason: RullamaError) => (endsItself ? done : Promise.reject(reason)));
    (Promise.race([done, stopped]) as Promise<Result<Name>>)
      .then(
        // A saved state may be large, and there need not be two of it.
        (result) => this.#post({ id, result }, ArrayBuffer.isView(result) ? [result.buffer as ArrayBuffer] : []),
        (thrown: unknown) => this.#post({ id, error: this.#failure(thrown).toJSON() }),
      )
      .finally(() => this.#underWay.delete(id));
    const free = () => work.free();
    done.then(free, free);
  }

  readonly #answers: Answers = {
    open: async (options) => {
      const adapter = await describeAdapter();
      this.#adapter = adapter.info;
      this.#options = { ...options, ...adapter.options };
      this.#device = (await this.#bindings.Device.open(this.#options)) as Device;
      return this.#device.describe();
    },
    describe: () => this.#opened().describe(),
    memory: () => this.#opened().memory(),
    counters: () => this.#opened().counters(),
    plan: () => this.#model().model.plan(),
    encode: (text) => this.#model().model.encode(text),
    decode: (ids) => this.#model().model.decode(ids),
    render: (conversation) => this.#model().model.render(conversation),

    planSource: async ({ source: place, options }, _emit, work) => {
      // A model whose plan is looked at can be deleted meanwhile.
      const read: PortableSource = place.kind === 'opfs' ? { kind: 'file', file: await storedFile(place.name) } : place;
      const source = await this.#source(read, work);
      try {
        const file = await this.#bindings.ModelFile.open(source);
        try {
          const { name, architecture, file_bytes } = file.describe();
          const tiers = await this.#tiers(options);
          const device = await this.#usable();
          // The model would take the place of the loaded one, so all of the device's budget is there for it.
          const budget = Math.min(options.budget ?? Infinity, device.memory().budget_bytes ?? Infinity);
          const limited = budget < Infinity ? { ...options, budget } : options;
          // The tiers that it would be loaded with have buffers of their own.
          return { name, architecture, file_bytes, plan: file.plan(device, { ...limited, ...tiers }) };
        } finally {
          file.free();
        }
      } finally {
        work.source = null;
        source.free();
      }
    },

    load: async ({ source: place, options }, emit, work) => {
      this.#unload();
      work.goOn();
      const tiers = await this.#tiers(options);
      const source = await this.#source(place, work);
      let next = 0;
      const progress = (done: number, total: number, name: string) => {
        // A hundred steps are as many as a bar can show.
        if (done < next && done < total) return;
        next = done + total / 100;
        emit({ done, total, name });
      };
      try {
        // Meanwhile the device may have been lost, and given up when somebody asked for its memory.
        const device = await this.#usable();
        const model = (await this.#bindings.Model.load(device, source, { ...options, ...tiers }, work.begin(this.#bindings), progress)) as Model;
        let session: Session | null = null;
        try {
          session = (await model.session()) as Session;
          work.goOn();
          const { name, file_bytes } = model.describe();
          const loaded = { name, file_bytes, plan: model.plan(), tiers: { token: tiers.tokenTier, prompt: tiers.promptTier } };
          this.#loaded = { model, session, source };
          return loaded;
        } catch (error) {
          session?.free();
          model.free();
          throw error;
        }
      } catch (error) {
        source.free();
        work.source = null;
        throw error;
      }
    },

    unload: () => this.#unload(),
    reset: () => this.#model().session.reset(),

    generate: ({ input, options }, emit, work) => {
      const { model, session, source } = this.#model();
      work.source = source;
      return session.generate(prompt(model, input), options, work.begin(this.#bindings), emit);
    },

    checkRequest: async ({ input, options }, _emit, work) => {
      const { model, session } = this.#model();
      this.#opened();
      // An answer that was cancelled before it begins is looked at as any other, and then ends.
      const cancel = work.begin(this.#bindings);
      cancel.cancel();
      await session.generate(prompt(model, input), options, cancel, () => {});
    },

    logits: ({ ids, path }, _emit, work) => this.#model().session.logits(ids, path, work.begin(this.#bindings)),
    save: () => this.#model().session.save(),
    restore: (bytes) => this.#model().session.restore(bytes),
    checkKernels: (brief, emit, work) => {
      work.goOn();
      // What an observer throws ends the cases.
      const observe = (report: CaseReport) => {
        work.goOn();
        emit(report);
      };
      return this.#bindings.checkKernels(this.#opened(), brief, observe);
    },
  };

  /** The tiers that a load asks for, and the best of this adapter where it names none. */
  async #tiers({ tokenTier, promptTier }: PlanOptions) {
    if (tokenTier && promptTier) return { tokenTier, promptTier };
    const device = await this.#usable();
    const trial = (this.#best ??= bestTiers(device, this.#adapter));
    const best = await trial.catch(() => {
      // Loading goes on with what needs no trial, and says itself what is wrong with the device. The next load tries again.
      if (this.#best === trial) this.#best = null;
      return SIMPLEST;
    });
    return { tokenTier: tokenTier ?? best.token, promptTier: promptTier ?? best.prompt };
  }

  async #source(place: PortableSource, work: Work): Promise<Source> {
    const opening = open(this.#bindings, place, work);
    try {
      work.source = await Promise.race([opening, work.stopped]);
      return work.source;
    } catch (error) {
      // Whoever did not wait for it must not leave it open.
      opening.then((late) => late.free(), () => {});
      throw error;
    }
  }

  #failure(thrown: unknown): RullamaError {
    const error = RullamaError.from(thrown);
    if (error.code === 'DEVICE_LOST') this.#close();
    return error;
  }

  /** Gives up the device and what is on it. */
  #close() {
    this.#unload();
    this.#device?.free();
    this.#device = null;
  }

  #unload() {
    const old = this.#loaded;
    this.#loaded = null;
    // An answer may still wait for its reader, as when the device was lost meanwhile.
    for (const work of this.#underWay.values()) if (work.source === old?.source) work.source = null;
    old?.session.free();
    old?.model.free();
    old?.source.free();
  }

  /** Whether there is a device. It may have been lost while nothing was asked of it. */
  #alive(): boolean {
    if (this.#device?.isLost()) this.#close();
    return this.#device !== null;
  }

  /** The device, or a new one in the place of one that was lost. */
  async #usable(): Promise<Device> {
    if (this.#alive()) return this.#device!;
    this.#opening ??= this.#bindings.Device.open(this.#options) as Promise<Device>;
    try {
      return (this.#device = await this.#opening);
    } finally {
      this.#opening = null;
    }
  }

  #opened(): Device {
    if (this.#alive()) return this.#device!;
    throw new DeviceError({ code: 'DEVICE_LOST', message: 'there is no GPU device; load a model again' });
  }

  #model() {
    if (this.#loaded) return this.#loaded;
    throw new RequestError({ code: 'NO_MODEL', message: 'no model is loaded; load one first' });
  }
}

/** An answer that was begun goes on from the ids of its text, behind everything before it. */
function prompt(model: Model, input: Conversation | Uint32Array): Conversation | Uint32Array {
  if (input instanceof Uint32Array || !input.continue_final_message) return input;
  const begun = input.messages.at(-1);
  if (begun?.role !== 'assistant' || typeof begun.content !== 'string') {
    const message = '`continue_final_message` needs a last message of the assistant with text';
    throw new RequestError({ code: 'BAD_OPTION', message, details: { option: 'continue_final_message' } });
  }
  // Its thoughts are over by now.
  const before = model.render({ ...input, messages: input.messages.slice(0, -1), enable_thinking: false });
  return Uint32Array.from([...before.ids, ...model.encode(begun.content)]);
}

async function open({ Source }: Bindings, place: PortableSource, work: Work): Promise<Source> {
  switch (place.kind) {
    case 'file':
      return Source.file(place.file);
    case 'handle':
      return Source.file(await picked(place.handle));
    case 'ollama':
      return Source.file(await openOllama(place.directory, place.model));
    case 'url':
      return place.whole ? Source.file(await whole(place.url, work)) : ((await Source.url(place.url)) as Source);
    case 'opfs': {
      const stored = await openStored(place.name);
      return stored instanceof Blob ? Source.file(stored) : Source.handle(stored);
    }
  }
}

/** The file of a handle, which may have been moved or deleted since it was picked, or may not be read any more. */
async function picked(handle: FileSystemFileHandle): Promise<File> {
  return handle.getFile().catch((thrown: Error) => {
    const message = `the file \`${handle.name}\` cannot be read: ${thrown.message}; pick it again`;
    throw new SourceError({ code: 'READ_FAILED', message, details: { file: handle.name } });
  });
}

async function whole(url: string, work: Work): Promise<Blob> {
  const abort = new AbortController();
  work.stopped.catch(() => abort.abort());
  const failed = (cause: string) =>
    new SourceError({ code: 'NETWORK', message: `${url}: ${cause}; check the connection and the address, then try again`, details: { url } });
  const response = await fetch(url, { signal: abort.signal }).catch((thrown: Error) => {
    throw failed(thrown.message);
  });
  if (!response.ok) throw failed(`the server answered ${response.status} ${response.statusText}`.trimEnd());
  return response.blob().catch((thrown: Error) => {
    throw failed(thrown.message);
  });
}
