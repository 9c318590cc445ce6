/**
 * @file The component's imports, as wit/handler.wit names them. componentize-qjs binds them; nothing else can load
 * this file. Under Node `#host` is src/testing/stage.js, which has the same exports.
 *
 * The author's modules are evaluated when the component is *built*, and what they made is kept in it. There is no host
 * then, so calls before the first run are refused by name; the engine's own message would be a backtrace.
 */

import { send as sendRequest } from "mpy6a:handler/http";
import { write } from "mpy6a:handler/log";
import * as store from "wasi:config/store";

import { makeConsole } from "../console.js";

/** Whether this instance is in its run. It has only one: every run gets a fresh instance. */
let running = false;

/** A run begins. */
export function enter() {
  running = true;
}

/** @param {import("./contract.js").Request} request */
export function send(request) {
  needRun("http");
  return sendRequest(request);
}

/**
 * @param {import("./contract.js").Level} level
 * @param {string} message
 */
export function log(level, message) {
  needRun("log");
  write(level, message);
}

/** @param {string} key */
export function setting(key) {
  needRun("settings");
  return store.get(key);
}

export function settings() {
  needRun("settings");
  return store.getAll();
}

/** @param {string} what */
function needRun(what) {
  if (running) return;
  throw new Error(`${what} is there during a run only: the top level of a module runs when the component is built; \
move the call into the handler`);
}

// The engine has no console, and what a module says while it is built is for nobody.
globalThis.console ??= makeConsole((level, message) => running && write(level, message));
