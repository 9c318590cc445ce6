#!/usr/bin/env node
/**
 * @file `mpy6a-handler build ENTRY OUTPUT`: make a WebAssembly component of a handler, in the project's folder.
 *
 * componentize-qjs does the work; this gives it what is the same for every handler:
 *
 * - the contract, which lies beside this package;
 * - the folder that modules are loaded from: the deepest that has the project and this package in it, so that the
 *   places in a stack do not depend on where the project lies;
 * - a look for async functions, which would be called and not run to their end (async-functions.js);
 * - an entry that says so if there is no `handle`, which would show in the first run only, and that holds a `handle` which
 *   `defineHandler` did not make to the same rules.
 *
 * WASI is not stubbed. componentize-qjs would stub `wasi:config`, the settings, as well; and with WASI `Date.now()` works.
 */

import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { firstAsyncFunctions } from "./async-functions.js";

const USAGE =
  "usage: mpy6a-handler build ENTRY OUTPUT, for example: mpy6a-handler build src/handler.js build/handler.wasm";

/** What componentize-qjs puts before the author's error. */
const PREFIX = /^(Error: )*(: )?(Failed to [a-z]+ (user )?JavaScript module( evaluation)?: )+(Error: )*/;

/** What to do about a module that is not found. */
const NOT_FOUND =
  "\na handler has its own modules and packages of plain JavaScript; there is no Node in it, and no `node:` modules";

/** What to do about an async function. */
const ASYNC_FUNCTION = `an async function, and nothing runs what comes after its \`await\`: handlers are synchronous, http.get and \
the other calls return their result directly; make it a plain function, or move it to a module that the handler does not import; \
in a bundle, whose libraries have some that the handler never calls, have the bundler write them as promises, which a run notices \
(esbuild ${["async-await", "async-generator", "for-await"].map((feature) => `--supported:${feature}=false`).join(" ")})`;

/** What to know about one in a package. */
const ASYNC_PACKAGE = `an async function of a package: a handler must not call it, for nothing runs what comes after its \`await\`; \
as a bundle (README.md, Limits) a run notices if it does`;

/** This package, where it really is: npm links what comes from a folder. */
const PACKAGE = realpathSync(fileURLToPath(new URL("..", import.meta.url)));

async function main(words) {
  const [command, entry, output, ...rest] = words;
  if (command !== "build" || !entry || !output || rest.length > 0) throw new Error(USAGE);
  const project = realpathSync(process.cwd());
  if (!existsSync(entry))
    throw new Error(`${entry} is missing, seen from ${project}: name the module that exports \`handle\``);
  const found = firstAsyncFunctions(entry, PACKAGE);
  const place = ({ file, line }) => `${relative(project, file)}:${line}`;
  if (found.own) throw new Error(`${place(found.own)}: ${ASYNC_FUNCTION}`);
  if (found.packages) console.error(`warning: ${place(found.packages)}: ${ASYNC_PACKAGE}`);

  const { component } = await toolchain(project).componentize({
    witPath: contract(),
    world: "handler",
    jsSource: entrySource(specifier(project, entry), specifier(project, join(PACKAGE, "src/handler.js")), entry),
    jsPath: join(project, "package.json"), // Where the entry is imported from: it has to exist.
    moduleRoot: commonFolder(project, PACKAGE),
    sync: true,
    optSize: true,
  });
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, component);
  console.log(`${output}: ${component.length} bytes`);
}

/** The project's own componentize-qjs, in the version that it pins. */
function toolchain(project) {
  try {
    return createRequire(join(project, "package.json"))("componentize-qjs");
  } catch (error) {
    throw new Error(
      `componentize-qjs is not installed here: npm install --save-dev componentize-qjs@0.4.5 (${error.message})`,
    );
  }
}

/** The folder of handler.wit: in a package that was published, or beside the SDKs. */
function contract() {
  const places = [join(PACKAGE, "wit"), join(PACKAGE, "../../wit")];
  const found = places.find((place) => existsSync(join(place, "handler.wit")));
  if (found) return found;
  throw new Error(`handler.wit is missing: copy the folder wit of mpy6a to ${places[1]}`);
}

function specifier(project, entry) {
  const path = relative(project, realpathSync(entry)).split(sep).join("/");
  return path.startsWith("../") ? path : `./${path}`;
}

function entrySource(specifier, guard, entry) {
  const missing = `${entry} exports no function \`handle\`: write \`export const handle = defineHandler((repeat) => { … })\``;
  return `import * as handler from ${JSON.stringify(specifier)};
import { guard } from ${JSON.stringify(guard)};
if (typeof handler.handle !== "function") throw new TypeError(${JSON.stringify(missing)});
export const handle = guard(handler.handle);
`;
}

function commonFolder(one, other) {
  let folder = one;
  while (relative(folder, other).split(sep)[0] === "..") folder = resolve(folder, "..");
  return folder;
}

main(process.argv.slice(2)).catch((error) => {
  const message = String(error.message ?? error)
    .replace(PREFIX, "")
    .trimEnd();
  console.error(`error: ${message}${message.includes("filesystem module not found") ? NOT_FOUND : ""}`);
  process.exitCode = 1;
});
