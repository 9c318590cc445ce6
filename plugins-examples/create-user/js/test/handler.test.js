/**
 * @file The handler's decisions, under Node: for each state that a client can leave, what is asked of A and B, and how the
 * session ends.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "mpy6a-handler/testing";

import { handle } from "../src/handler.js";

const ASKED = '{"step":"create","user":{"nick":"ёж & co","name":"Анна","mail":"a@example.org"}}';
const CREATED = '{"step":"created","id":7}';
const FOUND = { body: '{"id":7,"nick":"ёж & co","name":"Анна","mail":"a@example.org"}' };
const NOBODY = { status: 404, json: { error: "no such user" } };
const DONE = { status: 204 };
const NOT_ASKED = { status: 500, body: "must not be asked" };

/** Run the handler over these records. A and B answer as they are told. */
function handled(records, a, b) {
  const http = ({ url }) => (url.startsWith("http://a/") ? a : b);
  return run(handle, { records, settings: { service_a: "http://a", service_b: "http://b" }, http });
}

const logged = ({ lines }) => lines.map(({ level, message }) => `${level} ${message}`);
const asked = ({ requests }) => requests.map(({ method, url, step }) => [method, url, step]);

test("without an id the nick is looked up, and the user rolled forward", () => {
  const ended = handled([ASKED], FOUND, DONE);
  const nick = "http://a/users?nick=%D1%91%D0%B6%20%26%20co";
  assert.deepEqual(asked(ended), [
    ["GET", nick, "find"],
    ["PUT", "http://b/index/7", "index"],
  ]);
  assert.equal(ended.requests[1].text, FOUND.body);
  assert.deepEqual(
    ended.requests.map(({ timeoutMs }) => timeoutMs),
    [3000, 3000],
  );
  assert.deepEqual([ended.outcome, ended.operations], ["deleted", ["delete"]]);
  assert.deepEqual(logged(ended), ["info rolled forward user 7"]);
});

test("with an id it is fetched, whatever its attributes became", () => {
  const renamed = '{"id":7,"nick":"ёж","name":"","mail":""}';
  const ended = handled([ASKED, CREATED], { body: renamed }, DONE);
  assert.deepEqual(asked(ended)[0], ["GET", "http://a/users/7", "find"]);
  assert.equal(ended.requests[1].text, renamed);
  assert.deepEqual(logged(ended), ["info rolled forward user 7"]);
});

test("a user that A does not know is rolled back", () => {
  for (const records of [[ASKED], [ASKED, CREATED]]) {
    const ended = handled(records, NOBODY, NOT_ASKED);
    assert.equal(ended.requests.length, 1);
    assert.deepEqual(ended.operations, ["delete"]);
    assert.deepEqual(logged(ended), ["info rolled back: no such user"]);
  }
});

test("a session without records is forgotten without asking", () => {
  const ended = handled([], NOT_ASKED, NOT_ASKED);
  assert.deepEqual([ended.requests, ended.operations], [[], ["delete"]]);
});

test("somebody else with the nick is indexed, but does not count as this one", () => {
  const other = { id: 3, nick: "ёж & co", name: "Борис", mail: "b@example.org" };
  const ended = handled([ASKED], { json: other }, DONE);
  assert.equal(asked(ended)[1][1], "http://b/index/3");
  assert.deepEqual(ended.operations, ["delete"]);
  assert.deepEqual(logged(ended), ["info rolled back: no such user; user 3 has the nick"]);
});

test("B gets the attributes that it indexes, and no others", () => {
  const ended = handled([ASKED], { json: { ...JSON.parse(FOUND.body), password: "secret" } }, DONE);
  assert.equal(ended.requests[1].text, FOUND.body);
});

test("any error leaves at once, to be repeated", () => {
  const cases = [
    handled([ASKED], { status: 503, body: "made to fail" }, DONE),
    handled([ASKED], { status: 412, body: "stale" }, DONE),
    handled([ASKED], { body: "<html>" }, DONE),
    handled([ASKED], { status: 404, body: "<html>not A's words" }, DONE),
    handled([ASKED], { status: 404, json: null }, DONE),
    handled([ASKED], { json: { id: 7 } }, DONE),
    handled([ASKED], { body: FOUND.body.replace("7", "9007199254740993") }, DONE),
    handled([ASKED], FOUND, { status: 503, body: "made to fail" }),
    handled([ASKED], FOUND, { status: 400, body: "B does not like it" }),
    handled([ASKED], { fails: "timeout" }, DONE),
    handled([ASKED], { fails: "denied" }, DONE),
    run(handle, { records: [ASKED] }),
  ];
  for (const ended of cases) {
    assert.equal(ended.outcome, "retry", ended.reason);
    assert.deepEqual([ended.operations, ended.lines], [[], []]);
  }
});

test("a record that nobody can read is permanent", () => {
  const unreadable = [
    "{",
    "null",
    '{"step":"gone"}',
    '{"step":"create"}',
    '{"step":"created","id":"7"}',
    Uint8Array.of(0xff),
  ];
  for (const record of unreadable) {
    const ended = handled([ASKED, record], FOUND, DONE);
    assert.equal(ended.outcome, "permanent", String(record));
    assert.ok(ended.reason.startsWith("record 1: "), ended.reason);
    assert.deepEqual([ended.requests, ended.operations], [[], []]);
  }
});
