/**
 * wit/handler.wit, as componentize-qjs shows it to JavaScript: records are objects with names in camelCase, options are
 * `null` where there is none, `u64` is a number. The `err` of a result is thrown: see refusal.js.
 */

export interface SessionHandle {
  id(): string;
  fence(): string;
  append(record: Uint8Array): void;
  replace(record: Uint8Array): void;
  delete(): void;
  store(timeoutS: number | null): void;
}

export interface RepeatData {
  records: Uint8Array[];
  session: SessionHandle;
  kind: number;
  kindName: string;
  repeat: number;
  maxRepeats: number;
  createdMs: number;
  storedMs: number;
  dueMs: number;
  deadlineMs: number;
  idempotencyKey: string;
  traceparent: string | null;
}

export interface Request {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array | null;
  timeoutMs: number | null;
  step: string | null;
}

export interface Response {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
}

export type Level = "trace" | "debug" | "info" | "warn" | "error";

/** What both sides of `#host` export. */
export interface Host {
  enter(): void;
  send(request: Request): Response;
  log(level: Level, message: string): void;
  setting(key: string): string | null;
  settings(): [string, string][];
}
