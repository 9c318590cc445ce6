// Which sessions: the form above the list. What it says stands in the URL, and from there it is asked of the host.

import { byId, draw, make } from "./dom.js";
import { amend, filterOf, go, here, toSessions } from "./route.js";
import { seconds } from "./words.js";
import { nameOf } from "./wrong.js";

export const STATES = ["active", "stored", "repeating", "parked"];
const OUTCOMES = [
  "returned",
  "retry",
  "permanent",
  "trapped",
  "out-of-fuel",
  "out-of-memory",
  "timed-out",
  "contract-broken",
  "not-started",
  "host-died",
];

/** The filter as the host's routes take it: ages are numbers there. */
export function apiQuery(query) {
  const params = new URLSearchParams();
  for (const [name, value] of filterOf(query)) {
    if (name === "older" || name === "younger") {
      // What is no time span is marked in the form, and never sent as if it were none.
      const given = seconds(value);
      params.append(`${name}_s`, given === null ? value : given);
    } else {
      params.append(name, value);
    }
  }
  return params;
}

/** Show the form as the URL has it. */
export function showFilter(kinds, query) {
  const known = kinds.map((kind) => ({ id: String(kind.id), name: nameOf(kind) }));
  draw(byId("filter-fields"), known, () => fields(known));
  const form = byId("filter");
  const filter = filterOf(query);
  for (const field of form.elements) {
    if (!field.name || field === document.activeElement) continue;
    if (field.type === "checkbox") field.checked = filter.getAll(field.name).includes(field.value);
    else if (field.value !== (filter.get(field.name) ?? "")) field.value = filter.get(field.name) ?? "";
  }
  byId("filter-clear").hidden = [...filter].length === 0;
  mark(form);
}

/** The form, empty. */
export function makeFilter() {
  const changed = () => apply(byId("filter"));
  return make(
    "form",
    {
      id: "filter",
      role: "search",
      "aria-label": "Filter sessions",
      on: {
        change: changed,
        submit: (event) => {
          event.preventDefault();
          changed();
        },
      },
    },
    make("div", { id: "filter-fields" }),
    make("button", { type: "submit", class: "unseen", tabindex: "-1" }, "Filter"),
  );
}

function fields(kinds) {
  const label = (words, field) => make("label", {}, make("span", {}, words), field);
  const option = (value, words) => make("option", { value }, words);
  const chip = (state) =>
    make("label", { class: "chip" }, make("input", { type: "checkbox", name: "state", value: state }), make("span", {}, state));
  return [
    label(
      "Cause, or an id",
      make("input", {
        name: "cause",
        id: "filter-cause",
        placeholder: "refused, 3-42",
        autocomplete: "off",
        spellcheck: "false",
        maxlength: 400,
      }),
    ),
    label(
      "Kind",
      make(
        "select",
        { name: "kind" },
        option("", "every kind"),
        kinds.map(({ id, name }) => option(id, name)),
      ),
    ),
    make(
      "div",
      { role: "group", "aria-label": "State" },
      make("span", { class: "name" }, "State"),
      make("div", { class: "chips" }, STATES.map(chip)),
    ),
    label("Older than", make("input", { name: "older", class: "short", placeholder: "1h", autocomplete: "off" })),
    label("Younger than", make("input", { name: "younger", class: "short", placeholder: "2d", autocomplete: "off" })),
    label(
      "Repeats from",
      make("input", { name: "repeats", class: "short", type: "number", min: 0, max: 4294967295, placeholder: "0" }),
    ),
    label(
      "Last outcome",
      make(
        "select",
        { name: "outcome" },
        option("", "any"),
        OUTCOMES.map((name) => option(name, name)),
      ),
    ),
    make("button", { id: "filter-clear", type: "button", hidden: true, on: { click: () => go("#/sessions") } }, "Clear"),
  ];
}

/** What is no time span is marked. */
function mark(form) {
  for (const name of ["older", "younger"]) {
    const field = form.elements[name];
    const wrong = field.value !== "" && seconds(field.value) === null;
    field.setCustomValidity(wrong ? "write a number and a unit: 90s, 10m, 2h, 3d" : "");
    field.setAttribute("aria-invalid", String(wrong));
  }
}

function apply(form) {
  mark(form);
  if (!form.reportValidity()) return;
  const given = new URLSearchParams(
    [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ""),
  );
  const id = /^\d+-\d+$/.exec(given.get("cause") ?? "")?.[0];
  if (id) {
    byId("filter-cause").value = "";
    given.delete("cause");
    go(toSessions(given, id));
  } else if (String(given) !== String(filterOf(here().query))) {
    amend(toSessions(given));
  }
}
