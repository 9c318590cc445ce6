/**
 * @file Why a request brought no response.
 */

import { Failure } from "../failure.js";

/**
 * What each error of the contract means. `retry`: the same request may succeed in a later repeat, with the same handler
 * and the same config. `happened`: the service may have carried it out.
 *
 * @type {Record<string, { retry: boolean, happened: boolean, say: (detail?: string | number) => string }>}
 */
const KINDS = {
  denied: { retry: false, happened: false, say: (why) => `denied, see the kind's [[kind.plugin.http]]: ${why}` },
  invalid: { retry: false, happened: false, say: (why) => `not a valid request: ${why}` },
  unreachable: { retry: true, happened: false, say: (why) => `unreachable: ${why}` },
  timeout: { retry: true, happened: true, say: () => "no response in time" },
  broken: { retry: true, happened: true, say: (why) => `the connection broke: ${why}` },
  "response-too-large": {
    retry: false,
    happened: true,
    say: (limit) => `the response is over the host's limit of ${limit} bytes`,
  },
};

/** An error of a later minor version of the contract: what it means is in doubt, so it is a retry. */
const UNKNOWN = { retry: true, happened: true, say: () => "an error that this version of mpy6a-handler does not know" };

/** A request brought no response. Uncaught it is a retry or permanent, as `outcome` says. */
export class HttpError extends Failure {
  /**
   * @param {string} request Method and URL, without the query.
   * @param {string} kind The error, as the contract names it.
   * @param {string | number} [detail] Why; for `response-too-large` the host's limit in bytes.
   */
  constructor(request, kind, detail) {
    const { retry, happened, say } = KINDS[kind] ?? UNKNOWN;
    super(retry ? "retry" : "permanent", `${request}: ${say(detail)}`);
    /** @readonly */
    this.request = request;
    /** @readonly */
    this.kind = kind;
    /** @readonly */
    this.mayHaveHappened = happened;
  }
}
