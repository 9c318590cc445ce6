// What is wrong, before everything else.

import { byId, draw, make } from "./dom.js";
import { toSessions } from "./route.js";
import { now, sessions, span, waiting } from "./words.js";

/** How late a kind's first session may be before a person should know, in milliseconds. */
const LATE_MS = 10_000;

export const nameOf = (kind) => kind.name || `kind ${kind.id}`;

/** How late the first stored session of a kind is, in milliseconds; 0 where none is. */
export const lateMs = (kind) => (kind.first_due_ms === null ? 0 : Math.max(0, now() - kind.first_due_ms));

/** What a person should look at in a kind: `{ what, words, state }`, the worst first. `state`: of the sessions it is about. */
export function troublesOf(kind) {
  const found = [];
  if (kind.parked > 0) {
    found.push({
      what: "parked",
      state: "parked",
      words: `${sessions(kind.parked)} parked: ${kind.parked === 1 ? "it waits" : "they wait"} for a person`,
    });
  }
  if (kind.trouble) {
    const served = kind.plugin ? "the old version goes on" : "nothing is repeated";
    found.push({ what: "trouble", state: null, words: kind.name ? `${kind.trouble} (${served})` : kind.trouble });
  }
  if (kind.paused && kind.stored > 0) {
    const who = kind.paused_since_ms === null ? "by the config" : "by a person";
    found.push({ what: "paused", state: "stored", words: `paused ${who}, and ${waiting(kind.stored)}` });
  }
  const late = lateMs(kind);
  if (late > LATE_MS && !kind.paused && kind.plugin) {
    const busy =
      kind.repeating >= kind.workers
        ? `all ${kind.workers} runs are taken`
        : `${kind.repeating} of ${kind.workers} runs are taken`;
    found.push({ what: "late", state: "stored", words: `late by ${span(late)}: ${busy}` });
  }
  return found;
}

/** Show it; nothing wrong is said, too. */
export function showWrong(kinds) {
  const section = byId("wrong");
  section.hidden = false;
  const found = kinds.flatMap((kind) => troublesOf(kind).map((trouble) => ({ id: kind.id, name: nameOf(kind), ...trouble })));
  section.classList.toggle("well", found.length === 0);
  draw(section, found, () => {
    if (found.length === 0) return make("h2", { id: "wrong-title" }, "All is well: nothing waits for a person");
    const line = ({ id, name, what, words, state }) => {
      const query = new URLSearchParams(state ? { kind: id, state } : { kind: id });
      return make(
        "li",
        {},
        make("span", { class: `tag ${what}` }, what),
        make("a", { href: toSessions(query), "data-focus": `wrong ${id} ${what}` }, name),
        make("span", { class: "words" }, words),
      );
    };
    const title = found.length === 1 ? "1 thing to look at" : `${found.length} things to look at`;
    return [make("h2", { id: "wrong-title" }, title), make("ul", {}, found.map(line))];
  });
}
