/**
 * Write a repeat handler for mpy6a in JavaScript or TypeScript.
 *
 * ```js
 * import { defineHandler, http, log, settings } from "mpy6a-handler";
 *
 * export const handle = defineHandler((repeat) => {
 *   const { order } = repeat.json(0);
 *   http.post(`${settings.require("shop")}/orders/${order}/cancel`, { step: "cancel" }).expectSuccess();
 *   log.info(`cancelled order ${order}`);
 *   repeat.delete();
 * });
 * ```
 */

import type { Repeat } from "./repeat.js";

export type { Repeat, Bytes } from "./repeat.js";
export { Failure, HttpError, Permanent, Retry, SessionError } from "./errors.js";
export * as http from "./http.js";
export * as log from "./log.js";
export * as settings from "./settings.js";

/**
 * What a component exports as `handle`, and what `run` of `mpy6a-handler/testing` takes. Only `defineHandler` makes it.
 */
export type Handler = (data: never) => void;

/**
 * Make a function the handler of this component. Export the result under the name `handle`:
 *
 * ```js
 * export const handle = defineHandler((repeat) => { … });
 * ```
 *
 * The function is synchronous: an `async` one fails the build, and one that returns a promise, or waits for one, traps. A `Failure` that it
 * throws says what becomes of the session; any other error is logged with its stack and traps, and what the run had not
 * committed is thrown away.
 */
export function defineHandler<Returned>(
  handle: (repeat: Repeat) => Returned extends PromiseLike<unknown> ? never : Returned,
): Handler;
