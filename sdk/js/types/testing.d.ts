/**
 * Run a handler under Node, without a host, and look at what it did.
 *
 * ```js
 * const ended = run(handle, { records: [{ order: 7 }], settings: { shop: "http://shop" }, http: () => ({ status: 204 }) });
 * assert.equal(ended.outcome, "deleted");
 * ```
 *
 * This tests a handler's decisions. Limits, grants, and crashes at every step are for `mpy6a plugin test`.
 */

import type { Handler } from "./index.js";

/** What a handler is to find: records, settings, how the outside answers. All of it may be left out. */
export interface Scene {
  /** Text and bytes as they are, any other value as JSON. */
  records?: unknown[];
  settings?: Record<string, string>;
  /** Grants HTTP, and answers every request. Without it every request is `denied`. */
  http?: (request: SentRequest) => Answer | Failed;
  /** Which repeat it is, from 1: 1 if left out, of 10. */
  repeat?: number;
  maxRepeats?: number;
  kind?: number;
  kindName?: string;
  createdMs?: number;
  storedMs?: number;
  dueMs?: number;
  deadlineMs?: number;
  idempotencyKey?: string;
  traceparent?: string;
}

/** A request that left. */
export interface SentRequest {
  method: string;
  /** With the query. */
  url: string;
  headers: [string, string][];
  body: Uint8Array | undefined;
  /** The body as text. */
  text: string | undefined;
  step: string | undefined;
  timeoutMs: number | undefined;
}

/** A response: status 200, no headers and an empty body where nothing else is said. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  json?: unknown;
}

/** No response. */
export interface Failed {
  fails: "denied" | "invalid" | "unreachable" | "timeout" | "broken" | "response-too-large";
  detail?: string | number;
}

export type Operation =
  | { do: "append" | "replace"; record: Uint8Array }
  | { do: "delete" }
  | { do: "store"; timeoutS?: number };

export interface Line {
  level: "trace" | "debug" | "info" | "warn" | "error";
  message: string;
}

/** What a run did. */
export interface Ended {
  /** What becomes of the session: see "Finishing a session" in the README. */
  outcome: "deleted" | "stored" | "unfinished" | "retry" | "permanent" | "trapped";
  /** The reason of a retry or a permanent failure. */
  reason: string | undefined;
  /** What the handler threw, if it did. */
  error: unknown;
  /** What was committed, in order, as text: `append {"reminded":1}`, `replace x`, `store 60`, `store`, `delete`. */
  operations: string[];
  /** The records that the session has after the run. */
  records: Uint8Array[];
  /** The requests that left. */
  requests: SentRequest[];
  /** The lines logged. */
  lines: Line[];
}

/** Run what `defineHandler` made. */
export function run(handle: Handler, scene?: Scene): Ended;
