// The records of a session: as what they are, as text, as JSON or byte by byte. Long ones are shown a piece at a time.

import { get, getBytes } from "./api.js";
import * as as from "./bytes.js";
import { byId, draw, make, say } from "./dom.js";
import { amend, toSessions } from "./route.js";
import { bytes, count } from "./words.js";

const FORMS = { best: as.best, text: (part, _, partial) => as.text(part, partial), json: null, hex: as.hex };
/** Bytes of a long record that are shown at once. */
const PIECE = 64 * 1024;

/** Records that were asked for whole: of one session, by number. */
const whole = { id: null, records: new Map() };
/** Records behind the first hundred. */
const further = { id: null, records: [] };

export function showRecords(session, query) {
  if (whole.id !== session.id) Object.assign(whole, { id: session.id, records: new Map() });
  if (further.id !== session.id) Object.assign(further, { id: session.id, records: [] });
  const form = query.get("as") in FORMS ? query.get("as") : "best";
  const shown = [...session.records, ...further.records].slice(0, session.record_count);
  draw(byId("records"), [session.id, form, session.record_count, session.record_bytes, shown], () => [
    make(
      "div",
      { class: "records-head" },
      make("h2", {}, `Records: ${count(session.record_count)}, ${bytes(session.record_bytes)}`),
      session.record_count ? choice(session, query, form) : null,
    ),
    session.record_count
      ? make(
          "ol",
          { class: "records", start: 0 },
          shown.map((record) => item(session, record, form)),
        )
      : make("p", { class: "dim" }, "None."),
    shown.length < session.record_count ? more(session, query, shown.length) : null,
  ]);
}

function choice(session, query, form) {
  const pick = (name) => {
    const there = new URLSearchParams(query);
    there.set("as", name);
    amend(toSessions(there, session.id));
  };
  const radio = (name) =>
    make(
      "label",
      { class: "chip" },
      make("input", {
        type: "radio",
        name: "as",
        value: name,
        checked: name === form,
        "data-focus": `as ${name}`,
        on: { change: () => pick(name) },
      }),
      make("span", {}, name),
    );
  return make(
    "div",
    { class: "chips", role: "radiogroup", "aria-label": "Shown as" },
    make("span", { class: "name" }, "Shown as"),
    Object.keys(FORMS).map(radio),
  );
}

function item(session, record, form) {
  const pre = make("pre", { tabindex: "0", role: "region", "aria-label": `Record ${record.number}` });
  const piece = make("span", { class: "dim" });
  const given = as.fromHex(record.hex);
  const show = (part, from) => {
    const partial = from + part.length < record.bytes;
    pre.textContent = (form === "json" ? (as.json(part) ?? as.text(part, partial)) : FORMS[form](part, from, partial)) || " ";
    piece.textContent = partial || from > 0 ? ` bytes ${count(from)} to ${count(from + part.length)}` : "";
  };
  const walk = { from: 0 };
  const load = async () => {
    if (!whole.records.has(record.number))
      whole.records.set(record.number, await getBytes(`/api/sessions/${session.id}/records/${record.number}`));
    return whole.records.get(record.number);
  };
  const go = (from) =>
    guarded(async () => {
      const all = await load();
      walk.from = Math.max(0, Math.min(from, all.length - 1));
      show(all.subarray(walk.from, walk.from + PIECE), walk.from);
    });
  const button = (words, click) => make("button", { type: "button", on: { click } }, words);
  const long = record.bytes > given.length;
  show(given, 0);
  return make(
    "li",
    { value: record.number },
    make(
      "p",
      { class: "record-head" },
      make("span", {}, `${count(record.number)} · ${bytes(record.bytes)}`),
      piece,
      long ? button("From its start", () => go(0)) : null,
      long ? button("Further", () => go(walk.from + PIECE)) : null,
      button("Save", () => guarded(async () => save(await load(), `${session.id}-record-${record.number}`))),
    ),
    pre,
  );
}

function save(all, name) {
  const url = URL.createObjectURL(new Blob([all], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

function more(session, query, from) {
  const load = () =>
    guarded(async () => {
      const answer = await get(`/api/sessions/${session.id}?from=${from}`);
      further.records.push(...answer.records);
      showRecords(session, query);
    });
  return make(
    "button",
    { type: "button", id: "more-records", "data-focus": "more records", on: { click: load } },
    `Show ${count(Math.min(100, session.record_count - from))} more`,
  );
}

async function guarded(what) {
  try {
    await what();
  } catch (failure) {
    say(`Not loaded: ${failure.message}`);
  }
}
