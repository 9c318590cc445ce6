/** @file Records, operations, and what the host knows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { SessionError, defineHandler } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

import { Repeat } from "../src/repeat.js";
import { refuse } from "../src/refusal.js";

const handled = (handle, scene) => run(defineHandler(handle), scene);

/** What a function makes of a repeat, from within a run. */
function within(read, scene) {
  let result;
  const ended = handled((repeat) => {
    result = read(repeat);
  }, scene);
  assert.equal(ended.outcome, "unfinished", ended.reason);
  return result;
}

test("records are bytes, text and JSON", () => {
  const records = ["ёж", Uint8Array.of(0, 255), { a: [1] }, "7"];
  assert.deepEqual(
    within((repeat) => repeat.records[1], { records }),
    Uint8Array.of(0, 255),
  );
  assert.equal(
    within((repeat) => repeat.text(0), { records }),
    "ёж",
  );
  assert.deepEqual(
    within((repeat) => repeat.json(2), { records }),
    { a: [1] },
  );
  assert.equal(
    within((repeat) => repeat.json(3, (value) => value + 1), { records }),
    8,
  );
  assert.deepEqual(
    within((repeat) => repeat.allJson(), { records: ["1", "[2]"] }),
    [1, [2]],
  );
});

test("a record that is missing or cannot be read is permanent, and is named", () => {
  const cases = [
    [(repeat) => repeat.json(2), /^record 2: there is none, the session has 2$/],
    [(repeat) => repeat.text(1), /^record 1: its 1 bytes are not UTF-8$/],
    [(repeat) => repeat.json(1), /^record 1: its 1 bytes are not UTF-8$/],
    [(repeat) => repeat.json(0), /^record 0: .*JSON/],
    [(repeat) => repeat.allJson(), /^record 0: .*JSON/],
    [(repeat) => repeat.json(-1), /^record -1: there is none/],
  ];
  for (const [read, reason] of cases) {
    const ended = handled(read, { records: ["{", Uint8Array.of(0xff)] });
    assert.equal(ended.outcome, "permanent");
    assert.match(ended.reason, reason);
  }
});

test("a record that the reader does not take is permanent, and is named", () => {
  const nick = ({ user }) => user.nick.toUpperCase();
  for (const [records, index] of [
    [['{"user":{}}'], 0],
    [['{"user":{"nick":"a"}}', "null"], 1],
  ]) {
    const ended = handled((repeat) => repeat.allJson(nick), { records });
    assert.equal(ended.outcome, "permanent");
    assert.ok(ended.reason.startsWith(`record ${index}: `), ended.reason);
  }
});

test("replay applies records in order, by change or by a new state", () => {
  const records = [{ nick: "a" }, { id: 7 }, { id: 8 }];
  assert.deepEqual(
    within((repeat) => repeat.replay({}, (state, record) => void Object.assign(state, record)), { records }),
    { nick: "a", id: 8 },
  );
  assert.equal(
    within((repeat) => repeat.replay(0, (count) => count + 1), { records }),
    3,
  );
  assert.equal(
    within((repeat) => repeat.replay("start", () => {}), {}),
    "start",
  );
  const ended = handled((repeat) => repeat.replay([], (state, { id }) => state.push(id.toFixed())), {
    records: [{ id: 1 }, {}],
  });
  assert.match(ended.reason, /^record 1: /);
});

test("operations reach the session in order, as text, bytes and JSON", () => {
  const ended = handled(
    (repeat) => {
      repeat.append("ё");
      repeat.append(Uint8Array.of(1, 2, 3).subarray(1));
      repeat.append(Uint8Array.of(4).buffer);
      repeat.replaceJson({ n: 1 });
      repeat.appendJson([null]);
      repeat.replace("last");
      repeat.store(1.2);
    },
    { records: ["0"] },
  );
  assert.deepEqual(ended.operations, [
    "append ё",
    "append \u0002\u0003",
    "append \u0004",
    'replace {"n":1}',
    "append [null]",
    "replace last",
    "store 2",
  ]);
  assert.deepEqual(ended.records.map(String), ["108,97,115,116"]);
});

test("the session is stored for whole seconds, never fewer than asked", () => {
  const stored = (...timeout) => handled((repeat) => repeat.store(...timeout)).operations[0];
  assert.deepEqual(
    [stored(), stored(0), stored(0.001), stored(1e12)],
    ["store", "store 0", "store 1", `store ${2 ** 32 - 1}`],
  );
});

test("what is no record and no timeout is a bug, and is told apart", () => {
  const cases = [
    [
      (repeat) => repeat.append({ n: 1 }),
      /a record is a string, a Uint8Array or an ArrayBuffer, not a Object; for JSON say so/,
    ],
    [(repeat) => repeat.append(undefined), /not undefined/],
    [(repeat) => repeat.appendJson(undefined), /a record is undefined, which JSON does not have/],
    [(repeat) => repeat.appendJson(() => {}), /which JSON does not have/],
    [(repeat) => repeat.store("60"), /a timeout is a number from 0 on, not 60/],
    [(repeat) => repeat.store(-1), /not -1/],
    [(repeat) => repeat.store(NaN), /not NaN/],
  ];
  for (const [act, message] of cases) {
    const ended = handled(act);
    assert.deepEqual([ended.outcome, ended.operations], ["trapped", []]);
    assert.match(ended.error.message, message);
  }
});

test("a finished session takes nothing more, and says what to do", () => {
  const ended = handled((repeat) => {
    repeat.store();
    assert.throws(() => repeat.append("late"), { name: "SessionError", kind: "finished", limit: undefined });
    repeat.delete();
  });
  assert.equal(ended.outcome, "permanent");
  assert.match(ended.reason, /do that last/);
  assert.deepEqual(ended.operations, ["store"]);
});

test("each refusal of the host has its limit and its remedy", () => {
  const refusing = (tag, val) => {
    const no = () => {
      throw refuse({ tag, val });
    };
    return new Repeat({ records: [], session: { append: no, replace: no, delete: no, store: no } });
  };
  for (const [tag, limit, remedy] of [
    ["record-too-large", 1_048_576, /1048576 bytes: keep large data elsewhere/],
    ["session-too-large", 8, /8 bytes: replace records/],
    ["too-many-records", 10_000, /10000 records.*replace records/],
    ["timeout-too-long", 60, /60 s: store for less/],
  ]) {
    for (const act of [(r) => r.append(""), (r) => r.replace(""), (r) => r.delete(), (r) => r.store(1)]) {
      assert.throws(
        () => act(refusing(tag, limit)),
        (error) => {
          assert.ok(error instanceof SessionError);
          assert.deepEqual([error.kind, error.limit, error.outcome], [tag, limit, "permanent"]);
          return remedy.test(error.message);
        },
      );
    }
  }
});

test("what the host knows is all there", () => {
  const known = {
    kind: 7,
    kindName: "orders",
    repeat: 3,
    maxRepeats: 3,
    createdMs: 1,
    storedMs: 2,
    dueMs: 3,
    deadlineMs: 4,
    idempotencyKey: "1-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  const seen = within((repeat) => {
    const { sessionId, fence, isLastRepeat } = repeat;
    const given = Object.fromEntries(Object.keys(known).map((name) => [name, repeat[name]]));
    return { ...given, sessionId, fence, isLastRepeat };
  }, known);
  assert.deepEqual(seen, { ...known, sessionId: "1-1", fence: "1-2", isLastRepeat: true });
  assert.deepEqual(
    within(({ traceparent, isLastRepeat }) => [traceparent, isLastRepeat]),
    [undefined, false],
  );
});

test("a repeat cannot be changed by mistake", () => {
  const ended = handled((repeat) => {
    repeat.records.push(Uint8Array.of(1));
  });
  assert.equal(ended.outcome, "trapped");
});
