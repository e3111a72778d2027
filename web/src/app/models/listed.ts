// Every model that the page lists, wherever it lies.
import type { Choice } from '../engine/runtime.svelte.ts';
import { downloads } from './downloads.svelte.ts';
import { canRun, ollama } from './ollama.svelte.ts';
import { demoChoice } from './places.ts';

export interface Listed {
  label: string;
  bytes: number;
  choice: () => Promise<Choice>;
}

/** Less than any other, so that it is the last one. */
const DEMO_BYTES = 0;

/** The largest first; the same model in two places once. */
export function listedModels(): Listed[] {
  const stored = downloads.stored.map(({ name, bytes }) => ({ label: name, bytes, choice: async () => choice({ opfs: name }, name) }));
  const offered = downloads.offered.map(({ name, bytes, url }) => ({ label: name, bytes, choice: async () => choice({ url }, name) }));
  const inFolder = (ollama.models ?? []).filter(canRun).map(({ name, bytes }) => ({ label: name, bytes, choice: () => ollama.choice(name) }));
  const demo = { label: demoChoice().label, bytes: DEMO_BYTES, choice: async () => demoChoice() };
  const all = [...stored, ...inFolder, ...offered, demo];
  const names = all.map(({ label }) => label);
  return all.filter(({ label }, n) => names.indexOf(label) === n).sort((a, b) => b.bytes - a.bytes);
}

const choice = (source: Choice['source'], label: string): Choice => ({ source, label, options: {} });
