/**
 * @file Building a request from a method, a URL and options.
 */

import { wholeUp } from "../session.js";
import { toBytes, toJson, toText } from "../text.js";

/** The contract's largest timeout: an unsigned number of 32 bits, 49 days. The run's own deadline is far below. */
const TIMEOUT_MAX_MS = 2 ** 32 - 1;

/** Every option. Another name is a mistake: a misspelt `step` would take the idempotency key away. */
const OPTIONS = ["query", "headers", "body", "json", "step", "timeoutMs"];

/** @type {[string, string][]} */
const JSON_TYPE = [["content-type", "application/json"]];

/**
 * @param {string} method In capitals.
 * @param {string} url Absolute.
 * @param {Record<string, any>} options
 * @returns {import("../host/contract.js").Request}
 */
export function build(method, url, options) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name))
      throw new TypeError(`no request has the option ${name}: there are ${OPTIONS.join(", ")}`);
  }
  const { query, headers, body, json, step, timeoutMs } = options;
  if (body !== undefined && json !== undefined) throw new TypeError("a request has `body` or `json`, not both");
  return {
    method: toText(method),
    url: withQuery(toText(url), pairs(query)),
    headers: [...(json === undefined ? [] : JSON_TYPE), ...pairs(headers)],
    body: json !== undefined ? toJson(json, "the body") : body === undefined ? null : toBytes(body, "a body"),
    timeoutMs: timeoutMs === undefined ? null : wholeUp(timeoutMs, TIMEOUT_MAX_MS, "timeoutMs"),
    step: step === undefined ? null : toText(step),
  };
}

/**
 * Method and URL, for error messages. Without the query: it may hold what must not be kept in a log.
 *
 * @param {import("../host/contract.js").Request} request
 */
export function line({ method, url }) {
  return `${method} ${url.split(/[?#]/, 1)[0]}`;
}

/**
 * @param {Iterable<[string, unknown]> | Record<string, unknown>} [given] An object, or pairs where a name comes twice.
 * @returns {[string, string][]}
 */
function pairs(given = {}) {
  const entries = Symbol.iterator in given ? [...given] : Object.entries(given);
  return entries.map(([name, value]) => [toText(name), toText(value)]);
}

/**
 * Put the pairs at the end of the query, before the fragment.
 *
 * @param {string} url
 * @param {[string, string][]} query
 */
function withQuery(url, query) {
  if (query.length === 0) return url;
  const [, before, fragment] = /** @type {RegExpExecArray} */ (/^([^#]*)(.*)$/s.exec(url));
  const added = query.map(([name, value]) => `${percent(name)}=${percent(value)}`).join("&");
  return `${before}${before.includes("?") ? "&" : "?"}${added}${fragment}`;
}

/**
 * Percent-encode all but the unreserved characters of RFC 3986, section 2.3: `encodeURIComponent` leaves five more.
 *
 * @param {string} text
 */
function percent(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
