/**
 * @file Write a repeat handler for mpy6a in JavaScript. The README begins with what that is.
 *
 * Parts:
 *
 * - handler.js makes a function the component's export `handle`, as wit/handler.wit describes it.
 * - repeat.js is what the function gets; records.js reads records, session.js asks for operations.
 * - failure.js is how a run says that it failed.
 * - http/, settings.js and log.js are what it may do outside.
 * - text.js and utf8.js bring text over the border: the engine has neither TextEncoder nor TextDecoder.
 * - `#host` is where a call goes: to the component's imports (host/component.js), or under Node to a stage that the
 *   tests set up (testing/). Only these two know; all the rest is plain JavaScript and is tested under Node.
 *
 * The types in types/ are what the package promises. tests/types.test.js holds them against the code.
 */

export { Failure, Permanent, Retry } from "./failure.js";
export { defineHandler } from "./handler.js";
export * as http from "./http/index.js";
export { HttpError } from "./http/error.js";
export * as log from "./log.js";
export { SessionError } from "./session.js";
export * as settings from "./settings.js";
