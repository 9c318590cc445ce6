// Where one is, as the URL says: it survives a reload, and can be sent to somebody else.
//
//   #/                              kinds
//   #/sessions?kind=1&state=parked  sessions that a filter lets through
//   #/sessions/3-42?kind=1&as=hex   one of them, its records in hex

/** What a filter can say, by its names in the URL. */
export const FILTERS = ["kind", "state", "older", "younger", "repeats", "outcome", "cause"];

/** Where one is: `view` is kinds, sessions or session. */
export function here() {
  const [path, search = ""] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const id = /^\/sessions\/(\d+-\d+)$/.exec(path)?.[1];
  if (id) return { view: "session", id, query };
  return { view: path === "/sessions" ? "sessions" : "kinds", query };
}

/** The URL of the sessions that this lets through; of one of them, where it is named. */
export function toSessions(query, id) {
  const text = new URLSearchParams(query).toString();
  return `#/sessions${id ? `/${id}` : ""}${text ? `?${text}` : ""}`;
}

/** The query without these. */
export function without(query, ...names) {
  const rest = new URLSearchParams(query);
  names.forEach((name) => rest.delete(name));
  return rest;
}

/** The filter of a query alone. */
export function filterOf(query) {
  return new URLSearchParams([...query].filter(([name, value]) => FILTERS.includes(name) && value !== ""));
}

export function go(hash) {
  location.hash = hash;
}

/** Change where one is without a step that the back button would undo. */
export function amend(hash) {
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
