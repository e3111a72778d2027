// What a person reads when something fails: a headline by the code, the engine's own sentence, and what can be done.
import { RullamaError } from 'rullama';
import { bytes } from '../parts/format.ts';

export interface Failure {
  code: string;
  headline: string;
  /** Names the thing, the numbers and the remedy. */
  message: string;
}

export const HEADLINES: Record<string, string> = {
  NO_WEBGPU: 'This browser cannot use the graphics card here',
  NO_ADAPTER: 'The browser offers no graphics card',
  NO_ADAPTER_NAMED: 'There is no such graphics card',
  NO_DEVICE: 'The graphics card did not start',
  MISSING_FEATURE: 'This graphics card cannot do what was asked for',
  DEVICE_LOST: 'The graphics card was reset',
  OUT_OF_MEMORY: 'The graphics card has no more memory',
  OVER_BUDGET: 'This does not fit into the memory budget',
  BUFFER_TOO_LARGE: 'This does not fit on this graphics card',
  BINDING_TOO_SMALL: 'This does not fit on this graphics card',
  SHADER: 'The graphics driver refuses the engine’s code',
  VALIDATION: 'The browser refuses what the engine asks of the graphics card',
  READBACK: 'The graphics card did not give its results back',
  GPU_INTERNAL: 'The graphics driver failed',
  NETWORK: 'The model could not be fetched',
  RANGE_NOT_SUPPORTED: 'The server cannot send parts of a file',
  READ_FAILED: 'The model could not be read',
  NOT_FOUND: 'The model is not there',
  WRONG_DIGEST: 'What the server sent is not the file that was wanted',
  WRONG_LENGTH: 'The file on the server has another size',
  TRUNCATED_FILE: 'The model file is incomplete',
  BAD_FILE: 'This is no model file',
  BAD_METADATA: 'The model file is damaged',
  BAD_TENSOR: 'The model file is damaged',
  MISSING_TENSOR: 'The model file lacks a part',
  NO_VOCABULARY: 'The model file lacks its vocabulary',
  NOT_FINITE: 'The model computed no numbers',
  UNSUPPORTED_MODEL: 'This model is not supported',
  UNSUPPORTED_TYPE: 'This model is not supported',
  CONTEXT_FULL: 'The conversation is too long for the context',
  EMPTY_PROMPT: 'There is nothing to answer',
  BUSY: 'The model is still at work',
  NO_MODEL: 'No model is loaded',
  WASM_FAILED: 'The engine did not load',
  NO_STORAGE: 'This browser stores no models here',
  STORAGE_FULL: "This browser's storage is full",
  IN_USE: 'The model is in use',
  STORAGE_FAILED: 'Conversations cannot be stored',
  BAD_IMPORT: 'Nothing was imported',
  NO_CLIPBOARD: 'The browser did not copy',
  BAD_OPTION: 'A setting has a value that it cannot have',
};

/** Beside the engine's sentence, where the app has something to add. */
const ADVICE: Record<string, string> = {
  CONTEXT_FULL: 'Start a new chat, or load the model with a longer context on the Model page.',
  OUT_OF_MEMORY: 'On the Model page, choose a shorter context or set a budget.',
  SHADER: 'Update the browser and the graphics driver.',
  VALIDATION: 'Update the browser and the graphics driver.',
  READBACK: 'Load the model again.',
  GPU_INTERNAL: 'Load the model again; if that does not help, update the browser and the graphics driver.',
  NO_WEBGPU: 'Your conversations can still be read and exported.',
  NO_ADAPTER: 'Your conversations can still be read and exported.',
};

/** What was thrown, or null for what the user ended. */
export function failureOf(thrown: unknown): Failure | null {
  const { code, message } = RullamaError.from(thrown);
  if (code === 'CANCELLED' || code === 'CLOSED') return null;
  return failure(code, message);
}

export function failure(code: string, message: string): Failure {
  const advice = ADVICE[code];
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  // The engine's sentences begin small; a name at their beginning stays as it is.
  const text = /^[a-z]+ /.test(sentence) ? `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}` : sentence;
  // Large numbers of bytes are said in a size that people know, too.
  const sized = text.replace(/(\d{7,}) bytes/g, (all, count: string) => `${all} (${bytes(Number(count))})`);
  return { code, headline: HEADLINES[code] ?? 'Something went wrong', message: advice ? `${sized} ${advice}` : sized };
}

/** A failure to write to the browser's storage. */
export function storageFailure(thrown: unknown): Failure {
  const name = (thrown as DOMException | null)?.name;
  if (name === 'QuotaExceededError') {
    const remedy = 'Delete conversations or stored models, or free space on the disk; until then nothing new is kept. Export what matters.';
    return failure('STORAGE_FULL', remedy);
  }
  if (name === 'VersionError') {
    return failure('STORAGE_FAILED', 'A newer version of this app has stored its conversations here; reload this page to go on with it.');
  }
  const cause = (thrown as Error | null)?.message ?? String(thrown);
  return failure('STORAGE_FAILED', `The browser refused to store data (${cause}). Allow this site to store data; until then conversations end with this page.`);
}
