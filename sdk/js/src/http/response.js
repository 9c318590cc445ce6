/**
 * @file Reading a response.
 */

import { Failure, Permanent, Retry } from "../failure.js";
import { begin } from "../promises.js";
import { decode, decodeLossy } from "../utf8.js";

/** How much of a body is quoted in a failure's reason, in bytes: a line of a service's error message. */
const QUOTED_BYTES_MAX = 200;

/**
 * Statuses outside 5xx after which the same request may succeed later: 408 Request Timeout, 409 Conflict,
 * 412 Precondition Failed (a stale fence, above all), 423 Locked, 425 Too Early, 429 Too Many Requests
 * (RFC 9110, section 15; RFC 4918, section 11.3; RFC 8470, section 5.2; RFC 6585, section 4).
 */
const RETRIED = [408, 409, 412, 423, 425, 429];

/** A whole response. */
export class Response {
  #request;

  /**
   * @param {string} request What it answers, for error messages.
   * @param {import("../host/contract.js").Response} response
   */
  constructor(request, { status, headers, body }) {
    this.#request = request;
    this.status = status;
    this.headers = headers;
    this.body = body;
    Object.freeze(this);
  }

  /** There is nothing to wait for. `await` asks every object for this; what comes after it in an async function never runs. */
  get then() {
    return begin();
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** @param {string} name */
  header(name) {
    const wanted = name.toLowerCase();
    return this.headers.find(([given]) => given.toLowerCase() === wanted)?.[1];
  }

  text() {
    return decodeLossy(this.body);
  }

  expectSuccess() {
    if (this.ok) return this;
    const reason = `${this.#request} answered ${this.status}: ${this.#quote()}`;
    throw this.status >= 500 || RETRIED.includes(this.status) ? new Retry(reason) : new Permanent(reason);
  }

  /** @param {(value: any) => any} [read] */
  json(read = (value) => value) {
    try {
      const text = decode(this.body);
      if (text === undefined) throw new TypeError("the body is not UTF-8");
      return read(JSON.parse(text));
    } catch (error) {
      if (error instanceof Failure) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Retry(`${this.#request} answered ${this.status} with what is not the JSON wanted: ${why}`, {
        cause: error,
      });
    }
  }

  #quote() {
    const shown = this.body.subarray(0, QUOTED_BYTES_MAX);
    return decodeLossy(shown).trim() + (shown.length < this.body.length ? "…" : "");
  }
}
