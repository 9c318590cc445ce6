/**
 * Outbound HTTP, where the kind's config grants it: one call sends a request and waits for the whole response, whatever
 * its status. Redirects are the handler's to follow. Without a response the call throws `HttpError`.
 */

import type { Bytes } from "./repeat.js";

/** Names and values; pairs where a name comes more than once. What is not text becomes text. */
export type Pairs = Iterable<readonly [string, unknown]> | Record<string, unknown>;

/** What a request has besides method and URL. Any other option is refused: a misspelt `step` would be a bad surprise. */
export interface Options {
  /** Added to the URL's query, percent-encoded. */
  query?: Pairs;
  headers?: Pairs;
  /** Send these bytes. */
  body?: Bytes;
  /** Send this value as JSON, with its `Content-Type`. */
  json?: unknown;
  /**
   * A name for what this request does: unique within the handler, and the same for ever. The request then carries
   * `Idempotency-Key: <session id>/<step>` and `Mpy6a-Fence: <fence>`. Name a step in every request that has an effect,
   * and in every look-up that the handler decides by.
   */
  step?: string;
  /** Give up after so many milliseconds, a part of one counting as one. The run's own deadline holds in any case. */
  timeoutMs?: number;
}

/** A whole response. */
export interface Response {
  readonly status: number;
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  /** All headers, names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** The first header of this name, in whatever case. */
  header(name: string): string | undefined;
  /** The body as text; what is not UTF-8 is replaced by U+FFFD. */
  text(): string;
  /**
   * The body read as JSON. One that does not parse is a retry, as is one that `read` does not take: what answered may
   * have been a proxy's error page, or a service half-way through a deployment.
   */
  json(): any;
  json<T>(read: (value: unknown) => T): T;
  /**
   * Itself if the status is 2xx. Else it throws: a retry for 5xx, 408, 409, 412, 423, 425 and 429, permanent for any
   * other status. The reason quotes the beginning of the body.
   */
  expectSuccess(): Response;
}

/** Send a request with any method, in capitals, to an absolute `http` or `https` URL. */
export function send(method: string, url: string, options?: Options): Response;
export function get(url: string, options?: Options): Response;
export function post(url: string, options?: Options): Response;
export function put(url: string, options?: Options): Response;
export function patch(url: string, options?: Options): Response;
declare function drop(url: string, options?: Options): Response;
export { drop as delete };
