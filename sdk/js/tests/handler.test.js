/** @file How a run ends: failures, bugs, promises. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure, Permanent, Retry, defineHandler, http, settings } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

/** Run a function as a handler. */
const handled = (handle, scene) => run(defineHandler(handle), scene);
const outcomeOf = (handle, scene) => {
  const { outcome, reason } = handled(handle, scene);
  return [outcome, reason];
};

test("a run ends as its last operation or its failure says", () => {
  assert.deepEqual(
    outcomeOf((repeat) => repeat.delete()),
    ["deleted", undefined],
  );
  assert.deepEqual(
    outcomeOf((repeat) => repeat.store(1)),
    ["stored", undefined],
  );
  assert.deepEqual(
    outcomeOf((repeat) => repeat.append("x")),
    ["unfinished", undefined],
  );
  const thrower = (error) => () => {
    throw error;
  };
  assert.deepEqual(outcomeOf(thrower(new Retry("busy"))), ["retry", "busy"]);
  assert.deepEqual(outcomeOf(thrower(new Permanent("never"))), ["permanent", "never"]);
});

test("a failure keeps what the run did to the session, a bug does not", () => {
  const failing = (error) => (repeat) => {
    repeat.append("found out");
    throw error;
  };
  assert.deepEqual(handled(failing(new Retry("busy"))).operations, ["append found out"]);
  const trapped = handled(failing(new TypeError("oops")), { records: ["1"] });
  assert.deepEqual([trapped.outcome, trapped.operations, trapped.records.length], ["trapped", [], 1]);
});

test("what was asked before a request outlives a trap", () => {
  const ended = handled(
    (repeat) => {
      repeat.append("before");
      http.get("http://a/");
      repeat.append("after");
      throw new Error("oops");
    },
    { http: () => ({}) },
  );
  assert.deepEqual([ended.outcome, ended.operations], ["trapped", ["append before"]]);
});

test("a bug is logged at error, with its text and its place", () => {
  const ended = handled(function broken() {
    undefined.field;
  });
  assert.equal(ended.outcome, "trapped");
  assert.ok(ended.error instanceof TypeError);
  assert.ok(ended.lines.every(({ level }) => level === "error"));
  assert.match(ended.lines[0].message, /^the handler threw TypeError: .*undefined/);
  assert.match(ended.lines[1].message, /at broken .*handler\.test\.js:\d+/);
});

test("a bug traps whatever is thrown, even what looks like a failure of the contract", () => {
  for (const thrown of ["text", null, undefined, { payload: { tag: "retry", val: "no" } }]) {
    const { outcome, lines } = handled(() => {
      throw thrown;
    });
    assert.equal(outcome, "trapped", String(thrown));
    assert.match(lines[0].message, /^the handler threw /);
  }
});

test("a stack without end is logged in part", () => {
  const error = new Error("deep");
  error.stack = `Error: deep\n${"    at f (x.js:1:1)\n".repeat(1_000)}`;
  const { lines } = handled(() => {
    throw error;
  });
  assert.equal(lines.length, 1 + 20);
});

test("an async function is refused when it is defined, with the remedy", () => {
  const message = /handlers are synchronous: make the function a plain one, without `async` and `await`/;
  assert.throws(() => defineHandler(async () => {}), message);
  assert.throws(() => defineHandler(function* () {}), message);
  assert.throws(() => defineHandler({}), /takes the function/);
});

test("a promise that comes back is refused in the run, and nothing is committed", () => {
  const ended = handled((repeat) => {
    repeat.delete();
    return Promise.resolve();
  });
  assert.deepEqual([ended.outcome, ended.operations], ["trapped", []]);
  assert.match(ended.lines[0].message, /the handler returned a promise, but handlers are synchronous/);
});

test("Retry.from makes a retry of every failure, and leaves bugs alone", () => {
  const leave = (act) => () => {
    try {
      act();
    } catch (error) {
      throw Retry.from(error);
    }
  };
  assert.deepEqual(
    outcomeOf(
      leave(() => {
        throw new Permanent("no");
      }),
    ),
    ["retry", "no"],
  );
  assert.equal(outcomeOf(leave(() => settings.require("x")))[0], "retry");
  assert.equal(outcomeOf(leave(() => null.x))[0], "trapped");
});

test("a reason that is no Unicode is mended", () => {
  assert.deepEqual(
    outcomeOf(() => {
      throw new Retry("\uD800!");
    }),
    ["retry", "\uFFFD!"],
  );
});

test("failures have their class's name, and a cause", () => {
  const failure = new Permanent("no", { cause: 7 });
  assert.deepEqual(
    [failure.name, failure.outcome, failure.cause, failure instanceof Failure],
    ["Permanent", "permanent", 7, true],
  );
});
