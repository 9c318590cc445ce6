/**
 * @file From the component's export to the author's function, and back.
 *
 * - A {@link Failure} becomes the contract's failure: retry or permanent.
 * - Any other error is a bug: it is logged with its stack and leaves the export, so that the engine traps and the host
 *   throws away what the run had not committed.
 * - Handlers are synchronous. A promise would be settled by nobody: what returns one is refused, as early as it can be
 *   seen. An `async` function fails the build, for the module is evaluated when the component is built.
 */

import * as host from "#host";

import { Failure } from "./failure.js";
import * as log from "./log.js";
import { Repeat } from "./repeat.js";
import { toText } from "./text.js";

/** Lines of a stack that are logged: enough to find the place, few enough for the run's limit on its log. */
const STACK_LINES_MAX = 20;

const SYNCHRONOUS =
  "handlers are synchronous: make the function a plain one, without `async` and `await`; http.get and \
the other calls return their result directly";

/**
 * @param {(repeat: Repeat) => any} handle
 * @returns {(data: import("./host/contract.js").RepeatData) => void} What to export as `handle`.
 */
export function defineHandler(handle) {
  if (typeof handle !== "function") throw new TypeError("defineHandler takes the function that handles a repeat");
  const kind = Object.prototype.toString.call(handle);
  if (kind !== "[object Function]") throw new TypeError(`this one is ${kind.slice(8, -1)}, but ${SYNCHRONOUS}`);

  return function run(data) {
    host.enter();
    try {
      const returned = handle(new Repeat(data));
      if (typeof returned?.then === "function")
        throw new TypeError(`the handler returned a promise, but ${SYNCHRONOUS}`);
    } catch (error) {
      throw error instanceof Failure ? asContract(error) : bug(error);
    }
  };
}

/**
 * componentize-qjs takes the `payload` of what is thrown for the `err` of the result.
 *
 * @param {Failure} failure
 */
function asContract(failure) {
  const payload = { tag: failure.outcome, val: toText(failure.message) };
  return Object.assign(new Error(failure.message, { cause: failure }), { payload });
}

/**
 * Log it, and give back what to throw: an error that has no `payload`, whatever the one caught had.
 *
 * @param {unknown} error
 */
function bug(error) {
  const isError = error instanceof Error;
  log.error(`the handler threw ${isError ? `${error.name}: ${error.message}` : toText(error)}`);
  const frames = isError
    ? String(error.stack ?? "")
        .split("\n")
        .filter((line) => /^\s*at /.test(line))
    : [];
  for (const frame of frames.slice(0, STACK_LINES_MAX)) log.error(frame);
  return new Error("the handler threw: see the log", { cause: error });
}
