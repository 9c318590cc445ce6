/**
 * @file What goes to the host: bytes that are bytes, and text that is Unicode.
 *
 * A string of JavaScript may hold half a surrogate pair, which no WIT string can: the engine would trap. Here it
 * becomes U+FFFD.
 */

import { encode } from "./utf8.js";

/** @param {unknown} value Anything: text as it is, of anything else what `String` makes of it. */
export function toText(value) {
  return String(value).toWellFormed();
}

/**
 * @param {string | Uint8Array | ArrayBuffer} value
 * @param {string} what For the error message.
 * @returns {Uint8Array} Text as UTF-8, bytes as they are.
 */
export function toBytes(value, what) {
  if (typeof value === "string") return encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError(`${what} is a string, a Uint8Array or an ArrayBuffer, not ${kindOf(value)}; for JSON say so`);
}

/**
 * @param {unknown} value
 * @param {string} what For the error message.
 * @returns {Uint8Array} The value as JSON.
 */
export function toJson(value, what) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${what} is ${kindOf(value)}, which JSON does not have`);
  return encode(text);
}

/** @param {unknown} value */
export function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `a ${typeof value}`;
}
