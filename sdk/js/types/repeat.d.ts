/** Text, which goes out as UTF-8, or bytes as they are. */
export type Bytes = string | Uint8Array | ArrayBuffer;

/**
 * One run over an unfinished session.
 *
 * Operations are kept by the host and committed together with the end of the run, or earlier: all that was asked before
 * an HTTP request is durable before the request leaves. A run that traps or meets a limit loses what was not yet
 * committed. A run that ends without `delete` or `store` is repeated after the kind's backoff.
 */
export interface Repeat {
  /** What the session recorded before this run, oldest first. Operations of this run do not show here. */
  readonly records: readonly Uint8Array[];

  /** The record at `index`, from 0, as text. One that is missing or not UTF-8 is permanent. */
  text(index: number): string;

  /**
   * The record at `index`, from 0, read as JSON. One that is missing or does not parse is permanent, with a reason
   * that begins `record <index>: `. So is one that `read` does not take: whatever it throws is the reason.
   */
  json(index: number): any;
  json<T>(index: number, read: (value: unknown) => T): T;

  /** All records read as JSON, oldest first, in the same way. */
  allJson(): any[];
  allJson<T>(read: (value: unknown) => T): T[];

  /**
   * How far the work had come: `state`, with every record, read as JSON, applied to it in order. `apply` changes the
   * state, or returns a new one. What it throws is permanent, and names the record.
   */
  replay<S>(state: S, apply: (state: S, record: any) => S | void): S;

  /** Append a record. Throws `SessionError`, as do all operations. */
  append(record: Bytes): void;
  /** Append a value as JSON. */
  appendJson(record: unknown): void;
  /** Drop all records and keep this one. */
  replace(record: Bytes): void;
  /** Drop all records and keep this value, as JSON. */
  replaceJson(record: unknown): void;
  /** The work is finished: forget the session. After this it takes no more operations, and no HTTP leaves. */
  delete(): void;
  /**
   * Repeat the session after so many seconds, a part of one counting as one; without them, after the kind's own delay.
   * After this it takes no more operations, and no HTTP leaves.
   */
  store(timeoutS?: number): void;

  /** The session's id, `term-index`. */
  readonly sessionId: string;
  /**
   * The index at which this run got the session, `term-index`. It grows with every change of hands, so that an outside
   * system can refuse a stale holder; a request with a step carries it by itself.
   */
  readonly fence: string;
  /** The client kind's number in the host's config. */
  readonly kind: number;
  /** The client kind's name in the host's config. */
  readonly kindName: string;
  /** Which repeat this is, from 1, since the session was last stored by an operator. */
  readonly repeat: number;
  /** After this many repeats that finished nothing the session is parked. */
  readonly maxRepeats: number;
  /** Whether the session is parked if this run does not finish it. */
  readonly isLastRepeat: boolean;
  /** When the session was created, in Unix milliseconds. */
  readonly createdMs: number;
  /** When the session was last stored, in Unix milliseconds. */
  readonly storedMs: number;
  /** When this repeat fell due, in Unix milliseconds. */
  readonly dueMs: number;
  /** When the host will end this run, in Unix milliseconds. */
  readonly deadlineMs: number;
  /** The same in every repeat of the session, and unique to it. */
  readonly idempotencyKey: string;
  /** The W3C traceparent given when the session was created. */
  readonly traceparent: string | undefined;
}
