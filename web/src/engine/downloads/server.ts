// The models that a `rullama serve` offers.
import { SourceError, stopIfAborted } from '../errors.ts';
import type { Abortable } from '../options.ts';
import { whole } from '../sources.ts';

/** A model to download. */
export interface ServerModel {
  /** As Ollama writes it, such as `gemma4:e2b`. */
  name: string;
  bytes: number;
  /** `sha256:…` of the file. */
  digest: string;
  /** `gemma4` for what this engine runs; null where Ollama does not say. */
  family: string | null;
  /** Where to download it, complete. */
  url: string;
}

/**
 * The models of the server at `base`, by default the one that this page comes from.
 *
 * Rejects with `NOT_FOUND` if it is a plain web server that offers none, and with `NETWORK`. A server that stalls is waited for
 * until `signal` is aborted.
 */
export async function listServer(base: string | URL = '.', { signal }: Abortable = {}): Promise<ServerModel[]> {
  const url = new URL('api/models', whole(base)).href;
  const failed = (code: string, problem: string) =>
    new SourceError({ code, message: `${url}: ${problem}`, details: { url } });
  const response = await fetch(url, { cache: 'no-store', ...(signal && { signal }) }).catch((thrown: Error) => {
    stopIfAborted(signal);
    const allowing = `rullama serve --allow-origin ${globalThis.location?.origin}`;
    throw failed('NETWORK', `${thrown.message}; check that the server runs, and allows this page if it is not its own: \`${allowing}\``);
  });
  const none = 'this server offers no models; `rullama serve` does';
  if (response.status === 404) throw failed('NOT_FOUND', none);
  if (!response.ok) throw failed('NETWORK', `the server answered ${response.status} ${response.statusText}`.trimEnd());
  // Hosts of single-page apps answer every address with the page.
  const answer = (await response.json().catch(() => null)) as { models?: unknown } | null;
  stopIfAborted(signal);
  if (!Array.isArray(answer?.models)) throw failed('NOT_FOUND', none);
  return answer.models.filter(isModel).map(({ name, bytes, digest, family, url: address }) => {
    return { name, bytes, digest, family, url: new URL(address, url).href };
  });
}

function isModel(value: unknown): value is ServerModel {
  const { name, bytes, digest, family, url } = (value ?? {}) as Record<string, unknown>;
  const texts = [name, digest, url].every((text) => typeof text === 'string');
  return texts && typeof bytes === 'number' && (family === null || typeof family === 'string');
}
