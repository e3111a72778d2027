// From the network to the disk, attempt after attempt, until the file is there and its digest is right.
import { ModelError, SourceError, StorageError } from '../errors.ts';
import { ask, Interrupted, type Answer } from './answer.ts';
import type { PlainWanted } from './download.ts';
import { compare, type Outcome } from './compare.ts';
import { digestOf, FollowingHash, type Hash, type Readable } from './hash.ts';
import { goesOn, hasChanged, isRecognised, type Origin } from './origin.ts';
import { Pace, STRETCH_BYTES } from './pace.ts';
import { Bodies } from './pieces.ts';
import { Meter, type Progress } from './progress.ts';
import { repair } from './repair.ts';
import { insist } from './retry.ts';
import { whileHeard } from './silence.ts';

/** The file that grows. Until it is complete, bytes are only added to its end, so its length is how far the download is. */
export interface GrowingFile extends Readable {
  /** What is known about the bytes that are there; null when nothing is. */
  origin: Origin | null;
  /** Keeps `origin` for the next attempt, before a byte of it is written. */
  setOrigin(origin: Origin): Promise<void>;
  append(bytes: Uint8Array): void;
  /** Writes over bytes that are there. */
  replace(bytes: Uint8Array, at: number): void;
  clear(): void;
}

export interface Tools {
  fetch: (url: string, request: RequestInit) => Promise<Response>;
  newHash: () => Hash;
  /** Bytes that may still be stored; null where the browser does not say. */
  freeBytes: () => Promise<number | null>;
  signal: AbortSignal;
  silenceSeconds: number;
  onProgress: (progress: Progress) => void;
}

/** What every model file begins with: `GGUF`. */
const MAGIC = Uint8Array.of(0x47, 0x47, 0x55, 0x46);

/**
 * Loads what is missing of `wanted` into `file`, and what is wrong once more where the server tells what that is; returns the
 * digest, `sha256:…`. On failure the bytes stay for the next call, but for those of a server that has another file, or no ranges.
 */
export async function transfer(wanted: PlainWanted, file: GrowingFile, tools: Tools): Promise<string> {
  const work = new Transfer(wanted, file, tools);
  try {
    await work.load();
    return await work.verify();
  } finally {
    work.end();
  }
}

class Transfer {
  readonly #wanted: PlainWanted;
  readonly #file: GrowingFile;
  readonly #tools: Tools;
  readonly #meter: Meter;
  #hash: FollowingHash;
  #total: number | null;
  /** What is there is of another file. It stays until the first bytes of the wanted one are there to take its place. */
  #isAnother: boolean;
  readonly #pace = new Pace();
  readonly #bodies = new Bodies();
  /** Whether the file can be asked for in parts: the server knows ranges, and tells how long the file is and whether it changed. */
  #hasParts = true;
  /** Whether the last request brought what it asked for, so that the next one just goes on. */
  #goesOn = false;

  constructor(wanted: PlainWanted, file: GrowingFile, tools: Tools) {
    this.#wanted = wanted;
    this.#file = file;
    this.#tools = tools;
    this.#meter = new Meter(tools.onProgress);
    this.#isAnother = !file.origin || !goesOn(file.origin, wanted);
    if (file.origin && !this.#isAnother) file.origin = { ...file.origin, digest: wanted.digest ?? file.origin.digest };
    this.#hash = new FollowingHash(tools.newHash(), file);
    this.#total = (this.#isAnother ? null : file.origin?.total) ?? wanted.bytes;
  }

  async load() {
    const work = {
      // An origin is known to be complete only when an answer has said how long it is.
      isDone: () => !this.#isAnother && this.#file.origin?.total != null && this.#file.bytes >= this.#file.origin.total,
      reached: () => this.#file.bytes,
      attempt: (onAnswer: () => void) => this.#attempt(onAnswer),
      onWait: (more: Partial<Progress>) => this.#meter.at('waiting', this.#file.bytes, this.#total, more),
    };
    await insist(work, this.#tools.signal);
    if (this.#file.bytes === 0) throw this.#wrongLength(0);
  }

  /** One request: asks for what is missing, or a stretch of it, and appends it. */
  async #attempt(onAnswer: () => void) {
    const { fetch, silenceSeconds, signal } = this.#tools;
    const { url } = this.#wanted;
    if (!this.#goesOn) this.#meter.at('checking', this.#file.bytes, this.#total);
    this.#goesOn = false;
    this.#pace.restart();
    const [start, origin] = this.#isAnother ? [0, null] : [this.#file.bytes, this.#file.origin];
    const bytes = this.#hasParts && this.#pace.serverIsFaster ? STRETCH_BYTES : null;
    await whileHeard(url, silenceSeconds, signal, async (either, heard) => {
      const answer = await ask(url, start, bytes, origin, fetch, either);
      onAnswer();
      heard();
      this.#hasParts &&= this.#canDivide(answer);
      // The beginning of a file that has to come in one answer.
      if (bytes !== null && answer.isPart && !this.#hasParts && answer.end !== answer.total) {
        return void answer.body.cancel().catch(() => {});
      }
      await this.#take(answer, bytes === null, heard);
      this.#goesOn = true;
    });
  }

  #canDivide(answer: Answer): boolean {
    const digest = this.#wanted.digest ?? (this.#isAnother ? null : (this.#file.origin?.digest ?? null));
    return answer.isPart && (answer.total ?? this.#wanted.bytes) !== null && isRecognised(answer, digest);
  }

  /** Appends the body of an answer, or of one that `isOpen` as much as comes while the server is no faster than this page. */
  async #take(answer: Answer, isOpen: boolean, heard: () => void) {
    const { url } = this.#wanted;
    const file = this.#file;
    const body = this.#bodies.pieces(answer.body);
    const next = () =>
      this.#pace.next(body.next).catch((thrown: Error) => {
        throw new Interrupted(url, `the connection broke after ${file.bytes} bytes: ${thrown.message}`);
      });
    try {
      let piece = await next();
      // Before anything is made of the answer: a page in the file's place must not cost what is there.
      const wrong = piece && answer.start === 0 && this.#noModel(piece);
      if (wrong) throw wrong;
      await this.#begin(answer);
      for (let at = answer.start; piece; piece = await next()) {
        heard();
        const known = Math.min(file.bytes - at, piece.length);
        at += piece.length;
        if (this.#total !== null && at > this.#total) throw this.#wrongLength(at);
        if (known < piece.length) {
          const fresh = piece.subarray(known);
          file.append(fresh);
          this.#hash.follow(fresh);
        }
        this.#meter.at(at < file.bytes ? 'checking' : 'loading', file.bytes, this.#total);
        if (this.#pace.endsStretch() && this.#pace.serverIsFaster && isOpen && this.#hasParts) return;
      }
    } finally {
      // An answer that is not wanted any more must not go on in the background.
      body.cancel();
    }
    if (this.#total === null) await file.setOrigin({ ...file.origin!, total: (this.#total = file.bytes) });
    const end = Math.min(answer.end ?? this.#total, this.#total);
    if (file.bytes < end) throw new Interrupted(url, `the answer ended after ${file.bytes} of ${end} bytes`);
  }

  /** Decides whether the answer continues what is there, and makes room for it. */
  async #begin(answer: Answer) {
    const { bytes, url } = this.#wanted;
    const file = this.#file;
    if (bytes !== null && answer.total !== null && answer.total !== bytes) throw this.#wrongLength(answer.total);
    const asked = this.#isAnother ? 0 : file.bytes;
    // A server that does not know ranges begins again each time; of the same file, what is there is passed over then.
    if (answer.start !== 0 && answer.start !== asked) {
      throw new Interrupted(url, `the server sent bytes from ${answer.start} where those from ${asked} were asked for`);
    }
    if (file.bytes > 0 && hasChanged(file.origin, answer)) {
      this.#isAnother = true;
      // The servers behind an address may not agree about a file; one answer agrees with itself.
      this.#hasParts = false;
    }
    if (answer.start !== 0 && this.#isAnother) {
      throw new Interrupted(url, 'the file has changed on the server, so it is loaded anew', 0);
    }
    this.#total = answer.total ?? bytes;
    const free = await this.#tools.freeBytes();
    const needed = (this.#total ?? 0) - file.bytes;
    if (free !== null && needed > free) throw storageFull(this.#wanted.name, needed, free);
    if (this.#isAnother) this.#clear();
    const { etag, lastModified } = answer;
    const digest = this.#wanted.digest ?? file.origin?.digest ?? null;
    await file.setOrigin({ url, digest, total: this.#total, etag, lastModified });
  }

  /** What is wrong with a file that begins with `bytes`; null if it may be a model. */
  #noModel(bytes: Uint8Array): ModelError | null {
    const begin = bytes.subarray(0, MAGIC.length);
    if (begin.every((byte, i) => byte === MAGIC[i])) return null;
    const { url } = this.#wanted;
    const found = String.fromCharCode(...begin).replace(/[^ -~]/g, '.');
    const message =
      `${url}: what the server sent begins with \`${found}\` and is not a GGUF file; open the address in a tab, ` +
      'since networks that want you to sign in answer in place of the server, then go on';
    return new ModelError({ code: 'BAD_FILE', message, details: { url, found } });
  }

  /** Hashes what is still to be hashed, compares, and has what is wrong replaced. */
  async verify(): Promise<string> {
    const { newHash, signal } = this.#tools;
    const { url } = this.#wanted;
    const file = this.#file;
    const onProgress = (hashed: number) => this.#meter.at('verifying', hashed, file.bytes);
    const expected = file.origin!.digest;
    if (expected !== null && file.origin!.compared) {
      const outcome = await compare(url, file, expected, this.#tools, this.#meter);
      if (outcome === 'right') return expected;
      throw await this.#wrongDigest(expected, null, outcome);
    }
    let found = await this.#hash.finish(signal, onProgress);
    // What the server sends again may be others, where it can be asked for in parts.
    let outcome: Exclude<Outcome, 'right'> = this.#hasParts ? 'others' : 'no ranges';
    if (expected !== null && found !== expected && (await repair(url, file, this.#tools, this.#meter))) {
      found = await digestOf(file, newHash(), signal, onProgress);
      // The list is of another file.
      outcome = 'same';
    }
    const begin = new Uint8Array(MAGIC.length);
    file.read(begin, 0);
    const wrong = this.#noModel(begin);
    if (!wrong && (expected === null || found === expected)) return found;
    if (!wrong) throw await this.#wrongDigest(expected!, found, outcome);
    file.clear();
    throw wrong;
  }

  /** The error for bytes with a wrong digest. They stay for a comparison if it can tell which are wrong. */
  async #wrongDigest(expected: string, found: string | null, outcome: Exclude<Outcome, 'right'>): Promise<SourceError> {
    const { url } = this.#wanted;
    const file = this.#file;
    const isKept = outcome === 'others';
    if (isKept) await file.setOrigin({ ...file.origin!, compared: { bytes: 0, differed: false } });
    else file.clear();
    const end = {
      others: 'they stay, and when you go on they are compared with what the server sends then, up to where the digest is right',
      same: 'they were deleted, since the server sends them again: it has another file. Ask for the list of models again',
      'no ranges': 'they were deleted, since a server without ranges does not let wrong bytes be found. Download it again',
    }[outcome];
    const message = `${url}: the digest of its ${this.#total} bytes is ${found ?? 'wrong'}, expected ${expected}; ${end}`;
    return new SourceError({ code: 'WRONG_DIGEST', message, details: { url, expected, found, isKept } });
  }

  end() {
    this.#meter.end();
  }

  #clear() {
    this.#isAnother = false;
    this.#file.clear();
    this.#hash = new FollowingHash(this.#tools.newHash(), this.#file);
  }

  #wrongLength(found: number): SourceError {
    const { url } = this.#wanted;
    const expected = this.#wanted.bytes ?? this.#total;
    const message =
      `${url}: the server's file has ${found} bytes, expected ${expected ?? 'some'}; ask for the list of models again, ` +
      'or discard what is there to load what the server has now';
    return new SourceError({ code: 'WRONG_LENGTH', message, details: { url, expected, found } });
  }
}

/** There is no room for `needed` more bytes. */
export function storageFull(name: string, needed: number, free: number | null): StorageError {
  const there = free === null ? 'there is no room for them' : `the browser has room for ${free}`;
  const message = `\`${name}\` needs ${needed} more bytes, ${there}; delete a stored model or free space on the disk, then go on`;
  return new StorageError({ code: 'STORAGE_FULL', message, details: { name, needed, free } });
}
