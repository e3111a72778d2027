// An engine's worker whose model says one text after another, and how much of that it was asked for.
import type { Bindings } from '../../src/engine/host.ts';
import type { Finished } from '../../src/engine/reports.ts';
import { hosted } from './fake_port.ts';

const usage = { prompt_tokens: 1, reused_tokens: 0, generated_tokens: 1, thinking_tokens: 0, drafted_tokens: 0, accepted_tokens: 0 };
const timings = { prompt_seconds: 0, decode_seconds: 0, first_token_seconds: 0 };
export const FINISHED: Finished = { type: 'finished', reason: 'stop', usage, timings };

/** What the bindings throw. */
const refusal = (code: string) => Object.assign(new Error('no'), { code, details: {} });

/**
 * The port of a host whose session says `total` texts as fast as it may; counts those that it said, and its models. `refused` is
 * the code with which the session refuses what it is asked next, `badName` has a model refuse its description.
 */
export function talkative(total: number) {
  const said = { count: 0, models: 0, sources: 0, refused: null as string | null, badName: false, isLost: false, atSession: () => {} };
  const session = {
    async generate(_input: unknown, _options: unknown, cancel: Cancel, emit: (event: object) => unknown) {
      if (said.refused) throw refusal(said.refused);
      while (said.count < total && !cancel.isCancelled) {
        said.count += 1;
        await emit({ type: 'text', text: `${said.count}` });
      }
      return { ...FINISHED, reason: cancel.isCancelled ? 'cancelled' : 'stop' };
    },
    free() {},
  };
  const model = () => {
    said.models += 1;
    const describe = () => {
      if (said.badName) throw refusal('BAD_FILE');
      return { name: 'm', file_bytes: 1 };
    };
    const begin = async () => {
      said.atSession();
      return session;
    };
    return { session: begin, describe, plan: () => ({}), free: () => (said.models -= 1) };
  };
  class Cancel {
    isCancelled = false;
    cancel() {
      this.isCancelled = true;
    }
    free() {}
  }
  const source = () => {
    said.sources += 1;
    let isFreed = false;
    const free = () => {
      said.sources -= 1;
      isFreed = true;
    };
    // What is asked of one that was freed is what WebAssembly says then.
    const abort = () => {
      if (isFreed) throw new Error('null pointer passed to rust');
    };
    return { free, abort };
  };
  const bindings = {
    Cancel,
    Device: { open: async () => ({ describe: () => ({}), isLost: () => said.isLost, free() {} }) },
    Model: { load: async () => model() },
    Source: { file: source },
  } as unknown as Bindings;
  return { port: hosted(bindings), said };
}
