/** @file The handler's decisions, under Node: for each state of a session, what is logged, recorded, and asked of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "mpy6a-handler/testing";

import { handle } from "../src/handler.js";

const TEXT = { text: "water the ferns" };

test("it reminds three times, and then forgets", () => {
  let records = [TEXT];
  for (const [n, end] of [
    [1, "store 60"],
    [2, "store 60"],
    [3, "delete"],
  ]) {
    const ended = run(handle, { records });
    assert.deepEqual(ended.operations, [`append {"reminded":${n}}`, end]);
    assert.deepEqual(ended.lines, [{ level: "info", message: `reminder ${n} of 3: water the ferns` }]);
    records = ended.records;
  }
  assert.deepEqual(records, []);
});

test("the setting says how long to wait", () => {
  assert.equal(run(handle, { records: [TEXT], settings: { every_s: "5" } }).operations[1], "store 5");
});

test("a setting that is no number of seconds is permanent, once it is needed", () => {
  for (const every_s of ["soon", "", "-1", "1.5", "4294967296", "0x10", " 5", "1e3"]) {
    const ended = run(handle, { records: [TEXT], settings: { every_s } });
    assert.equal(ended.outcome, "permanent", every_s);
    assert.match(ended.reason, /every_s/);
    assert.deepEqual(ended.operations, ['append {"reminded":1}'], "the reminder was given, and is not given twice");
  }
  const last = run(handle, { records: [TEXT, { reminded: 1 }, { reminded: 2 }], settings: { every_s: "soon" } });
  assert.equal(last.outcome, "deleted", "no wait, no need");
});

test("a record that nobody can read is permanent, and nothing is done", () => {
  const cases = [
    [[], 0],
    [["{"], 0],
    [["null"], 0],
    [[{ text: 7 }], 0],
    [[Uint8Array.of(0x22, 0xff, 0x22)], 0],
    [[TEXT, { reminded: 1 }, TEXT], 2],
    [[TEXT, { reminded: "once" }], 1],
    [[TEXT, ""], 1],
  ];
  for (const [records, index] of cases) {
    const ended = run(handle, { records });
    assert.equal(ended.outcome, "permanent");
    assert.ok(ended.reason.startsWith(`record ${index}: `), ended.reason);
    assert.deepEqual([ended.operations, ended.lines], [[], []]);
  }
});

test("a text is taken as it is, whatever it holds", () => {
  for (const text of ["", " a b ", "ёж 🦔 e\u0301", "\u0000\n\u2028", "\uFFFD"]) {
    assert.equal(run(handle, { records: [{ text }] }).lines[0].message, `reminder 1 of 3: ${text}`);
  }
});
