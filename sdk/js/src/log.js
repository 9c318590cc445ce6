/**
 * @file Lines into the host's log, and into the session's history.
 *
 * The host escapes control characters, cuts long lines, and drops lines after the run's limit. There is no level
 * filter here: the level is the host's to choose.
 */

import * as host from "#host";

import { toText } from "./text.js";

/** @param {import("./host/contract.js").Level} level */
const at = (level) => (/** @type {unknown} */ message) => host.log(level, toText(message));

/** Every step. */
export const trace = at("trace");
/** For who looks for a bug. */
export const debug = at("debug");
/** What happened. */
export const info = at("info");
/** What should not happen often. */
export const warn = at("warn");
/** What should not happen. */
export const error = at("error");
