/**
 * @file UTF-8 without TextEncoder and TextDecoder: the same answers as the WHATWG Encoding Standard, which Node's own
 * follow, for hostile bytes and for half surrogate pairs. In Node, and in QuickJS, where the code is used.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as utf8 from "../src/utf8.js";
import { evaluate } from "./quickjs.js";

/** One of each thing that is wrong with bytes: RFC 3629, section 10, and the Unicode Standard, section 3.9. */
const HOSTILE = [
  "ff",
  "fe",
  "80",
  "bf80",
  "c3",
  "c328",
  "e282",
  "e28228",
  "e228a1",
  "f09f98",
  "f09f9828",
  "f0289880",
  "c080",
  "c1bf",
  "e08080",
  "e09fbf",
  "f0808080",
  "f08fbfbf",
  "eda080",
  "edbfbf",
  "eda0bdedb880",
  "f4908080",
  "f5808080",
  "f888808080",
  "fc8480808080",
  "efbbbf",
  "efbfbe",
  "efbfbf",
  "61ff62",
  "ffff",
  "e28228a1c3",
  "d191ffd191",
  "00",
  "7f",
];
const TEXTS = [
  "",
  "plain",
  "a b\n\u0000",
  "ёж",
  "e\u0301",
  "日本",
  "🦔",
  "\u{10FFFF}",
  "\uFEFFbom",
  "\uD800",
  "a\uDFFFb",
  "\uDE00\uD83D",
];
const SEED = 20_240_607;
const RANDOM_CASES = 3_000;

/** mulberry32: a case that fails is found again. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Bytes near the borders of what is allowed, so that most of them are wrong in a small place. */
function nearlyText(draw) {
  const edges = [
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xd1, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf3,
    0xf4, 0xf5, 0xff,
  ];
  return Uint8Array.from({ length: draw() % 12 }, () => edges[draw() % edges.length]);
}

function cases() {
  const draw = random(SEED);
  const bytes = HOSTILE.map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
  for (let i = 0; i < RANDOM_CASES; i += 1) bytes.push(nearlyText(draw));
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
  const decoded = bytes.map((given) => {
    let exact = null;
    try {
      exact = strict.decode(given);
    } catch {}
    return [[...given], exact, lossy.decode(given)];
  });
  return { decoded, encoded: TEXTS.map((text) => [text, [...new TextEncoder().encode(text)]]) };
}

/** Runs in both engines. @returns {string[]} What came out wrong. */
function wrong(utf8, { decoded, encoded }) {
  const failures = [];
  const compare = (what, got, wanted) =>
    got === wanted || failures.push(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  for (const [bytes, exact, lossy] of decoded) {
    compare(`decode ${bytes}`, utf8.portableDecode(new Uint8Array(bytes)) ?? null, exact);
    compare(`mend ${bytes}`, utf8.portableDecodeLossy(new Uint8Array(bytes)), lossy);
  }
  for (const [text, bytes] of encoded)
    compare(`encode ${JSON.stringify(text)}`, String(utf8.portableEncode(text)), String(bytes));
  return failures;
}

test("in Node, text and hostile bytes come out as the standard says", () => {
  const all = cases();
  assert.equal(
    all.decoded.filter(([, exact]) => exact === null).length > RANDOM_CASES / 2,
    true,
    "most cases are hostile",
  );
  assert.deepEqual(wrong(utf8, all), []);
});

test("in QuickJS, text and hostile bytes come out as the standard says", async () => {
  const all = cases();
  const said = await evaluate(`
    import * as utf8 from "../src/utf8.js";
    ${wrong}
    const all = ${JSON.stringify(all)};
    say(JSON.stringify({ wrong: wrong(utf8, all), same: all.encoded.every(([text, bytes]) => String(utf8.encode(text)) === String(bytes)) }));
  `);
  assert.deepEqual(JSON.parse(said), { wrong: [], same: true });
});

test("what is long is decoded whole, whatever the borders of chunks cut", () => {
  const text = "aё日🦔".repeat(5_000);
  assert.equal(utf8.portableDecode(utf8.portableEncode(text)), text);
  const broken = Uint8Array.of(...utf8.encode(text.slice(0, 30_000)), 0xff);
  assert.equal(utf8.portableDecodeLossy(broken), `${text.slice(0, 30_000)}\uFFFD`);
});
