/** @file How a run ends: failures, bugs, promises. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure, Permanent, Retry, defineHandler, http, settings } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

import { guard } from "../src/handler.js";

/** @param {Error} error */
const fail = (error) => {
  throw error;
};

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

test("a promise that is waited for fails the run, with the place, and nothing is committed", () => {
  const resolved = Promise.resolve(1);
  const waiters = {
    then: () => resolved.then(() => 2),
    catch: () => resolved.catch(() => 2),
    finally: () => resolved.finally(() => 2),
    all: () => Promise.all([resolved]),
    await: () => {
      (async () => await resolved)();
    },
  };
  for (const [how, wait] of Object.entries(waiters)) {
    for (const end of [() => {}, () => fail(new Permanent("no"))]) {
      const ended = handled((repeat) => {
        repeat.append("first");
        wait();
        end();
        repeat.delete();
      });
      assert.deepEqual([ended.outcome, ended.operations], ["trapped", []], how);
      assert.match(ended.lines[0].message, /^a promise was pending when the handler returned, and nothing settles it/);
      assert.ok(
        ended.lines.some(({ message }) => /handler\.test\.js:\d+/.test(message)),
        how,
      );
    }
  }
});

test("a response that is awaited fails the run, with the place, and nothing is committed", () => {
  const scene = { http: () => ({}) };
  const work = async (repeat) => {
    const found = await http.get("http://a/");
    repeat.append(found.text());
  };
  const ended = handled((repeat) => void (work(repeat), repeat.delete()), scene);
  assert.deepEqual([ended.outcome, ended.operations, ended.requests.length], ["trapped", [], 1]);
  assert.match(ended.lines[0].message, /^a promise was pending when the handler returned, and nothing settles it/);
  assert.ok(ended.lines.some(({ message }) => /handler\.test\.js:\d+/.test(message)));
  // Returned, it is only a value.
  assert.equal(handled(() => http.get("http://a/"), scene).outcome, "unfinished");
});

/** How esbuild writes an async function with --supported:async-await=false. */
const lowered = (generator) =>
  new Promise((resolve, reject) => {
    const attempt = (act) => (value) => {
      try {
        step(act(value));
      } catch (error) {
        reject(error);
      }
    };
    const [fulfilled, rejected] = [attempt((value) => made.next(value)), attempt((value) => made.throw(value))];
    const step = (at) => (at.done ? resolve(at.value) : Promise.resolve(at.value).then(fulfilled, rejected));
    const made = generator();
    step(made.next());
  });

test("in a bundle whatever is awaited fails the run", () => {
  for (const value of [undefined, 1, "text", {}, [], null, Promise.resolve(1)]) {
    const ended = handled((repeat) => {
      lowered(function* () {
        yield value;
        repeat.append("never");
      });
      repeat.delete();
    });
    assert.deepEqual([ended.outcome, ended.operations], ["trapped", []], String(value));
    assert.match(ended.lines[0].message, /^a promise was pending/);
  }
});

test("promises that nobody waits for, and those outside of a run, are left alone", async () => {
  const before = Promise.resolve(1);
  assert.equal(handled((repeat) => void (Promise.resolve(2), new Promise(() => {}), repeat.delete())).outcome, "deleted");
  assert.equal(await before.then((one) => one + 1), 2);
  assert.equal(before.constructor, Promise);
});

test("a bug is told before the promise that was pending when it came", () => {
  const { lines } = handled(() => {
    Promise.resolve().then(() => {});
    null.field;
  });
  assert.match(lines[0].message, /^the handler threw TypeError/);
});

test("a handle that defineHandler did not make is held to the same", () => {
  assert.throws(() => guard(async () => {}), /handlers are synchronous/);
  const own = defineHandler((repeat) => repeat.delete());
  assert.equal(guard(own), own);
  const raw = (act) => run(guard(act));
  assert.equal(raw((data) => data.session.delete()).outcome, "deleted");
  assert.match(raw(() => Promise.resolve()).lines[0].message, /^the handler returned a promise/);
  assert.match(raw(() => void Promise.resolve().then(() => {})).lines[0].message, /^a promise was pending/);
  const retry = () => fail(Object.assign(new Error(), { payload: { tag: "retry", val: "later" } }));
  assert.deepEqual([raw(retry).outcome, raw(retry).reason], ["retry", "later"]);
  assert.equal(raw(() => fail(new Permanent("no"))).outcome, "permanent");
  assert.match(raw(() => fail(new Error("rate missing"))).lines[0].message, /^the handler threw Error: rate missing$/);
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
