/**
 * @file The operations of the one session that a run may touch, with their errors.
 *
 * The host keeps what is asked and commits it with the end of the run, or before an HTTP request leaves.
 */

import { Failure } from "./failure.js";
import { refusal } from "./refusal.js";
import { toBytes } from "./text.js";

/** The contract's largest timeout: an unsigned number of 32 bits, 136 years. The host's own limit is far below. */
const TIMEOUT_MAX_S = 2 ** 32 - 1;

/**
 * What each refusal means, and its remedy. `limit` is the host's, in the unit that the text names.
 *
 * @type {Record<string, (limit?: number) => string>}
 */
const REFUSALS = {
  finished: () => "the session was already deleted or stored in this run: do that last",
  "record-too-large": (limit) => `the record is over the host's limit of ${limit} bytes: keep large data elsewhere`,
  "session-too-large": (limit) =>
    `the session would outgrow the host's limit of ${limit} bytes: replace records, do not append`,
  "too-many-records": (limit) => `the session has ${limit} records, the host's limit: replace records, do not append`,
  "timeout-too-long": (limit) => `the timeout is over the host's limit of ${limit} s: store for less, and again`,
};

/**
 * An operation was refused. Nothing of it was applied, and the handler may go on. Uncaught it is permanent: the same
 * handler would ask for the same in every repeat.
 */
export class SessionError extends Failure {
  /**
   * @param {string} kind The refusal, as the contract names it.
   * @param {number} [limit] In bytes, records or seconds, as the kind says.
   */
  constructor(kind, limit) {
    super("permanent", REFUSALS[kind]?.(limit) ?? `the host refused the operation: ${kind}`);
    /** @readonly */
    this.kind = kind;
    /** @readonly */
    this.limit = limit;
  }
}

/** The host's session resource, with arguments checked and errors of this package's own. */
export class Session {
  #handle;

  /** @param {import("./host/contract.js").SessionHandle} handle */
  constructor(handle) {
    this.#handle = handle;
  }

  id() {
    return this.#handle.id();
  }

  fence() {
    return this.#handle.fence();
  }

  /** @param {string | Uint8Array | ArrayBuffer} record */
  append(record) {
    const bytes = toBytes(record, "a record");
    ask(() => this.#handle.append(bytes));
  }

  /** @param {string | Uint8Array | ArrayBuffer} record */
  replace(record) {
    const bytes = toBytes(record, "a record");
    ask(() => this.#handle.replace(bytes));
  }

  delete() {
    ask(() => this.#handle.delete());
  }

  /** @param {number} [timeoutS] */
  store(timeoutS) {
    const seconds = timeoutS === undefined ? null : wholeUp(timeoutS, TIMEOUT_MAX_S, "a timeout");
    ask(() => this.#handle.store(seconds));
  }
}

/**
 * A time span as the contract counts it. Never shorter than asked: a part counts as one, and what is over the maximum
 * is that much, for the host to refuse or to cut.
 *
 * @param {number} value
 * @param {number} max
 * @param {string} what For the error message.
 */
export function wholeUp(value, max, what) {
  if (typeof value !== "number" || !(value >= 0)) throw new TypeError(`${what} is a number from 0 on, not ${value}`);
  return Math.min(Math.ceil(value), max);
}

/** @param {() => void} operation */
function ask(operation) {
  try {
    operation();
  } catch (error) {
    const { tag, val } = refusal(error);
    throw new SessionError(tag, val);
  }
}
