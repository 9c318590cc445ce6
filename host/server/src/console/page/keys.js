// The keyboard. Every key has a button or a link that does the same.

import { ACTIONS } from "./act.js";
import { isOpen, tell } from "./confirm.js";
import { byId, make } from "./dom.js";
import { filterOf, go, here, toSessions } from "./route.js";
import { actOnShown } from "./session.js";

const HELP = [
  ["/", "to the filter; an id there opens that session"],
  ["j k ↓ ↑", "down and up in the list"],
  ["Enter", "opens what has the focus"],
  ["Esc", "closes a dialog, leaves the filter, closes the session"],
  ["1 2", "kinds, sessions"],
  ["n", "next page"],
  ...Object.values(ACTIONS).map(({ key, verb }) => [key, `${verb}: the open session, after asking`]),
  ["t", "dark, light, or as the system has it"],
  ["?", "this list"],
];

export function showKeys() {
  tell(
    "Keys",
    make(
      "dl",
      { class: "keys" },
      HELP.map(([keys, words]) =>
        make(
          "div",
          {},
          make(
            "dt",
            {},
            keys.split(" ").map((key) => make("kbd", {}, key)),
          ),
          make("dd", {}, words),
        ),
      ),
    ),
  );
}

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isOpen()) return;
    const typing = isField(event.target);
    if (event.key === "Escape") escape(typing);
    else if (!typing && press(event.key)) event.preventDefault();
  });
}

function isField(element) {
  return element.matches("select, textarea, input:not([type=checkbox], [type=radio])");
}

function escape(typing) {
  if (typing) {
    document.activeElement.blur();
    return;
  }
  const { view, query } = here();
  if (view === "session") go(toSessions(filterOf(query)));
}

/** Do what a key stands for; whether it stands for anything. */
function press(key) {
  const action = Object.entries(ACTIONS).find(([, it]) => it.key === key)?.[0];
  if (action) {
    actOnShown(action);
    return true;
  }
  const does = {
    "/": toFilter,
    "?": showKeys,
    j: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
    1: () => go("#/"),
    2: () => go("#/sessions"),
    n: () => byId("next-page")?.click(),
    t: () => byId("theme").click(),
  }[key];
  if (!does) return false;
  return does() !== false;
}

/** To the filter, once it is there. */
function toFilter() {
  if (here().view === "kinds") go("#/sessions");
  const focus = (left) => {
    const field = byId("filter-cause");
    if (field?.checkVisibility()) (field.select(), field.focus());
    else if (left > 0) requestAnimationFrame(() => focus(left - 1));
  };
  focus(120);
}

/** To the next or the one before of the rows that are seen; false where there are none. */
function step(by) {
  const rows = [...document.querySelectorAll("main a.row")].filter((row) => row.checkVisibility());
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement);
  const open = rows.findIndex((row) => row.closest("tr").classList.contains("open"));
  const next = at >= 0 ? at + by : open >= 0 ? open + by : 0;
  const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}
