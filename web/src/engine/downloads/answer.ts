// One HTTP request for the rest of a file, and what the answer says.
import { SourceError } from '../errors.ts';
import { revision, type Origin } from './origin.ts';

/** An answer with a body that is of use. */
export interface Answer {
  /** Whether the server knows ranges. */
  isPart: boolean;
  /** Where in the file the body begins. */
  start: number;
  /** Where it ends; null where the server does not say. */
  end: number | null;
  /** Bytes of the whole file; null where the server does not say. */
  total: number | null;
  etag: string | null;
  lastModified: string | null;
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** It may go better the next time. */
export class Interrupted extends SourceError {
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | null;

  constructor(url: string, problem: string, retryAfter: number | null = null) {
    const message = `${url}: ${problem}; check the connection and the address, then go on`;
    super({ code: 'NETWORK', message, details: { url } });
    this.retryAfter = retryAfter;
  }
}

/** Statuses after which the same request may succeed: time-outs, too many requests, and failures of the server. */
const mayPass = (status: number) => [408, 425, 429].includes(status) || status >= 500;

/** Asks for `bytes` from `start` or, if that is null, for all from there, of the same revision as `origin` if it is known. */
export async function ask(
  url: string,
  start: number,
  bytes: number | null,
  origin: Origin | null,
  fetch: (url: string, request: RequestInit) => Promise<Response>,
  signal: AbortSignal,
): Promise<Answer> {
  const headers: Record<string, string> = { Range: `bytes=${start}-${bytes === null ? '' : start + bytes - 1}` };
  // To another origin the header would need a preflight, which plain file servers refuse; the answer is compared as well.
  const known = start > 0 && origin && revision(origin);
  if (known && new URL(url).origin === globalThis.location?.origin) headers['If-Range'] = known;
  const response = await fetch(url, { headers, signal, cache: 'no-store' }).catch((thrown: Error) => {
    throw new Interrupted(url, `no answer: ${thrown.message}`);
  });
  const { status, body } = response;
  const header = (name: string) => response.headers.get(name);
  const length = header('Content-Encoding') === null ? number(header('Content-Length')) : null;
  const validators = { etag: header('ETag'), lastModified: header('Last-Modified') };
  if (status === 206 && body) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header('Content-Range') ?? '');
    if (range) return { isPart: true, start: Number(range[1]), end: Number(range[2]) + 1, total: number(range[3]!), ...validators, body };
    // Servers of other origins often do not let the page read Content-Range; the length says as much, if it is all there is.
    const end = length === null ? null : start + length;
    return { isPart: true, start, end, total: bytes === null || (length ?? bytes) < bytes ? end : null, ...validators, body };
  }
  if (status === 200 && body) return { isPart: false, start: 0, end: length, total: length, ...validators, body };
  body?.cancel().catch(() => {});
  // The server's file ends before what is there, so it is another file: the whole of it is asked for.
  if (status === 416 && start > 0) return ask(url, 0, bytes, null, fetch, signal);
  const passing = interruption(url, response);
  if (passing) throw passing;
  const message = `${url}: ${answered(response)}; check the address, and whether the server offers the file to this page`;
  throw new SourceError({ code: 'NETWORK', message, details: { url, status } });
}

/** That an answer says no more than that it may go better the next time; null if it says anything else. */
export function interruption(url: string, response: Response): Interrupted | null {
  return mayPass(response.status) ? new Interrupted(url, answered(response), number(response.headers.get('Retry-After'))) : null;
}

const answered = ({ status, statusText }: Response) => `the server answered ${status} ${statusText}`.trimEnd();

function number(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
