// The events of an answer as an async iterator that holds the engine back when its reader is slow.
import type { Client } from './client.ts';
import { cancelled } from './errors.ts';
import type { Conversation, GenerateOptions } from './options.ts';
import { EVENTS_TAKEN_AT_ONCE } from './protocol.ts';
import type { Finished, GenerateEvent } from './reports.ts';

/**
 * The answer to a conversation or to token ids, event by event; the last one says how it ended. Aborting `signal` ends
 * it with the reason `cancelled`, and so does leaving the loop early; before it has begun, aborting throws `CANCELLED`.
 */
export async function* events(
  client: Client,
  input: Conversation | Uint32Array,
  options: GenerateOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<GenerateEvent | Finished, void, void> {
  if (signal?.aborted) throw cancelled();
  const waiting: GenerateEvent[] = [];
  let wake = () => {};
  let ended = false;
  const leave = new AbortController();
  const stop = () => leave.abort();
  signal?.addEventListener('abort', stop);
  const onEvent = (event: GenerateEvent) => {
    waiting.push(event);
    wake();
  };
  const { answer, taken } = client.begin('generate', { input, options }, { signal: leave.signal, onEvent });
  const end = () => {
    ended = true;
    wake();
  };
  // Whoever leaves early does not ask how it ended.
  answer.then(end, end);
  let untold = 0;
  try {
    while (!ended || waiting.length > 0) {
      const event = waiting.shift();
      if (!event) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      // Told before it is handed out: what the reader asks for next has been read.
      if (++untold === EVENTS_TAKEN_AT_ONCE) {
        taken(untold);
        untold = 0;
      }
      yield event;
    }
    yield await answer;
  } finally {
    signal?.removeEventListener('abort', stop);
    leave.abort();
    await answer.catch(() => {});
  }
}
