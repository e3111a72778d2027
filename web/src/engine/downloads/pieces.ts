// The body of an answer piece by piece, through one buffer: pieces of their own would be garbage of the file's size.

/** Bytes of the buffer. */
const BUFFER_BYTES = 1 << 18;

type Bytes = Uint8Array<ArrayBuffer>;

/** Bodies, one after the other, through the same buffer. */
export class Bodies {
  #buffer = new ArrayBuffer(0);

  /** The pieces of a body. `next` gives null at the end; a piece is of use until the next is asked for. */
  pieces(body: ReadableStream<Bytes>): { next(): Promise<Bytes | null>; cancel(): void } {
    const reader = fillingReader(body);
    // Not every browser fills a buffer of the reader's.
    if (!reader) {
      const plain = body.getReader();
      return { next: async () => (await plain.read()).value ?? null, cancel: () => ignore(plain.cancel()) };
    }
    const next = async () => {
      // It is away while it is filled, and comes back in another object; from a body that was given up it does not.
      if (this.#buffer.byteLength === 0) this.#buffer = new ArrayBuffer(BUFFER_BYTES);
      const { done, value } = await reader.read(new Uint8Array(this.#buffer));
      if (value) this.#buffer = value.buffer;
      return done ? null : value;
    };
    return { next, cancel: () => ignore(reader.cancel()) };
  }
}

function fillingReader(body: ReadableStream<Bytes>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
}

/** Who cancels has its own reason, and no use for the stream's. */
function ignore(ended: Promise<void>) {
  ended.catch(() => {});
}
