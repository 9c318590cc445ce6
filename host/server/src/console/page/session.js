// One session: what it waits for first, then what can be done, its records, and its attempts with their logs.

import { ACTIONS, actOnOne } from "./act.js";
import { plain } from "./bytes.js";
import { byId, draw, make } from "./dom.js";
import { showRecords } from "./records.js";
import { filterOf, toSessions } from "./route.js";
import { bytes, count, duration, when } from "./words.js";

/** The session that is shown. */
let now = null;

/** Do this to it, if it is possible. */
export function actOnShown(name) {
  if (now && now.can[name] !== "no") actOnOne(name, now);
}

/** None is shown. */
export function hideSession() {
  now = null;
  byId("session").hidden = true;
}

/** Show it. */
export function showSession(session, query) {
  const section = byId("session");
  const another = now?.id !== session.id;
  now = session;
  section.hidden = false;
  draw(section, session.id, () => frame(session.id, query));
  draw(byId("session-head"), [session.state, session.kind, session.waits_because, session.can], () => head(session));
  draw(
    byId("session-facts"),
    facts(session).map(([name, value]) => [name, value?.dateTime ?? value]),
    () => list(facts(session)),
  );
  showRecords(session, query);
  draw(byId("attempts"), session.attempts, () => attempts(session));
  if (another) byId("session-title").focus({ preventScroll: true });
}

/** It is gone, or there never was one. */
export function showGone(id, message, query) {
  const section = byId("session");
  now = null;
  section.hidden = false;
  draw(section, `${id} gone`, () => [
    back(query),
    make("h1", { id: "session-title", tabindex: "-1" }, `Session ${id}`),
    make("p", {}, "It is not there: it was finished or deleted, or never was."),
    make("p", { class: "dim" }, message),
  ]);
}

function back(query) {
  return make(
    "p",
    { class: "back" },
    make("a", { id: "back", href: toSessions(filterOf(query)) }, "Back to the list"),
    make("kbd", {}, "Esc"),
  );
}

function frame(id, query) {
  return [
    back(query),
    make("h1", { id: "session-title", tabindex: "-1" }, `Session ${id}`),
    make("div", { id: "session-head" }),
    make("dl", { id: "session-facts" }),
    make("div", { id: "records" }),
    make("h2", {}, "Attempts"),
    make("div", { id: "attempts" }),
  ];
}

function head(session) {
  const buttons = Object.entries(ACTIONS)
    .filter(([name]) => session.can[name] !== "no")
    .map(([name, { verb, key, danger }]) =>
      make(
        "button",
        {
          type: "button",
          class: danger ? "danger" : null,
          "data-act": name,
          "data-focus": `act ${name}`,
          on: { click: () => actOnOne(name, session) },
        },
        session.can[name] === "force" ? `${verb} by force…` : `${verb}…`,
        make("kbd", {}, key),
      ),
    );
  return [
    make(
      "p",
      { class: "waits" },
      make("span", { class: `tag ${session.state}` }, session.state),
      " ",
      make("span", { id: "waits" }, plain(session.waits_because)),
    ),
    make(
      "div",
      { class: "buttons", role: "group", "aria-label": "Act on this session" },
      buttons.length
        ? buttons
        : make(
            "span",
            { class: "dim" },
            "A run has it: it is left to that run, which ends within its time limit. To keep it from the next, pause the kind.",
          ),
    ),
  ];
}

function facts(session) {
  return [
    ["Kind", session.kind],
    ["Created", when(session.created_ms)],
    session.stored_ms ? ["Stored", when(session.stored_ms)] : null,
    session.due_ms && session.state !== "parked" ? ["Due", when(session.due_ms)] : null,
    ["Repeats", count(session.repeats)],
    ["Fence", session.fence],
    ["Changed at", session.change_id],
    session.traceparent ? ["Trace", plain(session.traceparent)] : null,
  ].filter(Boolean);
}

function list(pairs) {
  return pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

function attempts(session) {
  if (session.attempts.length === 0) return make("p", { class: "dim" }, "None yet: it was never repeated.");
  const newest = [...session.attempts].reverse();
  return make("ol", { class: "attempts", reversed: true }, newest.map(attempt));
}

function attempt(it) {
  const fine = it.outcome === "returned";
  const what = [
    `repeat ${count(it.repeat)}`,
    duration(it.duration_us / 1e6),
    `${count(it.fuel)} fuel`,
    bytes(it.memory_peak_bytes),
  ];
  return make(
    "li",
    {},
    make(
      "p",
      {},
      make("span", { class: `tag ${fine ? "returned" : "failed"}` }, it.outcome),
      " ",
      when(it.started_ms),
      make(
        "span",
        { class: "dim" },
        ` · ${what.join(" · ")} · plugin `,
        make("code", { title: it.plugin_digest }, it.plugin_digest.slice(0, 8)),
      ),
    ),
    it.cause ? make("pre", { class: "cause" }, plain(it.cause)) : null,
    it.log
      ? make("pre", { class: "log", tabindex: "0", role: "region", "aria-label": `Log of repeat ${it.repeat}` }, plain(it.log))
      : null,
  );
}
