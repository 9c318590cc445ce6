/**
 * @file The real engine for tests: componentize-qjs evaluates a component's modules in QuickJS when it builds it.
 */

import { fileURLToPath } from "node:url";

import { componentize } from "componentize-qjs";

const HERE = fileURLToPath(import.meta.url);
/** Of the repository; the SDK is in sdk/js of it. */
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * @param {string} source An entry module, as if it lay in this folder.
 * @returns {Promise<Buffer>} The component; rejected with what the module threw.
 */
export async function build(source) {
  const witPath = `${ROOT}wit`;
  const { component } = await componentize({
    witPath,
    world: "handler",
    sync: true,
    optSize: true,
    jsPath: HERE,
    moduleRoot: ROOT,
    jsSource: source,
  });
  return component;
}

/**
 * Evaluate a module in QuickJS.
 *
 * @param {string} source It has to call `say(text)` once, which ends it.
 * @returns {Promise<string>} What it said.
 */
export async function evaluate(source) {
  const mark = "said: ";
  const say = `const say = (text) => { throw new Error(${JSON.stringify(mark)} + encodeURIComponent(text)); };`;
  try {
    await build(`${say}\n${source}`);
  } catch (error) {
    const [, said] = /said: (\S*)/.exec(String(error)) ?? [];
    if (said === undefined) throw error;
    return decodeURIComponent(said);
  }
  throw new Error("the module said nothing");
}
