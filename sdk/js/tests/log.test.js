/** @file Log, console and settings. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { defineHandler, log, settings } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

import { makeConsole } from "../src/console.js";

test("each level is written as itself, and what is not text becomes text", () => {
  const levels = ["trace", "debug", "info", "warn", "error"];
  const { lines } = run(defineHandler(() => levels.forEach((level) => log[level](`a ${level}`))));
  assert.deepEqual(
    lines,
    levels.map((level) => ({ level, message: `a ${level}` })),
  );
  const odd = run(defineHandler(() => [7, null, "\uD83D!"].forEach(log.info)));
  assert.deepEqual(
    odd.lines.map(({ message }) => message),
    ["7", "null", "\uFFFD!"],
  );
});

test("the console of a component writes lines, whatever it is given", () => {
  const lines = [];
  const console = makeConsole((level, message) => lines.push(`${level} ${message}`));
  const circle = {};
  circle.self = circle;
  console.log("a", 1, { b: [2] }, undefined, null);
  console.warn(circle, 10n, Symbol("s"));
  console.error(new TypeError("oops"));
  assert.deepEqual(lines.slice(0, 2), ['info a 1 {"b":[2]} undefined null', "warn [object Object] 10 Symbol(s)"]);
  assert.match(lines[2], /^error TypeError: oops\n/);
});

test("settings are read, and a missing one is permanent and names the remedy", () => {
  const ended = run(
    defineHandler(() => {
      assert.deepEqual([settings.get("a"), settings.get("b"), settings.require("a")], ["1", undefined, "1"]);
      assert.deepEqual(settings.all(), { a: "1" });
      settings.require("b");
    }),
    { settings: { a: "1" } },
  );
  assert.equal(ended.outcome, "permanent");
  assert.equal(ended.reason, "the setting `b` is missing: add it to [kind.plugin.settings] of this kind");
});

test("without a scene there is no host, and the message says so", () => {
  assert.throws(() => settings.get("a"), /run the handler with `run` from mpy6a-handler\/testing/);
});
