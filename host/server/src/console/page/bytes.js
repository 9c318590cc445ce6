// Bytes as text, JSON or hex. Text is shown as it is, but for what a person would not see, or would see elsewhere than it is.

const ROW = 16;
/** What is shown by its number: control characters, and those that change the direction of what stands behind them. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Bytes from hex digits. */
export function fromHex(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

/** A text that moves nothing: `\u{1b}` in place of what a terminal, or a reader, would obey. */
export function plain(text) {
  return text.replace(UNSEEN, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);
}

/** `partial`: more of it follows, so a character that was cut is left out. */
export function text(bytes, partial = false) {
  return plain(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: partial }));
}

/** Bytes with their places, and as ASCII. `from`: the place of the first. */
export function hex(bytes, from = 0) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const digits = row
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join(" ")
      .padEnd(3 * ROW - 1);
    const letters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${(from + at).toString(16).padStart(8, "0")}  ${digits}  ${letters}`);
  }
  return rows.join("\n");
}

/** JSON with a line for each member; null if it is none. Numbers stay as they were written, however many digits they have. */
export function json(bytes) {
  const given = decoded(bytes);
  if (given === null || !isJson(given)) return null;
  const tokens = given.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let out = "",
    depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, 32))}`;
  tokens.forEach((token, at) => {
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      depth += 1;
      out += token + (next === "}" || next === "]" ? "" : line());
    } else if (token === "}" || token === "]") {
      depth -= 1;
      out += (tokens[at - 1] === "{" || tokens[at - 1] === "[" ? "" : line()) + token;
    } else {
      out += token === "," ? token + line() : token === ":" ? ": " : token;
    }
  });
  return plain(out);
}

/** JSON if it is an object or a list, else text if it is UTF-8 for people, else hex. */
export function best(bytes, from = 0, partial = false) {
  const given = decoded(bytes, partial);
  if (given === null || /[\u0000-\u0008\u000e-\u001a]/.test(given)) return hex(bytes, from);
  return (/^\s*[[{]/.test(given) && json(bytes)) || plain(given);
}

function decoded(bytes, partial = false) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: partial });
  } catch {
    return null;
  }
}

function isJson(given) {
  try {
    JSON.parse(given);
    return true;
  } catch {
    return false;
  }
}
