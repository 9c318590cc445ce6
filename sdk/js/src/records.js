/**
 * @file Records as text and JSON. One that is missing or does not parse is permanent, for no repeat will change it.
 *
 * Reasons begin with `record I: `. They do not quote the record: they are kept and logged, and it may hold what must
 * not be.
 */

import { Failure, Permanent } from "./failure.js";
import { decode } from "./utf8.js";

/**
 * @param {readonly Uint8Array[]} records
 * @param {number} index From 0.
 * @returns {string}
 */
export function text(records, index) {
  const bytes = records[index];
  if (bytes === undefined) throw new Permanent(`record ${index}: there is none, the session has ${records.length}`);
  const text = decode(bytes);
  if (text === undefined) throw new Permanent(`record ${index}: its ${bytes.length} bytes are not UTF-8`);
  return text;
}

/**
 * @template T
 * @param {readonly Uint8Array[]} records
 * @param {number} index From 0.
 * @param {(value: any) => T} read Makes of the JSON value what the caller wants; what it throws is permanent.
 * @returns {T}
 */
export function json(records, index, read) {
  const source = text(records, index);
  try {
    return read(JSON.parse(source));
  } catch (error) {
    throw unreadable(index, error);
  }
}

/**
 * @param {number} index
 * @param {unknown} error
 */
function unreadable(index, error) {
  if (error instanceof Failure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Permanent(`record ${index}: ${why}`, { cause: error });
}
