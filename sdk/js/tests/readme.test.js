/** @file What the README and the template show works: its handler is the template's, and their tests pass. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SDK = fileURLToPath(new URL("..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "mpy6a-template-"));
after(() => rmSync(project, { recursive: true }));

cpSync(join(SDK, "template"), project, { recursive: true });
mkdirSync(join(project, "node_modules"));
symlinkSync(SDK, join(project, "node_modules/mpy6a-handler"));

/** The README's blocks of JavaScript. */
const blocks = [...readFileSync(join(SDK, "README.md"), "utf8").matchAll(/^```js\n(.*?)^```/gms)].map(
  ([, code]) => code,
);
/** The one that has this in it. */
const block = (text) => blocks.find((code) => code.includes(text)) ?? assert.fail(`no block of the README has ${text}`);

/** Run the project's tests, as `npm test` does. @returns {Promise<string>} What they say. */
async function nodeTest() {
  // Node marks its test runs with a variable, and a run within a run says nothing.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const command = ["--test", "--test-reporter=tap"];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: project, env });
  return stdout;
}

test("the README's first handler is the template's", () => {
  const template = readFileSync(join(project, "src/handler.js"), "utf8");
  const code = template.replace(/\/\*\*.*?\*\/\s*/gs, "");
  assert.equal(block("export const handle = defineHandler").trim(), code.trim());
});

test("the template's tests pass, and the README's", async () => {
  writeFileSync(join(project, "test/readme.test.js"), block('from "mpy6a-handler/testing"'));
  const said = await nodeTest();
  assert.match(said, /^# pass 4$/m, said);
  assert.match(said, /^# fail 0$/m, said);
});

test("every other block of the README is JavaScript that parses", async () => {
  for (const code of blocks) {
    const path = join(project, "block.mjs");
    // A block may be the inside of a handler, where `return` is at home.
    const body = /^(import|export) /m.test(code) ? code : `function inside() {\n${code}\n}`;
    writeFileSync(path, body);
    await promisify(execFile)(process.execPath, ["--check", path]);
  }
});
