// Whether a server is faster than this page. Chromium reads what a server sends into memory however far the page is behind, so
// a faster server is asked for a stretch at a time, and any other for all there is, which saves a round trip for each stretch.

/** Bytes of a stretch: what a browser may hold of a file. */
export const STRETCH_BYTES = 16 << 20;
/** A page that waits for the network no more than this share of its time is behind. */
const WAITING_MIN = 1 / 3;

export class Pace {
  /** What nobody has tried yet may be. */
  serverIsFaster = true;
  #bytes = 0;
  #waited = 0;
  #began: number | null = null;

  /** Waits for the next piece of a body. */
  async next<Piece extends { length: number }>(piece: () => Promise<Piece | null>): Promise<Piece | null> {
    const asked = performance.now();
    this.#began ??= asked;
    const found = await piece();
    this.#waited += performance.now() - asked;
    this.#bytes += found?.length ?? 0;
    return found;
  }

  /** True after each stretch, when it is decided anew who is faster. */
  endsStretch(): boolean {
    if (this.#bytes < STRETCH_BYTES) return false;
    this.serverIsFaster = this.#waited <= WAITING_MIN * (performance.now() - this.#began!);
    this.restart();
    return true;
  }

  /** Forgets an unfinished stretch: time between two requests is not the page's. */
  restart() {
    this.#bytes = this.#waited = 0;
    this.#began = null;
  }
}
