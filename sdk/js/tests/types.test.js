/** @file The types: the sources agree with their JSDoc, and the declarations in types/ with the sources. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

test("tsc finds nothing wrong, and finds what must not compile", () => {
  const project = fileURLToPath(new URL("types", import.meta.url));
  try {
    execFileSync(process.execPath, [tsc, "--project", project], { encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout || String(error));
  }
});
