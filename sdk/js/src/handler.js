/**
 * @file From the component's export to the author's function, and back.
 *
 * - A {@link Failure} becomes the contract's failure: retry or permanent.
 * - Any other error is a bug: it is logged with its stack and leaves the export, so that the engine traps and the host
 *   throws away what the run had not committed.
 * - Handlers are synchronous. A promise would be settled by nobody: what returns one, or waits for one, is refused, as early
 *   as it can be seen. An `async` function fails the build, for the module is evaluated when the component is built.
 */

import * as host from "#host";

import { Failure } from "./failure.js";
import * as log from "./log.js";
import { watch } from "./promises.js";
import { Repeat } from "./repeat.js";
import { toText } from "./text.js";

/** Lines of a stack that are logged: enough to find the place, few enough for the run's limit on its log. */
const STACK_LINES_MAX = 20;

const SYNCHRONOUS =
  "handlers are synchronous: make the function a plain one, without `async` and `await`; http.get and \
the other calls return their result directly";

const PROMISED = `the handler returned a promise, but ${SYNCHRONOUS}`;
const PENDING = `a promise was pending when the handler returned, and nothing settles it: ${SYNCHRONOUS}`;

/** How the contract names the failures of a run. */
const PAYLOAD_TAGS = ["retry", "permanent"];

/** What {@link defineHandler} made: it needs no {@link guard}. */
const made = new WeakSet();

/**
 * @param {(repeat: Repeat) => any} handle
 * @returns {(data: import("./host/contract.js").RepeatData) => void} What to export as `handle`.
 */
export function defineHandler(handle) {
  if (typeof handle !== "function") throw new TypeError("defineHandler takes the function that handles a repeat");
  refuseAsync(handle);
  const run = supervised((data) => handle(new Repeat(data)), asMeant);
  made.add(run);
  return run;
}

/**
 * Hold a function that was exported as it is to the same: what `mpy6a-handler build` exports in its place.
 *
 * @param {(data: any) => any} handle
 * @returns {(data: any) => void}
 */
export function guard(handle) {
  if (made.has(handle)) return handle;
  refuseAsync(handle);
  return supervised(handle, (error) => (PAYLOAD_TAGS.includes(error?.payload?.tag) ? error : asMeant(error)));
}

/** @param {Function} handle */
function refuseAsync(handle) {
  const kind = Object.prototype.toString.call(handle);
  if (kind !== "[object Function]") throw new TypeError(`this one is ${kind.slice(8, -1)}, but ${SYNCHRONOUS}`);
}

/**
 * @param {(data: import("./host/contract.js").RepeatData) => any} act
 * @param {(error: any) => Error | undefined} meant What to throw for an end that the handler chose; nothing for a bug.
 * @returns {(data: import("./host/contract.js").RepeatData) => void}
 */
function supervised(act, meant) {
  return function run(data) {
    host.enter();
    const waited = watch();
    let end, place;
    try {
      const returned = act(data);
      place = waited(); // Before `then` is asked for here.
      if (typeof returned?.then === "function") end = bug(PROMISED, new TypeError(PROMISED));
    } catch (error) {
      place = waited();
      end = meant(error) ?? threw(error);
    }
    // A bug was told already; an end that the handler chose would commit what it did before it began to wait.
    if (place && (!end || "payload" in end)) end = bug(PENDING, place);
    if (end) throw end;
  };
}

/** @param {unknown} error */
const asMeant = (error) => (error instanceof Failure ? asContract(error) : undefined);

/**
 * componentize-qjs takes the `payload` of what is thrown for the `err` of the result.
 *
 * @param {Failure} failure
 */
function asContract(failure) {
  const payload = { tag: failure.outcome, val: toText(failure.message) };
  return Object.assign(new Error(failure.message, { cause: failure }), { payload });
}

/** @param {unknown} error */
function threw(error) {
  return bug(`the handler threw ${error instanceof Error ? `${error.name}: ${error.message}` : toText(error)}`, error);
}

/**
 * Log what was wrong, and where, and give back what to throw: an error that has no `payload`, whatever the cause has.
 *
 * @param {string} said
 * @param {unknown} cause
 */
function bug(said, cause) {
  log.error(said);
  const frames =
    cause instanceof Error
      ? String(cause.stack ?? "")
          .split("\n")
          .filter((line) => /^\s*at /.test(line))
      : [];
  for (const frame of frames.slice(0, STACK_LINES_MAX)) log.error(frame);
  return new Error(`${said}: see the log`, { cause });
}
