// The digest of a growing file. What an earlier visit has loaded is read back from the disk, a little with each piece that
// comes, so resuming waits for nothing; and what is hashed then is what the disk holds.

/** An incremental sha256. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** 64 hexadecimal digits. */
  digest(): string;
}

/** Bytes that can be read again. */
export interface Readable {
  readonly bytes: number;
  /** Fills `into` from `at`, or as much of it as there is. */
  read(into: Uint8Array, at: number): number;
}

/** Bytes read back at once. */
const PIECE_BYTES = 1 << 20;
/** Pieces hashed before the worker looks for messages. */
const PIECES_AT_ONCE = 8;

/** What was read back, until the next is. Made when it is first needed: most downloads never read back. */
let piece: Uint8Array | null = null;

/** The digest of what is there, `sha256:…`. Rejects with the signal's reason. */
export function digestOf(file: Readable, hash: Hash, signal: AbortSignal, onProgress: (hashed: number) => void): Promise<string> {
  return new FollowingHash(hash, file).finish(signal, onProgress);
}

export class FollowingHash {
  readonly #hash: Hash;
  readonly #file: Readable;
  #hashed = 0;

  constructor(hash: Hash, file: Readable) {
    this.#hash = hash;
    this.#file = file;
  }

  /** Takes note of bytes that were just appended to the file. */
  follow(appended: Uint8Array) {
    if (this.#hashed + appended.length === this.#file.bytes) this.#update(appended);
    // Twice as fast as the file grows, so that it catches up.
    else for (let left = 2 * appended.length; left > 0; left -= PIECE_BYTES) this.#catchUp();
  }

  /** Hashes the rest; returns `sha256:…`. Rejects with the signal's reason. */
  async finish(signal: AbortSignal, onProgress: (hashed: number) => void): Promise<string> {
    for (let pieces = 0; this.#hashed < this.#file.bytes; pieces++) {
      this.#catchUp();
      onProgress(this.#hashed);
      if (pieces % PIECES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      signal.throwIfAborted();
    }
    return `sha256:${this.#hash.digest()}`;
  }

  #catchUp() {
    piece ??= new Uint8Array(PIECE_BYTES);
    const length = this.#file.read(piece, this.#hashed);
    this.#update(piece.subarray(0, length));
  }

  #update(bytes: Uint8Array) {
    this.#hash.update(bytes);
    this.#hashed += bytes.length;
  }
}
