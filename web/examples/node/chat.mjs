// Gemma 4 in Node:  npm install rullama webgpu && node chat.mjs [MODEL.gguf] ["What do you ask?"]
import { pathToFileURL } from 'node:url';
import { demo, Rullama, worker } from 'rullama/node';

const [path, question = 'Hello! Who are you?'] = process.argv.slice(2);
const engine = await Rullama.load(path ? pathToFileURL(path) : demo, { worker: worker() });
const messages = [{ role: 'user', content: question }];
const answer = await engine.chat.completions.create({ messages, temperature: 0, stream: true });
for await (const { choices } of answer) process.stdout.write(choices[0]?.delta.content ?? '');
process.stdout.write('\n');
engine.dispose();
