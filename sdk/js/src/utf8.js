/**
 * @file UTF-8, for an engine that has no `TextEncoder` and no `TextDecoder`. Where they exist they are used.
 *
 * QuickJS interprets: a loop over bytes takes about 1,000 units of fuel for each, `decodeURIComponent` over the same
 * text takes half of it. So the strict way goes through the functions that are native in every engine, by way of a
 * string that has one character for each byte. Only text that is not UTF-8 is looped over, to mend it.
 *
 * No byte order mark is taken away: bytes that go through both directions come out the same.
 */

/** Arguments in one call of `String.fromCharCode`: each takes a slot of the engine's stack. */
const CHUNK_BYTES = 4096;

/** What stands in for bytes that are no UTF-8. */
const REPLACEMENT = "\uFFFD";

const native = typeof TextEncoder === "function" && typeof TextDecoder === "function";

/**
 * @param {string} text Half surrogate pairs become U+FFFD.
 * @returns {Uint8Array}
 */
export function encode(text) {
  return native ? new TextEncoder().encode(text) : portableEncode(text);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string | undefined} The text; nothing if the bytes are not UTF-8 from end to end.
 */
export function decode(bytes) {
  if (!native) return portableDecode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} The text; each longest beginning of a character that does not go on becomes one U+FFFD, as the
 * WHATWG Encoding Standard has it.
 */
export function decodeLossy(bytes) {
  return native ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : portableDecodeLossy(bytes);
}

/** @param {string} text */
export function portableEncode(text) {
  const characters = unescape(encodeURIComponent(text.toWellFormed()));
  if (Uint8Array.fromBase64 && typeof btoa === "function") return Uint8Array.fromBase64(btoa(characters));
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function portableDecode(bytes) {
  try {
    return decodeURIComponent(escape(characters(bytes)));
  } catch {
    return undefined;
  }
}

/** @param {Uint8Array} bytes */
export function portableDecodeLossy(bytes) {
  return portableDecode(bytes) ?? mend(bytes);
}

/**
 * One character, from U+0000 to U+00FF, for each byte.
 *
 * @param {Uint8Array} bytes
 */
function characters(bytes) {
  if (bytes.toBase64 && typeof atob === "function") return atob(bytes.toBase64());
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return text;
}

/**
 * Go from character to character, and put U+FFFD in place of what is none.
 *
 * @param {Uint8Array} bytes
 */
function mend(bytes) {
  const parts = [];
  let good = 0;
  let at = 0;
  while (at < bytes.length) {
    const { length, whole } = measure(bytes, at);
    if (!whole) {
      parts.push(portableDecode(bytes.subarray(good, at)), REPLACEMENT);
      good = at + length;
    }
    at += length;
  }
  parts.push(portableDecode(bytes.subarray(good)));
  return parts.join("");
}

/**
 * The character at a place: how many bytes belong to it, and whether they are all there. The second byte's range
 * shuts out what has a shorter form, surrogates, and what is over U+10FFFF (the Unicode Standard, table 3-7).
 *
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function measure(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return { length: 1, whole: true };
  const wanted = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let length = 1;
  while (length < wanted && follows(bytes[at + length], length === 1 ? first : 0)) length += 1;
  return { length, whole: length === wanted };
}

/**
 * Whether a byte may go on a character; directly after `first` its range is narrower.
 *
 * @param {number | undefined} byte
 * @param {number} first 0 if another byte is between.
 */
function follows(byte, first) {
  if (byte === undefined) return false;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}
