// @ts-check

/** What a failed call throws. `code` is stable and for programs, `message` for people, `details` are the numbers. */
export class RullamaError extends Error {
  /** @param {{code: string, message: string, details?: unknown}} plain */
  constructor({ code, message, details = null }) {
    super(message);
    this.name = 'RullamaError';
    this.code = code;
    this.details = details;
  }

  /** The form that crosses the worker's boundary, where an error's own properties would be lost. */
  toJSON() {
    return { code: this.code, message: this.message, details: this.details };
  }

  /**
   * Whatever was thrown, as a RullamaError. An error without a code is a bug and becomes `INTERNAL`.
   *
   * @param {any} thrown
   */
  static from(thrown) {
    if (thrown instanceof RullamaError) return thrown;
    const message = thrown?.message ?? String(thrown);
    if (typeof thrown?.code === 'string') {
      return new RullamaError({ code: thrown.code, message, details: thrown.details });
    }
    return new RullamaError({ code: 'INTERNAL', message: `${message}; please report this` });
  }
}
