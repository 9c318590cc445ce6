/** @file The handler's decisions, under Node: `npm test`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "mpy6a-handler/testing";

import { handle } from "../src/handler.js";

const settings = { shop: "http://shop.test" };

test("the order is cancelled, and the session deleted", () => {
  const ended = run(handle, { records: [{ order: 7 }], settings, http: () => ({ status: 204 }) });
  assert.equal(ended.outcome, "deleted");
  assert.deepEqual(
    ended.requests.map(({ method, url, step }) => [method, url, step]),
    [["POST", "http://shop.test/orders/7/cancel", "cancel"]],
  );
  assert.deepEqual(ended.lines, [{ level: "info", message: "cancelled order 7" }]);
});

test("a shop that is down is asked again later, and nothing is forgotten", () => {
  for (const answer of [{ status: 503 }, { fails: "timeout" }]) {
    const ended = run(handle, { records: [{ order: 7 }], settings, http: () => answer });
    assert.deepEqual([ended.outcome, ended.operations], ["retry", []]);
  }
});

test("a record that is no order is kept for a person", () => {
  const ended = run(handle, { records: [{ order: "7" }], settings });
  assert.deepEqual([ended.outcome, ended.reason], ["permanent", "record 0: it has no whole number `order`"]);
});
