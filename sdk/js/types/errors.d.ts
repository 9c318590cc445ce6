/**
 * The run failed. What it did to the session is committed all the same.
 *
 * Everything that this package throws on purpose is one; `outcome` is what it becomes if nobody catches it. `message` is
 * the reason: it is kept with the session and logged, so it should hold no secrets.
 */
export class Failure extends Error {
  constructor(outcome: "retry" | "permanent", reason: string, options?: { cause?: unknown });
  readonly outcome: "retry" | "permanent";
}

/** Try again after the kind's backoff, or park the session if this was the last repeat. */
export class Retry extends Failure {
  constructor(reason: string, options?: { cause?: unknown });
  /**
   * For a handler whose rule is "whatever fails: leave, and repeat": `catch (error) { throw Retry.from(error); }`. A
   * failure of any kind becomes a retry with the same reason. Any other error is a bug, and is given back as it is.
   */
  static from(error: unknown): unknown;
}

/** No repeat can help: park the session now, until a person decides. */
export class Permanent extends Failure {
  constructor(reason: string, options?: { cause?: unknown });
}

/**
 * An operation on the session was refused. Nothing of it was applied, and the handler may go on. Uncaught it is
 * permanent: the same handler would ask for the same in every repeat.
 */
export class SessionError extends Failure {
  constructor(kind: string, limit?: number);
  /** `finished`, `record-too-large`, `session-too-large`, `too-many-records` or `timeout-too-long`. */
  readonly kind: string;
  /** The host's limit, in bytes, bytes, records or seconds; none for `finished`. */
  readonly limit: number | undefined;
}

/** A request brought no response. Uncaught it is a retry for `unreachable`, `timeout` and `broken`, else permanent. */
export class HttpError extends Failure {
  constructor(request: string, kind: string, detail?: string | number);
  /** Method and URL, without the query. */
  readonly request: string;
  /** `denied`, `invalid`, `unreachable`, `timeout`, `broken` or `response-too-large`. */
  readonly kind: string;
  /** Whether the service may have carried the request out: true for `timeout`, `broken` and `response-too-large`. */
  readonly mayHaveHappened: boolean;
}
