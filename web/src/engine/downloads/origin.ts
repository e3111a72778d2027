// What is kept beside the bytes of an unfinished download, to tell later whether a server still has the same file.
import type { Answer } from './answer.ts';
import type { PlainWanted } from './download.ts';

/** Where the bytes came from. */
export interface Origin {
  url: string;
  /** What all of them must hash to, `sha256:…`; null if nobody said. */
  digest: string | null;
  /** Bytes of the whole file; null while the server has not said. */
  total: number | null;
  etag: string | null;
  lastModified: string | null;
  /** Of a complete file with a wrong digest: the bytes that were compared with what the server sent again, and whether some were others. */
  compared?: { bytes: number; differed: boolean };
}

/** Whether what came from `origin` can be the beginning of what is wanted now. */
export function goesOn(origin: Origin, { url, digest }: PlainWanted): boolean {
  // The same digest means the same bytes, wherever they come from.
  if (digest !== null && origin.digest !== null) return digest === origin.digest;
  return url === origin.url;
}

/** Whether another answer of the same server would tell whether it still has the same file. */
export function isRecognised(answer: Omit<Answer, 'body'>, digest: string | null): boolean {
  return digest !== null || answer.etag !== null || answer.lastModified !== null;
}

/** Whether an answer is about other bytes than those from `origin`. Where nothing tells, they are taken for others. */
export function hasChanged(origin: Origin | null, answer: Omit<Answer, 'body'>): boolean {
  if (!origin) return true;
  if (origin.total !== null && answer.total !== null && origin.total !== answer.total) return true;
  if (origin.etag !== null && answer.etag !== null) return origin.etag !== answer.etag;
  if (origin.lastModified !== null && answer.lastModified !== null) return origin.lastModified !== answer.lastModified;
  return origin.digest === null;
}

/** The value of If-Range: a strong ETag, else the date; null where neither is known. */
export function revision({ etag, lastModified }: Origin): string | null {
  return etag !== null && !etag.startsWith('W/') ? etag : lastModified;
}
