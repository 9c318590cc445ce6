/**
 * @file No host: under Node, what a handler does is written down on the stage that a test set up (index.js).
 *
 * It speaks the contract as componentize-qjs shows it, refusals included, so that all the rest of the package runs in
 * tests as it runs in a component. Rules of the real host that handlers get wrong are kept:
 *
 * - after `delete` or `store` the session takes no more operations and no HTTP leaves;
 * - what was asked before a request is committed when it leaves, and outlives a trap.
 */

import { refuse } from "../refusal.js";

/** @typedef {import("../host/contract.js").Host} Host */

/**
 * @typedef {object} Stage
 * @property {Map<string, string>} settings
 * @property {(request: import("../host/contract.js").Request) => import("../host/contract.js").Response} answer
 * @property {import("../../types/testing.js").Operation[]} operations
 * @property {number} committed How many of the operations are committed already.
 * @property {import("../host/contract.js").Request[]} requests
 * @property {import("../../types/testing.js").Line[]} lines
 */

/** @type {Stage | undefined} */
let stage;

/**
 * Do something with this stage as the host.
 *
 * @param {Stage} set
 * @param {() => void} act
 */
export function on(set, act) {
  if (stage) throw new Error("a scene runs already: one handler cannot run another");
  stage = set;
  try {
    act();
  } finally {
    stage = undefined;
  }
}

function current() {
  if (stage) return stage;
  throw new Error("there is no host under Node: run the handler with `run` from mpy6a-handler/testing");
}

/** @type {Host["enter"]} */
export function enter() {
  current();
}

/** @type {Host["send"]} */
export function send(request) {
  const { operations, requests, answer } = current();
  if (finished(operations)) {
    throw refuse({ tag: "invalid", val: "the session is finished: send before delete or store" });
  }
  current().committed = operations.length;
  requests.push(request);
  return answer(request);
}

/** @type {Host["log"]} */
export function log(level, message) {
  current().lines.push({ level, message });
}

/** @type {Host["setting"]} */
export function setting(key) {
  return current().settings.get(key) ?? null;
}

/** @type {Host["settings"]} */
export function settings() {
  return [...current().settings];
}

/** @type {import("../host/contract.js").SessionHandle} */
export const session = {
  id: () => "1-1",
  fence: () => "1-2",
  append: (record) => operate({ do: "append", record: record.slice() }),
  replace: (record) => operate({ do: "replace", record: record.slice() }),
  delete: () => operate({ do: "delete" }),
  store: (timeoutS) => operate(timeoutS === null ? { do: "store" } : { do: "store", timeoutS }),
};

/** @param {import("../../types/testing.js").Operation} operation */
function operate(operation) {
  const { operations } = current();
  if (finished(operations)) throw refuse({ tag: "finished" });
  operations.push(operation);
}

/** @param {import("../../types/testing.js").Operation[]} operations */
function finished(operations) {
  const last = operations.at(-1)?.do;
  return last === "delete" || last === "store";
}
