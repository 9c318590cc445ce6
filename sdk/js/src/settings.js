/**
 * @file What the config gives to this kind: `[kind.plugin.settings]`. A change of the config reaches the next run.
 */

import * as host from "#host";

import { Permanent, Retry } from "./failure.js";
import { refusal } from "./refusal.js";
import { toText } from "./text.js";

/**
 * @param {string} key
 * @returns {string | undefined} The value; nothing where the config does not give it.
 */
export function get(key) {
  return ask(`the setting \`${key}\``, () => host.setting(toText(key)) ?? undefined);
}

/**
 * @param {string} key
 * @returns {string} The value. Without it the failure is permanent, and names the remedy.
 */
export function require(key) {
  const value = get(key);
  if (value !== undefined) return value;
  throw new Permanent(`the setting \`${key}\` is missing: add it to [kind.plugin.settings] of this kind`);
}

/** @returns {Record<string, string>} Every setting. */
export function all() {
  return ask("the settings", () => Object.fromEntries(host.settings()));
}

/**
 * A store that cannot be read is to be retried.
 *
 * @template T
 * @param {string} what
 * @param {() => T} read
 * @returns {T}
 */
function ask(what, read) {
  try {
    return read();
  } catch (error) {
    throw new Retry(`reading ${what}: ${refusal(error).val}`);
  }
}
