import { expect, test } from 'vitest';
import { Completions, type Answering } from '../../src/engine/chat/completions.ts';
import type { ChatCompletionChunk, ChatRequest, Message, RullamaError } from '../../src/engine/index.ts';
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
  const asked: Parameters<Answering['generate']>[] = [];
  const engine: Answering = {
    check: async () => {},
    async *generate(...call) {
      asked.push(call);
      yield* events;
    },
    model: () => 'tiny',
  };
  return { completions: new Completions(engine), asked };
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
  [{ stream_options: 'x' }, 'BAD_OPTION', 'stream_options'],
  [{ parallel_tool_calls: false }, 'UNSUPPORTED', 'parallel_tool_calls'],
  [{ modalities: ['text', 'audio'] }, 'UNSUPPORTED', 'modalities'],
  [{ tools: [{ type: 'function', function: { name: 'f', strict: true } }] }, 'UNSUPPORTED', 'tools[0].function.strict'],
])('%j is refused by name', async (more, code, named) => {
  const { error, asked } = await refused(more);
  expect(error).toMatchObject({ name: 'RequestError', code, details: { [code === 'UNSUPPORTED' ? 'parameter' : 'option']: named } });
  expect(error.message).toContain(`\`${named}\``);
  expect(asked).toEqual([]);
});

/** What a request throws, as a stream and without one. */
async function refused(more: object) {
  const { completions, asked } = saying(finished('stop'));
  const errors: RullamaError[] = [];
  for (const stream of [true, false]) {
    const call = completions.create({ messages, stream, ...more } as ChatRequest);
    errors.push(await call.then(() => Promise.reject(new Error('nothing was refused')), (thrown: RullamaError) => thrown));
  }
  return { error: errors[0]!, asked };
}

const COUNT = 'a whole number from 0 to 4294967295';
const WRONG: [names: string[], allowed: string, values: unknown[]][] = [
  [['max_tokens', 'max_completion_tokens', 'top_k', 'draft_max'], COUNT, [-1, 1.5, '5', NaN, Infinity, 2 ** 32, true, [5], {}, 5n]],
  [
    ['temperature', 'top_p', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty'],
    'a finite number',
    ['0.7', NaN, -Infinity, false, [1], {}],
  ],
  [['seed'], 'a whole number from 0 to 9007199254740991', [-3, 1.5, '7', NaN, 2 ** 53]],
  [['n'], 'a whole number from 1 to 4294967295', [0, -1, 1.5, '1']],
  [['logprobs', 'stream', 'enable_thinking', 'continue_final_message'], 'true or false', [1, 'true', {}]],
  [['top_logprobs'], 'a whole number from 0 to 20', [-1, NaN, '3']],
  [['stop'], 'a text or a list of texts', [5, {}, ['x', 5], [['x']], [null]]],
  [
    ['logit_bias'],
    'an object of token ids, each with a finite number',
    [5, 'x', [[3, 1]], { a: 1 }, { '': 1 }, { '-1': 1 }, { '1.5': 1 }, { 4294967296: 1 }, { 3: '1' }, { 3: null }, { 3: -Infinity }],
  ],
];

test.each(WRONG.flatMap(([names, allowed, values]) => names.map((name) => [name, allowed, values] as const)))(
  'a %s is %s, or is refused by that name',
  async (name, allowed, values) => {
    for (const value of values) {
      const { error, asked } = await refused({ ...(name === 'top_logprobs' && { logprobs: true }), [name]: value });
      expect(error).toMatchObject({ name: 'RequestError', code: 'BAD_OPTION', details: { option: name, allowed } });
      expect(error.message).toBe(`\`${name}\` is ${error.details['value']}; use ${allowed}`);
      expect(asked).toEqual([]);
    }
  },
);

test('a wrong value is shown as the caller knows it', async () => {
  const shown = async (seed: unknown) => (await refused({ seed })).error.details['value'];
  const values = [NaN, -3, '7', [1], { a: 1 }, 5n, () => 1, Symbol('s')];
  expect(await Promise.all(values.map(shown))).toEqual(['NaN', '-3', '"7"', 'a list', 'an object', '5', 'a function', 'a symbol']);
});

test('null is as good as leaving a parameter out, and the edges of what is allowed are', async () => {
  const { completions, asked } = saying(finished('stop'));
  const names = WRONG.flatMap(([names]) => names);
  await completions.create({ messages, ...Object.fromEntries(names.map((name) => [name, null])) });
  expect(Object.keys(asked[0]![1])).toEqual(['seed']);
  const edges = { max_tokens: 0, top_k: 2 ** 32 - 1, seed: Number.MAX_SAFE_INTEGER, stop: [], logit_bias: {} };
  await completions.create({ messages, ...edges });
  expect(asked[1]![1]).toEqual({ ...edges, logit_bias: [] });
});

test.each(['image_url', 'image', 'input_audio', 'audio', 'file', 'refusal', undefined])('a part of type %s is refused with its place', async (type) => {
  const parts = [{ type: 'text', text: 'What is that?' }, { type, [`${type}`]: { url: 'data:' } }];
  const { error, asked } = await refused({ messages: [...messages, { role: 'user', content: parts }] });
  const details = { option: 'messages', message: 1, part: 1, type };
  expect(error).toMatchObject({ name: 'RequestError', code: 'UNSUPPORTED', details });
  expect(error.message).toContain('`messages[1].content[1]`');
  expect(error.message).toContain(`${type && JSON.stringify(type)}, and this version takes text only`);
  expect(asked).toEqual([]);
});

test('parts of text reach the engine, and so does what it refuses itself', async () => {
  const { completions, asked } = saying(finished('stop'));
  const said = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }, { role: 'assistant', content: null }, null] as Message[];
  await completions.create({ messages: said });
  expect(asked[0]![0].messages).toEqual(said);
});

test('messages that a page watches are sent as what they say', async () => {
  const { completions, asked } = saying(finished('stop'));
  const watched = <T extends object>(value: T): T =>
    new Proxy(value, { get: (object, key) => ((inner) => (typeof inner === 'object' && inner ? watched(inner) : inner))(Reflect.get(object, key)) });
  const messages: Message[] = [{ role: 'user', content: 'Hi' }];
  await completions.create({ messages: watched(messages) });
  expect(structuredClone(asked[0]![0].messages)).toEqual(messages);

  const endless = { role: 'user', content: 'Hi', self: {} };
  endless.self = endless;
  const error = await completions.create({ messages: [endless as Message] }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BAD_OPTION', details: { option: 'messages' } });
});

test("OpenAI's other parameters are refused with a remedy, and what is left open is not looked at", async () => {
  const { completions } = saying(finished('stop'));
  const asking = (more: object) => completions.create({ messages: [], ...more } as ChatRequest);
  await expect(asking({ reasoning_effort: undefined, nonsense: null, service_tier: 'auto', store: false, parallel_tool_calls: true, modalities: ['text'] })).resolves.toBeDefined();
  const error = await asking({ reasoning_effort: 'low' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'UNSUPPORTED', details: { parameter: 'reasoning_effort' }, message: expect.stringContaining('`enable_thinking`') });
  await expect(asking({ nonsense: 1 })).rejects.toMatchObject({ code: 'BAD_OPTION', details: { option: 'nonsense' } });
});
