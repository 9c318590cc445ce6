/**
 * @file Run a handler under Node, without a host, and look at what it did.
 *
 * This tests a handler's decisions. What only a host can do, it does not do: limits, the allow-list, commits.
 * `types/testing.d.ts` documents every option and result.
 */

import { refuse } from "../refusal.js";
import { toBytes, toJson } from "../text.js";
import { decodeLossy } from "../utf8.js";
import { on, session } from "./stage.js";

/** Times of a session that was created at 1 s, stored at 2 s and due at 3 s, in Unix milliseconds, and a 10 s limit. */
const TIMES = { createdMs: 1_000, storedMs: 2_000, dueMs: 3_000, deadlineMs: 13_000 };

/** @type {(handle: any, scene?: import("../../types/testing.js").Scene) => import("../../types/testing.js").Ended} */
export function run(handle, scene = {}) {
  const { records = [], settings = {}, http, ...known } = scene;
  const given = records.map((record) => (isBytes(record) ? toBytes(record, "a record") : toJson(record, "a record")));
  const stage = {
    settings: new Map(Object.entries(settings)),
    answer: (/** @type {any} */ request) => answer(http, request),
    operations: [],
    committed: 0,
    requests: [],
    lines: [],
  };
  const data = { kind: 1, kindName: "scene", repeat: 1, maxRepeats: 10, ...TIMES, idempotencyKey: "1-1", ...known };

  let error;
  on(stage, () => {
    try {
      handle({ traceparent: null, ...data, records: given, session });
    } catch (thrown) {
      error = thrown;
    }
  });
  return report(given, stage, error);
}

/**
 * @param {Uint8Array[]} given
 * @param {import("./stage.js").Stage} stage
 * @param {any} error What left the export: the `err` of its result is in `payload`, else it is a trap.
 * @returns {import("../../types/testing.js").Ended}
 */
function report(given, stage, error) {
  const trapped = error !== undefined && error.payload === undefined;
  const applied = trapped ? stage.operations.slice(0, stage.committed) : stage.operations;
  const last = applied.at(-1)?.do;
  const outcome = trapped
    ? "trapped"
    : last === "delete"
      ? "deleted"
      : (error?.payload.tag ?? (last === "store" ? "stored" : "unfinished"));
  return {
    outcome,
    reason: trapped ? undefined : error?.payload.val,
    error: error?.cause ?? error,
    operations: applied.map(show),
    records: applied.reduce(apply, given),
    requests: stage.requests.map(shown),
    lines: stage.lines,
  };
}

/** @param {unknown} record */
const isBytes = (record) => typeof record === "string" || record instanceof Uint8Array;

/**
 * An operation as scenarios.toml writes it.
 *
 * @param {import("../../types/testing.js").Operation} operation
 */
function show(operation) {
  if ("record" in operation) return `${operation.do} ${decodeLossy(operation.record)}`;
  return operation.do === "store" && operation.timeoutS !== undefined ? `store ${operation.timeoutS}` : operation.do;
}

/**
 * @param {Uint8Array[]} records
 * @param {import("../../types/testing.js").Operation} operation
 */
function apply(records, operation) {
  if (operation.do === "append") return [...records, operation.record];
  if (operation.do === "replace") return [operation.record];
  return operation.do === "delete" ? [] : records;
}

/**
 * @param {import("../../types/testing.js").Scene["http"]} http
 * @param {import("../host/contract.js").Request} request
 * @returns {import("../host/contract.js").Response}
 */
function answer(http, request) {
  if (!http) throw refuse({ tag: "denied", val: "the scene grants no HTTP: give it `http`" });
  const given = http(shown(request));
  if ("fails" in given) throw refuse({ tag: given.fails, val: given.detail ?? "the scene says so" });
  const { status = 200, headers = {}, body: text = "", json } = given;
  return {
    status,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    body: json === undefined ? toBytes(text, "a body") : toJson(json, "a body"),
  };
}

/**
 * A request as tests see it: an option that is not there is undefined, and the body can be read as text.
 *
 * @param {import("../host/contract.js").Request} request
 * @returns {import("../../types/testing.js").SentRequest}
 */
function shown({ method, url, headers, body, timeoutMs, step }) {
  const text = body === null ? undefined : decodeLossy(body);
  return {
    method,
    url,
    headers,
    body: body ?? undefined,
    text,
    timeoutMs: timeoutMs ?? undefined,
    step: step ?? undefined,
  };
}
