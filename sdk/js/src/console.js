/**
 * @file A `console` for an engine that has none, so that libraries and a quick look at a value work. A handler's own
 * lines are better written with `log`.
 */

/** @typedef {import("./host/contract.js").Level} Level */

/** @type {[name: string, level: Level][]} */
const METHODS = [
  ["trace", "trace"],
  ["debug", "debug"],
  ["log", "info"],
  ["info", "info"],
  ["warn", "warn"],
  ["error", "error"],
];

/**
 * @param {(level: Level, message: string) => void} write
 * @returns {Console}
 */
export function makeConsole(write) {
  const methods = METHODS.map(([name, level]) => [
    name,
    (/** @type {unknown[]} */ ...values) => write(level, values.map(show).join(" ").toWellFormed()),
  ]);
  return Object.fromEntries(methods);
}

/**
 * Text as it is, an error with its stack, the rest as JSON if JSON has it.
 *
 * @param {unknown} value
 * @returns {string}
 */
function show(value) {
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
