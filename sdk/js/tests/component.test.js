/**
 * @file `mpy6a-handler build` over projects of its own: what it makes, and what it says to mistakes. Each is evaluated in
 * the real engine. That the component then runs in a host, `mpy6a plugin test` shows for the examples and the template.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SDK = fileURLToPath(new URL("..", import.meta.url));
/** Below the SDK, so that the folder modules are loaded from is the SDK, whatever else lies around it. */
const project = mkdtempSync(join(SDK, "build-test-"));
after(() => rmSync(project, { recursive: true }));

writeFileSync(join(project, "package.json"), '{ "type": "module" }');
mkdirSync(join(project, "node_modules"));
symlinkSync(SDK, join(project, "node_modules/mpy6a-handler"));
symlinkSync(join(SDK, "tests/node_modules/componentize-qjs"), join(project, "node_modules/componentize-qjs"));

/** Build a handler from its source. @returns {Promise<{ said: string, warned: string, path: string }>} */
async function build(source, entry = "handler.js") {
  writeFileSync(join(project, "handler.js"), source);
  const path = "build/deep/handler.wasm";
  const command = [join(SDK, "bin/mpy6a-handler.js"), "build", entry, path];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: project });
  return { said: stdout, warned: stderr, path: join(project, path) };
}

/** What the builder says to a source that it refuses. */
async function refusal(source, entry) {
  const error = await build(source, entry).then(
    () => assert.fail("it was built"),
    (error) => error,
  );
  assert.equal(error.code, 1);
  return error.stderr;
}

const HANDLER = `
  import { defineHandler, http, log, settings } from "mpy6a-handler";
  console.log("while it is built, this goes nowhere");
  export const handle = defineHandler((repeat) => {
    log.info(settings.require("a") + http.get("http://a/").text());
    repeat.delete();
  });`;

test("a component imports the contract, the settings and no more of WASI than every host links", async () => {
  const { said, path } = await build(HANDLER);
  assert.match(said, /^build\/deep\/handler\.wasm: \d+ bytes\n$/);
  const component = readFileSync(path, "latin1");
  const names = new Set(component.match(/(?<=[^a-z])(wasi|mpy6a):[a-z]+\/[a-z0-9-]+(?=@\d)/g));
  for (const name of ["mpy6a:handler/types", "mpy6a:handler/http", "mpy6a:handler/log", "wasi:config/store"]) {
    assert.ok(names.has(name), `${name} is not imported`);
  }
  assert.doesNotMatch(
    component,
    /\[(task-return|waitable-join|subtask-drop)\]/,
    "it is for hosts without async components",
  );
  const linked = /^(mpy6a:handler\/|wasi:(config|cli|clocks|filesystem|io|random)\/)/;
  assert.deepEqual(
    [...names].filter((name) => !linked.test(name)),
    [],
    "docs/plugins.md, What it may call",
  );
});

test("mistakes are told when the component is built, with the remedy", async () => {
  const sdk = 'from "mpy6a-handler";';
  const cases = [
    [
      `import { defineHandler } ${sdk} export const handle = defineHandler(async () => {});`,
      /^error: handler\.js:1: an async function/,
    ],
    [
      "export async function handle() {}",
      /^error: handler\.js:1: an async function, and nothing runs what comes after its `await`: .* \(esbuild --supported:async-await=false --supported:/,
    ],
    [
      `import { defineHandler } ${sdk}\nasync function work() { await 1; }\nexport const handle = defineHandler(() => void work());`,
      /^error: handler\.js:2: an async function/,
    ],
    [
      `import { defineHandler } ${sdk} export const hadle = defineHandler(() => {});`,
      /^error: handler\.js exports no function `handle`: write `export const handle = defineHandler/,
    ],
    [
      `import { settings } ${sdk} const shop = settings.require("shop"); export const handle = () => {};`,
      /^error: settings is there during a run only: .* move the call into the handler\n(.*\n)*.*handler\.js:1/,
    ],
    [`import { http } ${sdk} http.get("http://a/");`, /^error: http is there during a run only/],
    [`import { log } ${sdk} log.info("up");`, /^error: log is there during a run only/],
    ['import "node:fs"; export const handle = () => {};', /node:fs(.*\n)*.*there is no Node in it/],
    ["export const handle = (", /^error: .*\n.*handler\.js:1/],
  ];
  for (const [source, message] of cases) assert.match(await refusal(source), message, source);
  assert.match(await refusal("", "src/no.js"), /^error: src\/no\.js is missing, seen from .*: name the module/);
});

test("an async function of a package is told, and does not keep the handler from being built", async () => {
  const pkg = join(project, "node_modules/@shop/pay");
  mkdirSync(join(pkg, "lib"), { recursive: true });
  const exports = { ".": { types: "./lib/pay.d.ts", import: "./lib/pay.js" } };
  writeFileSync(join(pkg, "package.json"), JSON.stringify({ name: "@shop/pay", type: "module", exports }));
  writeFileSync(join(pkg, "lib/pay.js"), 'export * from "./more.js";');
  writeFileSync(join(pkg, "lib/more.js"), "export const two = 2;\nexport async function pay() {}");
  const { warned } = await build(`import { two } from "@shop/pay";\n${HANDLER} two;`);
  assert.match(warned, /^warning: node_modules\/@shop\/pay\/lib\/more\.js:2: an async function of a package: .*must not call/);
  assert.equal((await build(HANDLER)).warned, "");
});

test("without its arguments the builder says how it is used", async () => {
  const error = await promisify(execFile)(process.execPath, [join(SDK, "bin/mpy6a-handler.js")]).catch(
    (error) => error,
  );
  assert.match(error.stderr, /^error: usage: mpy6a-handler build ENTRY OUTPUT/);
});
