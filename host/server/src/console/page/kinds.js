// The kinds: how many sessions each has in which state, how its runs go, and whether it is repeated at all.

import { pauseKind } from "./act.js";
import { byId, draw, make } from "./dom.js";
import { growth, runs, traffic } from "./rates.js";
import { toSessions } from "./route.js";
import { count, duration, rough, span, when } from "./words.js";
import { lateMs, nameOf, troublesOf } from "./wrong.js";

const COLUMNS = [
  ["Kind"],
  ["Active", "Held by clients"],
  ["Stored", "Waiting to be repeated"],
  ["Runs", "Runs under way, of how many may be"],
  ["Parked", "Waiting for a person"],
  ["Late", "How long the first stored session has been due"],
  ["Runs/s", "Runs of the last minute"],
  ["Failed", "Runs of the last minute that did not return well"],
  ["p50", "Half of the runs took at most this"],
  ["p99", "99 of 100 runs took at most this"],
  ["Repeated", "Whether its sessions are repeated"],
  ["Plugin", "The version in service"],
  [""],
];

/** Show them, those in trouble first. */
export function showKinds(kinds) {
  const section = byId("kinds");
  const ordered = [...kinds].sort((one, other) => rank(one) - rank(other) || one.id - other.id);
  const rows = ordered.map((kind) => ({ kind, late: lateMs(kind), runs: runs(kind.name), growth: growth(kind.id) }));
  const flow = traffic();
  const key = [rows.map((row) => ({ ...row, late: Math.floor(row.late / 1000) })), flow];
  draw(section, key, () => [
    make("h1", { id: "kinds-title" }, "Kinds"),
    flow === null ? null : make("p", { id: "flow", class: "dim" }, flowWords(flow)),
    kinds.length
      ? table(rows, flow !== null)
      : make("p", {}, "The config names no kind: add a [[kind]] to it, and it is here within a second."),
  ]);
}

const rank = (kind) => (troublesOf(kind).length ? 0 : 1);

function flowWords({ perSecond, refused, p50, p99 }) {
  const took = p99 === null ? "" : `; commits take ${duration(p50)}, 99 of 100 at most ${duration(p99)}`;
  const not = refused > 0 ? `, ${rough(refused)} refused` : "";
  return `Of clients ${rough(perSecond)} operations a second${not}${took}.`;
}

function table(rows, measured) {
  const isMeasure = (at) => at >= 6 && at <= 9;
  const heads = COLUMNS.filter((_, at) => measured || !isMeasure(at));
  const head = heads.map(([name, title]) => make("th", { scope: "col", role: "columnheader", title }, name));
  return make(
    "table",
    { class: "kinds", role: "table" },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, head)),
    make(
      "tbody",
      { role: "rowgroup" },
      rows.map((row) => line(row, measured)),
    ),
  );
}

function line({ kind, late, runs: went, growth: grows }, measured) {
  const cell = (name, content, attributes = {}) =>
    make("td", { role: "cell", "data-name": name || null, ...attributes }, content);
  const of = (state, number, extra = null) => {
    const link = make(
      "a",
      {
        href: toSessions({ kind: kind.id, state }),
        "data-focus": `${kind.id} ${state}`,
        "aria-label": `${count(number)} ${state} of ${nameOf(kind)}`,
      },
      count(number),
    );
    return [number ? link : make("span", { class: "dim" }, "0"), extra];
  };
  const measures = [
    cell("Runs/s", went ? rough(went.perSecond) : "–"),
    cell("Failed", went?.failed > 0 ? `${Math.ceil(went.failed)} %` : "–", { class: went?.failed > 0 ? "bad" : null }),
    cell("p50", went?.p50 ? duration(went.p50) : "–"),
    cell("p99", went?.p99 ? duration(went.p99) : "–"),
  ];
  return make(
    "tr",
    { role: "row", "data-kind": kind.id },
    make(
      "th",
      { scope: "row", role: "rowheader", class: troublesOf(kind).length ? "troubled" : null },
      make("a", { class: "row", href: toSessions({ kind: kind.id }), "data-focus": `${kind.id}` }, nameOf(kind)),
      kind.name ? make("span", { class: "dim" }, ` ${kind.id}`) : null,
    ),
    cell("Active", of("active", kind.active)),
    cell("Stored", of("stored", kind.stored, trend(grows))),
    cell("Runs", of("repeating", kind.repeating, make("span", { class: "dim" }, ` / ${count(kind.workers)}`))),
    cell("Parked", of("parked", kind.parked), { class: kind.parked ? "bad" : null }),
    cell("Late", late >= 1000 ? span(late) : "–", { class: late >= 10_000 ? "bad" : null }),
    ...(measured ? measures : []),
    cell("Repeated", repeated(kind)),
    cell("Plugin", plugin(kind)),
    cell("", pauseButton(kind), { class: "does" }),
  );
}

/** Where the number of those that wait goes. */
function trend(perMinute) {
  const rounded = Math.round(perMinute ?? 0);
  if (rounded === 0) return null;
  const words = rounded > 0 ? `▲ ${count(rounded)}/min` : `▼ ${count(-rounded)}/min`;
  const title = `Sessions that wait: ${Math.abs(rounded)} ${rounded > 0 ? "more" : "fewer"} a minute`;
  return make("span", { class: rounded > 0 ? "trend up" : "trend", title }, ` ${words}`);
}

function repeated(kind) {
  const byPerson = kind.paused_since_ms !== null;
  const state = byPerson
    ? ["no: paused ", when(kind.paused_since_ms)]
    : kind.paused
      ? ["no: the config pauses it"]
      : !kind.plugin
        ? ["no: no plugin in service"]
        : kind.trouble
          ? ["by the old version"]
          : ["yes"];
  return make("span", {}, ...state);
}

function plugin({ plugin: it }) {
  return it
    ? make("code", { title: `${it.file}, SHA-256 ${it.digest}` }, it.digest.slice(0, 8))
    : make("span", { class: "dim" }, "none");
}

function pauseButton(kind) {
  const byPerson = kind.paused_since_ms !== null;
  const verb = byPerson ? "Resume" : "Pause";
  // One that left the config can be resumed, and not be paused.
  if (!byPerson && !kind.name) return null;
  return make(
    "button",
    {
      type: "button",
      "data-focus": `pause ${kind.id}`,
      "aria-label": `${verb} ${nameOf(kind)}`,
      on: { click: () => pauseKind(kind, !byPerson) },
    },
    `${verb}…`,
  );
}
