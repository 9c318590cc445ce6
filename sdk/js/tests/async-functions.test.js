/** @file Which sources have an async function, and which only look as if. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { asyncFunction } from "../bin/async-functions.js";

test("every form of an async function is found, where it begins", () => {
  for (const source of [
    "async function work() {}",
    "export default async function () {}",
    "const work = async () => {};",
    "const work = async (a, b = (1)) => a;",
    "const work = async a => a;",
    "list.map(async (item) => item);",
    "class A { async work() {} }",
    "class A { static async #work() {} }",
    "const a = { async *all() {} };",
    "const a = { async [name]() {} };",
    "const text = `${async () => 1}`;",
    "const half = a / 2; async function work() {} const b = 1 / 2;",
    "const quote = /[\"'`]/; async () => {};",
    "const text = `a ${`b ${{ c: 1 }.c}`} d`; async () => {};",
    "const path = 'C:\\\\'; async () => {};",
  ]) {
    assert.equal(asyncFunction(source), source.indexOf("async"), source);
  }
});

test("the word elsewhere is none", () => {
  for (const source of [
    "// async function work() {}",
    "/* async () => {} */",
    'const text = "async () => {}";',
    "const text = 'it''s async function';",
    "const text = `async () => ${1} async () => {}`;",
    "const text = `\\`async () => {}`;",
    "const pattern = /async () => {}/;",
    "options.async = true;",
    "const options = { async: true, sync: false };",
    "const { async } = options;",
    "async(1, 2);",
    "const a = { async() {} };",
    "if (async in options) async = 1;",
    "import { async as later } from './a.js';",
    "const notasync = () => {}; my$async (1);",
  ]) {
    assert.equal(asyncFunction(source), undefined, source);
  }
});
