// Starts the app: shows the page first, then opens the GPU and the model of the last visit.
import { mount } from 'svelte';
import App from './App.svelte';
import { chats } from './chats/chats.svelte.ts';
import { runtime, type Choice } from './engine/runtime.svelte.ts';
import { history } from './memory/history.svelte.ts';
import './memory/colours.css';
import { addressChoice, demoChoice, isReadable, lastChoice } from './models/places.ts';
import { offline } from './offline/offline.svelte.ts';
import './style.css';

const asked = new URLSearchParams(location.search);
runtime.useProfile(asked.get('profile'));
mount(App, { target: document.getElementById('app')! });
history.start();

const [isOpen, choice] = await Promise.all([runtime.start(), firstChoice(), chats.start()]);
if (isOpen && choice) {
  if (await isReadable(choice.source)) await runtime.load(choice);
  else runtime.waiting = choice;
}
runtime.isStarting = false;
// What the model needed came first.
await offline.start();

/** The model to begin with: that of the address (`none` for none), that of the last visit, or the demo model. */
async function firstChoice(): Promise<Choice | null> {
  const named = asked.get('model');
  if (named !== null) return named === 'none' ? null : addressChoice(named);
  const last = await lastChoice();
  return last === undefined ? demoChoice() : last;
}
