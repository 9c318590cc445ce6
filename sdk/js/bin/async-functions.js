/**
 * @file Async functions in a handler's own modules, found before they are built.
 *
 * Nothing runs what comes after an `await`, and an error that an async function throws is kept in a promise that nobody looks
 * at. During a run some of that shows (src/promises.js); an async function that awaits a plain value shows to nobody. So the
 * modules that the entry imports are looked through. Those of packages are told apart: what they have and do not call does no harm.
 */

import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** Imports of a module: of names, for its effects, and dynamic. */
const IMPORT = /\b(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

/** The name of a package, and what of it is imported. */
const PACKAGED = /^((?:@[^/:]+\/)?[^./:@][^/:]*)(\/[^:]*)?$/;

/** The kinds of an import that a package may tell apart, those that a bundler without Node goes by. */
const CONDITIONS = ["import", "module", "default"];

/** `async` before what makes a function: its word, a name, a star, parameters. */
const ASYNC = /(?<![.\w$#])async(?:\s+function\b|\s*\*|[ \t]+(?!(?:in|instanceof|of|as|from)\b)[\w$#[]|[ \t]*(?=\())/g;

/** Words after which a slash begins a regular expression. */
const BEFORE_REGEXP = /(?:^|[^.\w$])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|instanceof|yield|await)$/;

/**
 * The first async function of the modules that an entry has, and the first one of the packages that they import.
 *
 * @typedef {{ file: string, line: number }} Place
 * @param {string} entry The path of its file.
 * @param {string} except The folder of a package that is known.
 * @returns {{ own?: Place, packages?: Place }}
 */
export function firstAsyncFunctions(entry, except) {
  /** @type {{ own?: Place, packages?: Place }} */
  const first = {};
  const files = [{ file: realpathSync(entry), whose: /** @type {"own" | "packages"} */ ("own") }];
  // It grows while it is gone through.
  for (const { file, whose } of files) {
    const source = readFileSync(file, "utf8");
    const place = first[whose] ? undefined : asyncFunction(source);
    if (place !== undefined) first[whose] = { file, line: source.slice(0, place).split("\n").length };
    for (const [, from, effects] of blank(source, false).matchAll(IMPORT)) {
      const name = from ?? effects;
      const found = name.startsWith(".") ? fileOf(resolve(dirname(file), name)) : packaged(dirname(file), name);
      const isKnown = found === undefined || found.startsWith(except + sep + "src" + sep);
      if (isKnown || !/\.m?js$/.test(found) || files.some(({ file }) => file === found)) continue;
      files.push({ file: found, whose: name.startsWith(".") ? whose : "packages" });
    }
  }
  return first;
}

/** The file at a path, where it really is. */
function fileOf(/** @type {string} */ path) {
  return existsSync(path) && statSync(path).isFile() ? realpathSync(path) : undefined;
}

/** The file of a package's module, for an import in this folder; none if it cannot be told. */
function packaged(/** @type {string} */ folder, /** @type {string} */ name) {
  const [, of, path = ""] = PACKAGED.exec(name) ?? [];
  if (of === undefined) return undefined;
  let [at, from] = ["", folder];
  while (!existsSync((at = join(from, "node_modules", of)))) {
    if (from === dirname(from)) return undefined;
    from = dirname(from);
  }
  const about = existsSync(join(at, "package.json")) ? JSON.parse(readFileSync(join(at, "package.json"), "utf8")) : {};
  const exported = chosen(about.exports?.[`.${path}`] ?? (path === "" ? about.exports : undefined));
  const plain = path === "" ? (about.module ?? about.main ?? "index.js") : `.${path}`;
  const file = join(at, exported ?? plain);
  return fileOf(file) ?? fileOf(`${file}.js`);
}

/** @returns {string | undefined} What a package exports under the conditions. */
function chosen(/** @type {any} */ exported) {
  if (typeof exported !== "object" || exported === null) return typeof exported === "string" ? exported : undefined;
  const condition = Object.keys(exported).find((name) => CONDITIONS.includes(name) && chosen(exported[name]));
  return condition && chosen(exported[condition]);
}

/**
 * Where the first async function of a source begins.
 *
 * @param {string} source
 * @returns {number | undefined}
 */
export function asyncFunction(source) {
  const code = blank(source, true);
  for (const found of code.matchAll(ASYNC)) {
    const end = found.index + found[0].length;
    // A call of a function of that name is followed by anything else.
    if (code[end] !== "(" || /^\s*=>/.test(code.slice(closing(code, end)))) return found.index;
  }
  return undefined;
}

/** Behind the parenthesis that closes the one at this place. */
function closing(code, at) {
  let depth = 0;
  for (let place = at; place < code.length; place++) {
    if (code[place] === "(") depth += 1;
    if (code[place] === ")" && --depth === 0) return place + 1;
  }
  return code.length;
}

/**
 * A source with its comments blank, and where asked for its texts and regular expressions; of the same length, in the same lines.
 *
 * @param {string} source
 * @param {boolean} texts
 */
function blank(source, texts) {
  let code = "";
  let at = 0;
  const drop = (/** @type {number} */ end, keep = false) => {
    const part = source.slice(at, end);
    code += keep ? part : part.replace(/[^\n]/g, " ");
    at = Math.max(end, at + 1);
  };
  /** Of each template that is open, how many braces are in its expression. */
  const templates = [];
  while (at < source.length) {
    const char = source[at];
    const next = source[at + 1];
    if (char === "/" && next === "/") drop(endOf(source, at, /\n|$/g));
    else if (char === "/" && next === "*") drop(endOf(source, at + 2, /\*\/|$/g));
    else if (char === '"' || char === "'") drop(endOf(source, at + 1, char === '"' ? /(?<!\\)(?:\\\\)*"|\n|$/g : /(?<!\\)(?:\\\\)*'|\n|$/g), !texts);
    else if (char === "`" || (char === "}" && templates.at(-1) === 0)) {
      if (char === "}") templates.pop();
      const end = endOf(source, at + 1, /(?<!\\)(?:\\\\)*(?:`|\$\{)|$/g);
      if (source.slice(at, end).endsWith("${")) templates.push(0);
      drop(end, !texts);
    } else if (char === "/" && beginsRegExp(code)) {
      drop(endOf(source, at + 1, /(?<!\\)(?:\\\\)*\/|\n|$/g), !texts);
    } else {
      if (templates.length > 0) templates[templates.length - 1] += char === "{" ? 1 : char === "}" ? -1 : 0;
      code += char;
      at += 1;
    }
  }
  return code;
}

/** Behind the first match from a place on. */
function endOf(source, from, pattern) {
  pattern.lastIndex = from;
  const found = pattern.exec(source);
  return found ? found.index + found[0].length : source.length;
}

/** Whether a slash behind this code begins a regular expression: it divides what a name, a number or a bracket ends. */
function beginsRegExp(code) {
  const before = code.trimEnd().slice(-20);
  return before === "" || /[(,=:[!&|?{};+\-*%~^<>]$/.test(before) || BEFORE_REGEXP.test(before);
}
