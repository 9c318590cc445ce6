/**
 * @file What a handler gets: the session that it is to finish, and what the host knows about this repeat.
 */

import * as read from "./records.js";
import { Session } from "./session.js";
import { toJson } from "./text.js";

/** @template T @param {T} value */
const asItIs = (value) => value;

/**
 * One run over an unfinished session.
 *
 * Operations are kept by the host and committed together with the end of the run, or earlier: all that was asked
 * before an HTTP request is durable before the request leaves. A run that traps or meets a limit loses what was not
 * yet committed. A run that ends without `delete` or `store` is repeated after the kind's backoff.
 *
 * The declarations in `types/repeat.d.ts` document every member.
 */
export class Repeat {
  #session;

  /** @param {import("./host/contract.js").RepeatData} data */
  constructor(data) {
    this.#session = new Session(data.session);
    this.records = Object.freeze([...data.records]);
    this.kind = data.kind;
    this.kindName = data.kindName;
    this.repeat = data.repeat;
    this.maxRepeats = data.maxRepeats;
    this.createdMs = data.createdMs;
    this.storedMs = data.storedMs;
    this.dueMs = data.dueMs;
    this.deadlineMs = data.deadlineMs;
    this.idempotencyKey = data.idempotencyKey;
    this.traceparent = data.traceparent ?? undefined;
    Object.freeze(this);
  }

  get sessionId() {
    return this.#session.id();
  }

  get fence() {
    return this.#session.fence();
  }

  get isLastRepeat() {
    return this.repeat >= this.maxRepeats;
  }

  /** @param {number} index */
  text(index) {
    return read.text(this.records, index);
  }

  /**
   * @param {number} index
   * @param {(value: any) => any} [make]
   */
  json(index, make = asItIs) {
    return read.json(this.records, index, make);
  }

  /** @param {(value: any) => any} [make] */
  allJson(make = asItIs) {
    return this.records.map((_, index) => read.json(this.records, index, make));
  }

  /**
   * @template S
   * @param {S} state
   * @param {(state: S, record: any) => S | void} apply
   * @returns {S}
   */
  replay(state, apply) {
    return this.records.reduce(
      (state, _, index) => read.json(this.records, index, (record) => apply(state, record) ?? state),
      state,
    );
  }

  /** @param {string | Uint8Array | ArrayBuffer} record */
  append(record) {
    this.#session.append(record);
  }

  /** @param {unknown} record */
  appendJson(record) {
    this.#session.append(toJson(record, "a record"));
  }

  /** @param {string | Uint8Array | ArrayBuffer} record */
  replace(record) {
    this.#session.replace(record);
  }

  /** @param {unknown} record */
  replaceJson(record) {
    this.#session.replace(toJson(record, "a record"));
  }

  delete() {
    this.#session.delete();
  }

  /** @param {number} [timeoutS] */
  store(timeoutS) {
    this.#session.store(timeoutS);
  }
}
