// Ollama's folder, once the user has picked it.
import { listOllama, openOllama, type OllamaModel } from 'rullama';
import type { Choice } from '../engine/runtime.svelte.ts';

class OllamaFolder {
  /** Null while none was picked. */
  models = $state.raw<OllamaModel[] | null>(null);
  #source: (name: string) => Promise<Choice['source']> = async () => '';

  /** A handle, or the list of files that browsers without handles give. */
  async open(folder: FileSystemDirectoryHandle | File[]) {
    this.models = await listOllama(folder);
    this.#source = Array.isArray(folder) ? (name) => openOllama(folder, name) : async (model) => ({ directory: folder, model });
  }

  async choice(name: string): Promise<Choice> {
    return { source: await this.#source(name), label: name, options: {} };
  }
}

export const ollama = new OllamaFolder();

export const canRun = ({ family }: OllamaModel) => family === null || family === 'gemma4';
