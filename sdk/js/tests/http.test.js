/** @file Requests, responses, and the errors between them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HttpError, defineHandler, http } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

/** Run a function as a handler, with the outside answering so. */
const handled = (handle, answer = {}) => run(defineHandler(handle), { http: () => answer });

/** The one request that a function sends. */
const sent = (send) => {
  const ended = handled(send);
  assert.equal(ended.requests.length, 1, String(ended.error));
  return ended.requests[0];
};

test("each method is sent as itself, with nothing that was not asked for", () => {
  const nothing = { headers: [], body: undefined, text: undefined, step: undefined, timeoutMs: undefined };
  for (const method of ["get", "post", "put", "patch", "delete"]) {
    assert.deepEqual(
      sent(() => http[method]("http://a/x")),
      { method: method.toUpperCase(), url: "http://a/x", ...nothing },
    );
  }
  assert.equal(sent(() => http.send("OPTIONS", "http://a/")).method, "OPTIONS");
});

test("a query survives every character, and stands before the fragment", () => {
  const query = { nick: "ёж & co+=%?#/~", "!'()*": "", n: 7 };
  const expected = "nick=%D1%91%D0%B6%20%26%20co%2B%3D%25%3F%23%2F~&%21%27%28%29%2A=&n=7";
  assert.equal(sent(() => http.get("http://a/users", { query })).url, `http://a/users?${expected}`);
  assert.equal(
    sent(() =>
      http.get("http://a/?x=1#end", {
        query: [
          ["y", 1],
          ["y", 2],
        ],
      }),
    ).url,
    "http://a/?x=1&y=1&y=2#end",
  );
  assert.equal(sent(() => http.get("http://a/", { query: { x: "\uD800" } })).url, "http://a/?x=%EF%BF%BD");
});

test("body, JSON, headers, step and timeout", () => {
  const request = sent(() =>
    http.put("http://b/7", { json: { ё: 1 }, headers: { "X-A": 1 }, step: "index", timeoutMs: 0.5 }),
  );
  assert.deepEqual(request.headers, [
    ["content-type", "application/json"],
    ["X-A", "1"],
  ]);
  assert.deepEqual([request.text, request.step, request.timeoutMs], ['{"ё":1}', "index", 1]);
  assert.deepEqual(sent(() => http.post("http://b/", { body: Uint8Array.of(255) })).body, Uint8Array.of(255));
  assert.deepEqual(
    sent(() =>
      http.post("http://b/", {
        headers: [
          ["a", "1"],
          ["a", "2"],
        ],
      }),
    ).headers,
    [
      ["a", "1"],
      ["a", "2"],
    ],
  );
});

test("an option that does not exist is a bug, for a misspelt step would be none", () => {
  for (const options of [
    { steps: "x" },
    { timeout: 3 },
    { body: "a", json: 1 },
    { timeoutMs: -1 },
    { body: {} },
    { json: () => {} },
  ]) {
    const ended = handled(() => http.get("http://a/", options));
    assert.deepEqual([ended.outcome, ended.requests], ["trapped", []], JSON.stringify(options));
  }
});

test("statuses decide between retry and permanent", () => {
  const outcome = (status) => handled(() => http.get("http://a/x?secret").expectSuccess(), { status, body: "why" });
  for (const status of [200, 201, 204, 299]) assert.equal(outcome(status).outcome, "unfinished");
  for (const status of [408, 409, 412, 423, 425, 429, 500, 503, 599]) {
    const { outcome: ended, reason } = outcome(status);
    assert.deepEqual([ended, reason], ["retry", `GET http://a/x answered ${status}: why`]);
  }
  for (const status of [301, 400, 401, 404, 410, 422])
    assert.equal(outcome(status).outcome, "permanent", String(status));
});

test("a long body is quoted in part, and what a cut leaves of a character is mended", () => {
  const { reason } = handled(() => http.get("http://a/").expectSuccess(), {
    status: 500,
    body: `a${"я".repeat(1_000)}`,
  });
  assert.equal(reason, `GET http://a/ answered 500: a${"я".repeat(99)}\uFFFD…`);
});

test("a body that does not parse, or is not what was wanted, is retried", () => {
  const reads = [
    [(response) => response.json(), { body: "<html>" }],
    [(response) => response.json(), { body: Uint8Array.of(0x22, 0xff, 0x22) }],
    [(response) => response.json(({ user }) => user.id), { json: {} }],
  ];
  for (const [read, answer] of reads) {
    const ended = handled(() => read(http.get("http://a/")), answer);
    assert.equal(ended.outcome, "retry");
    assert.match(ended.reason, /^GET http:\/\/a\/ answered 200 with what is not the JSON wanted: /);
  }
});

test("a response is read as it is", () => {
  let seen;
  handled(
    () => {
      const response = http.get("http://a/");
      seen = [
        response.status,
        response.ok,
        response.header("Retry-After"),
        response.header("etag"),
        response.text(),
        response.json((v) => v),
      ];
      assert.throws(() => {
        response.status = 200;
      }, TypeError);
    },
    { status: 404, headers: { "Retry-After": "3" }, body: '"ё"' },
  );
  assert.deepEqual(seen, [404, false, "3", undefined, '"ё"', "ё"]);
});

test("each error of the outside becomes what a later repeat can make of it", () => {
  const cases = {
    denied: ["permanent", false],
    invalid: ["permanent", false],
    unreachable: ["retry", false],
    timeout: ["retry", true],
    broken: ["retry", true],
    "response-too-large": ["permanent", true],
    "of-a-later-version": ["retry", true],
  };
  for (const [fails, [outcome, mayHaveHappened]] of Object.entries(cases)) {
    const ended = handled(() => http.get("http://a/x?secret#y"), { fails, detail: 9 });
    assert.deepEqual([ended.outcome, ended.error.kind, ended.error.mayHaveHappened], [outcome, fails, mayHaveHappened]);
    assert.ok(ended.error instanceof HttpError);
    assert.match(ended.reason, /^GET http:\/\/a\/x: /);
  }
});

test("nothing leaves a scene without HTTP, or a session that is finished", () => {
  const denied = run(defineHandler(() => http.get("http://a/")));
  assert.deepEqual([denied.outcome, denied.error.kind], ["permanent", "denied"]);
  const late = handled((repeat) => {
    repeat.delete();
    assert.throws(() => http.get("http://a/"), { kind: "invalid", message: /send before delete or store/ });
  });
  assert.deepEqual([late.outcome, late.requests], ["deleted", []]);
});
