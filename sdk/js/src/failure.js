/**
 * @file How a run says that it failed, and what the errors of this package mean when nobody catches them.
 *
 * The question is always the same: *can running the same handler over the same records once more end differently?*
 * If that is in doubt, the answer is retry: the host counts repeats anyway, and parks the session after the last one.
 *
 * - {@link Failure}: everything that this package throws on purpose. Its `outcome` is what it becomes.
 * - {@link Retry} and {@link Permanent}: what a handler throws by itself.
 * - `SessionError` (session.js) and `HttpError` (http/error.js): what the host refused, or what the outside did.
 *
 * Anything else that leaves a handler is a bug in it: it is logged and traps (handler.js).
 */

/** The run failed. What it did to the session is committed all the same; the message is kept with the session. */
export class Failure extends Error {
  /**
   * @param {"retry" | "permanent"} outcome What becomes of the session.
   * @param {string} reason Why. Kept with the session and logged, so it should hold no secrets.
   * @param {ErrorOptions} [options] The error behind it.
   */
  constructor(outcome, reason, options) {
    super(reason, options);
    this.name = new.target.name;
    /** @readonly */
    this.outcome = outcome;
  }
}

/** Try again after the kind's backoff, or park the session if this was the last repeat. */
export class Retry extends Failure {
  /**
   * @param {string} reason
   * @param {ErrorOptions} [options]
   */
  constructor(reason, options) {
    super("retry", reason, options);
  }

  /**
   * For a handler whose rule is "whatever fails: leave, and repeat". A failure of any kind becomes a retry with the
   * same reason; any other error is a bug and is given back as it is.
   *
   * @param {unknown} error What was caught.
   * @returns {unknown} What to throw.
   */
  static from(error) {
    return error instanceof Failure ? new Retry(error.message, { cause: error }) : error;
  }
}

/** No repeat can help: park the session now, until a person decides. */
export class Permanent extends Failure {
  /**
   * @param {string} reason
   * @param {ErrorOptions} [options]
   */
  constructor(reason, options) {
    super("permanent", reason, options);
  }
}
