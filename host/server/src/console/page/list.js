// The list of sessions: a page of those that the filter lets through, and what can be done to all of them.

import { ACTIONS } from "./act.js";
import { get } from "./api.js";
import { actOnAll } from "./bulk.js";
import { byId, draw, focusOn, make } from "./dom.js";
import { apiQuery, makeFilter, showFilter } from "./filter.js";
import { filterOf, toSessions, without } from "./route.js";
import { count, sessions as some, when } from "./words.js";

/** Sessions of a page. */
const PAGE = 100;
/** How many answers a page is put together from: the host looks at some 4,000 sessions for each, and a filter may let few through. */
const ANSWERS_MAX = 8;

/** A page of those sessions, and where the next begins. */
export async function loadPage(query) {
  const params = apiQuery(query);
  params.set("size", PAGE);
  const found = [];
  let next = query.get("page") ?? "";
  for (let asked = 0; asked < ANSWERS_MAX; asked += 1) {
    params.set("page", next);
    const answer = await get(`/api/sessions?${params}`);
    found.push(...answer.sessions);
    next = answer.next;
    if (!next || found.length >= PAGE) break;
    params.set("size", PAGE - found.length);
  }
  return { sessions: found, next };
}

/** Show it. `open`: the session that is shown beside it, if any. */
export function showList(kinds, page, query, open) {
  const section = byId("sessions");
  draw(section, "frame", frame);
  showFilter(kinds, query);
  const filter = filterOf(query);
  draw(byId("bulk"), [String(filter), page.sessions.length > 0], () => (page.sessions.length ? bulk(filter) : []));
  showRows(page.sessions, filter, open);
  draw(byId("paging"), [String(query), page.next, page.sessions.length, total(kinds, filter)], () =>
    paging(kinds, page, query, filter),
  );
}

function frame() {
  const head = ["Session", "Kind", "State", "Created", "Repeats", "Waits for"].map((name) =>
    make("th", { scope: "col", role: "columnheader" }, name),
  );
  return [
    make("h1", { id: "sessions-title" }, "Sessions"),
    makeFilter(),
    make("div", { id: "bulk", role: "group", "aria-label": "Act on all that the filter lets through" }),
    make(
      "table",
      { class: "sessions", role: "table", "aria-labelledby": "sessions-title" },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, head)),
      make("tbody", { id: "rows", role: "rowgroup" }),
    ),
    make("p", { id: "paging" }),
  ];
}

function bulk(filter) {
  const button = ([name, { verb }]) =>
    make("button", { type: "button", "data-bulk": name, on: { click: () => actOnAll(name, filter) } }, `${verb}…`);
  return [
    make("span", { class: "dim" }, [...filter].length ? "All that match: " : "All sessions: "),
    ...Object.entries(ACTIONS).map(button),
  ];
}

/** Each row by itself: those that did not change stay as they are. */
function showRows(list, filter, open) {
  const rows = byId("rows");
  const old = new Map([...rows.children].map((row) => [row.dataset.id, row]));
  const next = list.map((session) => {
    const row = old.get(session.id) ?? make("tr", { role: "row", "data-id": session.id });
    row.classList.toggle("open", session.id === open);
    draw(row, [session, String(filter)], () => cells(session, filter));
    return row;
  });
  const held = rows.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  const same = next.length === rows.children.length && next.every((row, at) => rows.children[at] === row);
  if (!same) rows.replaceChildren(...next);
  if (held !== undefined && !rows.contains(document.activeElement)) focusOn(rows, held);
}

function cells(session, filter) {
  const cell = (name, content, attributes = {}) => make("td", { role: "cell", "data-name": name, ...attributes }, content);
  return [
    make(
      "th",
      { scope: "row", role: "rowheader" },
      make("a", { class: "row", href: toSessions(filter, session.id), "data-focus": session.id }, session.id),
    ),
    cell("Kind", session.kind, { class: "kind" }),
    cell("State", make("span", { class: `tag ${session.state}` }, session.state)),
    cell("Created", when(session.created_ms)),
    cell("Repeats", count(session.repeats), { class: "number" }),
    cell("Waits for", make("span", { class: "clamp", title: session.waits_because }, session.waits_because), { class: "wide" }),
  ];
}

function paging(kinds, page, query, filter) {
  const { sessions: list, next } = page;
  if (list.length === 0 && !next && !query.get("page")) {
    return make(
      "span",
      {},
      [...filter].length ? "The filter lets no session through." : "There is no session: all that was begun is finished.",
    );
  }
  const all = total(kinds, filter);
  const words =
    next || query.get("page")
      ? `${some(list.length)} on this page${all === null ? "" : `, of ${count(all)}`}`
      : some(list.length);
  const link = (name, text, token) => {
    const there = without(query, "page");
    if (token) there.set("page", token);
    return make("a", { href: toSessions(there), "data-focus": name, id: name }, text);
  };
  return [
    make("span", {}, `${words}. `),
    query.get("page") ? link("first-page", "First page") : null,
    next ? link("next-page", list.length < PAGE ? "Look further" : "Next page", next) : null,
  ].filter(Boolean);
}

/** How many the filter lets through, where the counts of kinds say it. */
function total(kinds, filter) {
  if ([...filter.keys()].some((name) => name !== "kind" && name !== "state")) return null;
  const states = filter.getAll("state").length ? filter.getAll("state") : ["active", "stored", "repeating", "parked"];
  const wanted = kinds.filter((kind) => !filter.has("kind") || filter.getAll("kind").includes(String(kind.id)));
  return wanted.reduce((sum, kind) => sum + states.reduce((of, state) => of + (kind[state] ?? 0), 0), 0);
}
