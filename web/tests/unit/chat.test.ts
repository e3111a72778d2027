import { expect, test } from 'vitest';
import { Completions, type Generate } from '../../src/engine/chat/completions.ts';
import type { ChatCompletionChunk, ChatRequest, Message } from '../../src/engine/index.ts';
import type { Finished, GenerateEvent } from '../../src/engine/reports.ts';

const messages: Message[] = [{ role: 'user', content: 'Hi' }];
const timings = { prompt_seconds: 1, decode_seconds: 2, first_token_seconds: 1 };
const finished = (reason: Finished['reason']): Finished => ({
  type: 'finished',
  reason,
  usage: { prompt_tokens: 10, reused_tokens: 4, generated_tokens: 3, thinking_tokens: 1, drafted_tokens: 5, accepted_tokens: 2 },
  timings,
});

/** Completions of an engine that says `events`; `asked` is what it was asked for. */
function saying(...events: (GenerateEvent | Finished)[]) {
  const asked: Parameters<Generate>[] = [];
  const generate: Generate = async function* (...call) {
    asked.push(call);
    yield* events;
  };
  return { completions: new Completions(generate, () => 'tiny'), asked };
}

test('a stream has a role, then thoughts and text, then a reason with timings, then usage', async () => {
  const { completions } = saying(
    { type: 'thinking', text: 'Hm.' },
    { type: 'token', id: 7 },
    { type: 'text', text: 'Hello' },
    finished('stop'),
  );
  const chunks: ChatCompletionChunk[] = [];
  const request = { messages, stream: true, stream_options: { include_usage: true } } as const;
  for await (const chunk of await completions.create(request)) chunks.push(chunk);
  expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
    { role: 'assistant', content: '' }, { reasoning_content: 'Hm.' }, { content: 'Hello' }, {}, undefined,
  ]);
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, 'stop', undefined]);
  expect(chunks[3]!.timings).toEqual(timings);
  expect(chunks.slice(0, 4).every(({ usage }) => usage === null)).toBe(true);
  expect(chunks[4]!.usage).toEqual({
    prompt_tokens: 10, completion_tokens: 3, total_tokens: 13, prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 1, accepted_prediction_tokens: 2, rejected_prediction_tokens: 3 },
  });
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'tiny' });
});

test('without a stream there is one object, with function calls as JSON text', async () => {
  const { completions } = saying({ type: 'tool_call', name: 'f', arguments: { x: 1 } }, finished('tool_call'));
  const answer = await completions.create({ messages });
  const [choice] = answer.choices;
  expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { role: 'assistant', content: null, refusal: null } });
  expect(choice!.message.tool_calls![0]).toMatchObject({ type: 'function', function: { name: 'f', arguments: '{"x":1}' } });
  expect(answer).toMatchObject({ object: 'chat.completion', usage: { total_tokens: 13 }, timings });
});

test.each([
  ['stop_string', 'stop'],
  ['length', 'length'],
  ['context_full', 'length'],
] as const)('the reason %s is %s', async (reason, expected) => {
  const { completions } = saying({ type: 'text', text: 'a' }, finished(reason));
  const { choices } = await completions.create({ messages });
  expect(choices[0]).toMatchObject({ finish_reason: expected, message: { content: 'a' } });
});

test('a cancelled answer rejects, after what came before', async () => {
  const { completions } = saying({ type: 'text', text: 'a' }, finished('cancelled'));
  const stream = await completions.create({ messages, stream: true });
  const said: unknown[] = [];
  const read = async () => {
    for await (const { choices } of stream) said.push(choices[0]?.delta.content);
  };
  await expect(read()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(said).toEqual(['', 'a']);
  await expect(completions.create({ messages }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('parameters reach the engine in its own names', async () => {
  const { completions, asked } = saying(finished('stop'));
  const request: ChatRequest = {
    messages, max_tokens: 5, stop: 'x', seed: 9, temperature: 0, presence_penalty: 1, logit_bias: { '3': -100 }, top_k: 2,
    enable_thinking: true,
  };
  await completions.create(request);
  const [input, options] = asked[0]!;
  expect(input).toEqual({ messages, enable_thinking: true });
  expect(options).toEqual({
    max_tokens: 5, stop: ['x'], seed: 9, temperature: 0, presence_penalty: 1, logit_bias: [[3, -100]], top_k: 2,
  });
});

test('log-probabilities go with what their tokens said, and none is lost', async () => {
  const token = (id: number) => {
    const logprobs = { token: `t${id}`, bytes: [id], logprob: -id, top_logprobs: [] };
    return { type: 'token', id, logprobs } as const;
  };
  const events = [
    token(1), { type: 'thinking', text: 'Hm.' }, token(2), token(3), { type: 'text', text: 'é' }, token(4), finished('stop_string'),
  ] as const;
  const { completions, asked } = saying(...events);
  const request = { messages, logprobs: true, top_logprobs: 3 } as const;
  const streamed: (number[] | undefined)[] = [];
  for await (const { choices } of await completions.create({ ...request, stream: true })) {
    streamed.push(choices[0]!.logprobs?.content.map(({ logprob }) => logprob));
  }
  expect(streamed).toEqual([undefined, [-1], [-2, -3], [-4]]);
  expect(asked[0]![1].top_logprobs).toBe(3);
  const { choices } = await completions.create(request);
  expect(choices[0]!.logprobs).toEqual({ content: [1, 2, 3, 4].map((id) => token(id).logprobs), refusal: null });
  await completions.create({ messages, logprobs: true });
  expect(asked[2]![1].top_logprobs).toBe(0);
});

test('without being asked for there are no log-probabilities', async () => {
  const { completions, asked } = saying({ type: 'token', id: 1 }, { type: 'text', text: 'a' }, finished('stop'));
  const { choices } = await completions.create({ messages, logprobs: false, top_logprobs: 0 });
  expect(choices[0]!.logprobs).toBe(null);
  expect(asked[0]![1]).not.toHaveProperty('top_logprobs');
});

test('without a seed each answer has its own', async () => {
  const { completions, asked } = saying(finished('stop'));
  await completions.create({ messages });
  await completions.create({ messages });
  expect(asked[0]![1].seed).not.toBe(asked[1]![1].seed);
});

test.each([
  [{ logprobs: 5 }, 'BAD_OPTION', 'logprobs'],
  [{ logprobs: true, top_logprobs: 21 }, 'BAD_OPTION', 'top_logprobs'],
  [{ logprobs: true, top_logprobs: 1.5 }, 'BAD_OPTION', 'top_logprobs'],
  [{ logprobs: true, top_logprobs: '3' }, 'BAD_OPTION', 'top_logprobs'],
  [{ top_logprobs: 2 }, 'BAD_OPTION', 'top_logprobs'],
  [{ n: 2 }, 'UNSUPPORTED', 'n'],
  [{ tool_choice: 'required' }, 'UNSUPPORTED', 'tool_choice'],
  [{ response_format: { type: 'json_object' } }, 'UNSUPPORTED', 'response_format'],
  [{ temprature: 1 }, 'BAD_OPTION', 'temprature'],
  [{ messages: 'Hi' }, 'BAD_OPTION', 'messages'],
])('%j is refused by name', async (more, code, named) => {
  const { completions, asked } = saying(finished('stop'));
  const call = completions.create({ messages, ...more } as ChatRequest);
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'RequestError', code });
  expect((error as Error).message).toContain(`\`${named}\``);
  expect(asked).toEqual([]);
});
