// Gemma 4 with a bundler:  npm install && npx vite
import { Rullama } from 'rullama';
import { demo } from 'rullama/demo';

const answer = document.querySelector('#answer');
const button = document.querySelector('button');
try {
  const engine = await Rullama.load(demo);
  answer.textContent = '';
  button.disabled = false;
  button.onclick = async () => {
    const messages = [{ role: 'user', content: '43 plus 52' }];
    const { choices } = await engine.chat.completions.create({ messages, temperature: 0 });
    answer.textContent = choices[0].message.content;
  };
} catch (error) {
  answer.textContent = `${error.code}: ${error.message}`;
}
