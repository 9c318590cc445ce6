/**
 * @file Outbound HTTP, where the kind's config grants it: one call sends a request and waits for the whole response.
 *
 * Name a *step* in every request that has an effect, and in every look-up that the handler decides by. The request then
 * carries `Idempotency-Key: <session id>/<step>`, the same in every repeat, and `Mpy6a-Fence: <fence>`, which grows with
 * every change of hands: a service that keeps them carries out nothing twice, and nothing late.
 */

import * as host from "#host";

import { refusal } from "../refusal.js";
import { HttpError } from "./error.js";
import { build, line } from "./request.js";
import { Response } from "./response.js";

/**
 * Send a request. Every operation asked of the session before is durable before it leaves.
 *
 * @param {string} method In capitals.
 * @param {string} url Absolute, `http` or `https`.
 * @param {Record<string, any>} [options]
 */
export function send(method, url, options = {}) {
  const request = build(method, url, options);
  try {
    return new Response(line(request), host.send(request));
  } catch (error) {
    const { tag, val } = refusal(error);
    throw new HttpError(line(request), tag, val);
  }
}

/** @param {string} method */
const sender =
  (method) =>
  (/** @type {string} */ url, /** @type {Record<string, any>} */ options = {}) =>
    send(method, url, options);

export const get = sender("GET");
export const post = sender("POST");
export const put = sender("PUT");
export const patch = sender("PATCH");
const drop = sender("DELETE");
export { drop as delete };
