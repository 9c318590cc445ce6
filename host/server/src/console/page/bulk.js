// Doing something to all sessions that a filter lets through.
//
// First they are listed, which changes nothing: that is the number to confirm. Then it is done to what was listed, as it was listed: a
// session that changed meanwhile is left alone, and counted.

import { ACTIONS, FORCED } from "./act.js";
import { get, post } from "./api.js";
import { close, open } from "./confirm.js";
import { make, say } from "./dom.js";
import { apiQuery } from "./filter.js";
import { count, sessions } from "./words.js";

/** Most sessions of one go: a list of some 20 MB. */
const TARGETS_MAX = 100_000;
/** How many are asked for, and acted on, at once: the host takes at most 1,000. */
const PAGE = 1000, BATCH = 500;
/** How many of them are shown by their ids. */
const SHOWN = 8;

let changed = () => {};
export const onBulk = (listener) => { changed = listener; };

/** Ask, show what it would be done to, ask again, do it. `query`: the filter, as the page's URL has it. */
export function actOnAll(name, query) {
  const action = ACTIONS[name];
  const isAll = [...query].length === 0;
  const body = make("div", {});
  const yes = make("button", { class: action.danger ? "danger" : "main", type: "submit", id: "confirm-yes", disabled: true }, action.verb);
  const work = { stopped: false, targets: null };
  open({
    title: `${action.verb}: ${isAll ? "every session" : "all that the filter lets through"}?`,
    body: [body], buttons: [yes],
    submit: () => { if (!yes.disabled) run(name, work, body, yes); },
    closed: () => { work.stopped = true; },
  });
  dryRun(name, query, isAll, false, work, body, yes);
}

/** The dry run. */
async function dryRun(name, query, isAll, force, work, body, yes) {
  const action = ACTIONS[name];
  const mine = { targets: [], kinds: new Map() };
  work.current = mine;
  yes.disabled = true;
  const progress = make("p", { id: "bulk-count", role: "status" }, "Counting…");
  body.replaceChildren(progress);
  try {
    for (let page = ""; page !== null && mine.targets.length < TARGETS_MAX;) {
      const params = apiQuery(query);
      Object.entries({ for: name, size: PAGE, page, ...(force ? { force: 1 } : {}) }).forEach(([key, value]) => params.set(key, value));
      const answer = await get(`/api/sessions?${params}`);
      if (work.stopped || work.current !== mine) return;
      for (const session of answer.sessions) {
        mine.targets.push({ id: session.id, unchanged_since: session.change_id });
        mine.kinds.set(session.kind, (mine.kinds.get(session.kind) ?? 0) + 1);
      }
      progress.textContent = `Counting: ${count(mine.targets.length)} so far`;
      page = answer.next || null;
      mine.more = page !== null;
    }
  } catch (failure) {
    body.replaceChildren(make("p", { role: "alert" }, `Not counted: ${failure.message}`));
    return;
  }
  work.targets = mine.targets.slice(0, TARGETS_MAX);
  work.force = force;
  body.replaceChildren(...plan(action, name, mine, work, isAll, force, yes, (now) => dryRun(name, query, isAll, now, work, body, yes)));
}

function plan(action, name, found, work, isAll, force, yes, again) {
  const total = work.targets.length;
  const takes = name === "park" || name === "delete";
  const forced = make("input", { type: "checkbox", id: "bulk-force" });
  forced.checked = force;
  forced.addEventListener("change", () => again(forced.checked));
  const parts = [];
  if (total === 0) {
    parts.push(make("p", { id: "bulk-count", role: "status" }, "No session: of those that the filter lets through none is in a state in which this can be done."));
  } else {
    const kinds = [...found.kinds].map(([kind, number]) => `${count(number)} ${kind}`).join(", ");
    const ids = work.targets.slice(0, SHOWN).map(({ id }) => id).join(", ") + (total > SHOWN ? ", …" : "");
    parts.push(make("p", { id: "bulk-count", role: "status" }, make("strong", {}, sessions(total)), ` (${kinds}): ${action.means(total === 1 ? "it is" : "they are")}`));
    parts.push(make("p", { class: "dim ids" }, ids));
    if (found.more) parts.push(make("p", {}, `More than ${count(TARGETS_MAX)} are let through: these are the first. Do it again for the rest.`));
    if (isAll) parts.push(make("p", { class: "bad" }, "No filter is set: this is about every session of the host."));
    if (force) parts.push(make("p", { class: "bad" }, FORCED));
  }
  if (takes) parts.push(make("p", {}, make("label", {}, forced, " Also sessions that clients hold")));
  const typed = total > 0 && (action.danger || isAll || force);
  yes.textContent = total ? `${action.verb} ${sessions(total)}` : action.verb;
  yes.disabled = total === 0 || typed;
  if (typed) {
    const input = make("input", { id: "confirm-typed", autocomplete: "off", inputmode: "numeric" });
    input.addEventListener("input", () => { yes.disabled = input.value.replaceAll(",", "").trim() !== String(total); });
    parts.push(make("p", {}, make("label", { for: "confirm-typed" }, `Type ${total} to confirm`), input));
  }
  return parts;
}

async function run(name, work, body, yes) {
  const { targets, force } = work;
  yes.disabled = true;
  const bar = make("progress", { max: targets.length, value: 0, "aria-label": "Done" });
  const words = make("p", { role: "status" }, "0 done");
  body.replaceChildren(words, bar);
  const tally = { done: 0, refused: new Map() };
  let failure = null;
  for (let at = 0; at < targets.length && !work.stopped; at += BATCH) {
    try {
      const { results } = await post("/api/act", { action: name, targets: targets.slice(at, at + BATCH), force });
      results.forEach((result) => enter(tally, result));
    } catch (error) {
      failure = error;
      break;
    }
    bar.value = Math.min(at + BATCH, targets.length);
    words.textContent = `${count(bar.value)} of ${count(targets.length)}`;
  }
  report(name, tally, targets.length, failure, work.stopped);
  changed();
}

function enter(tally, { reason, message }) {
  if (!reason) {
    tally.done += 1;
    return;
  }
  const seen = tally.refused.get(reason) ?? { message, times: 0 };
  tally.refused.set(reason, { ...seen, times: seen.times + 1 });
}

function report(name, { done, refused }, total, failure, stopped) {
  const words = `${ACTIONS[name].verb}: done to ${count(done)} of ${sessions(total)}`;
  say(words);
  const refusals = [...refused.values()].map(({ message, times }) =>
    make("p", {}, `Left alone, ${count(times)}: ${message}${times > 1 ? " (and so on)" : ""}`));
  const parts = [
    make("p", { id: "bulk-done" }, words),
    ...refusals,
    failure ? make("p", { class: "bad" }, `Then it failed, and stopped: ${failure.message}`) : null,
    stopped ? make("p", {}, "It was cancelled: what was done stays done.") : null,
  ];
  open({ title: failure || stopped ? "Stopped half-way" : "Done", body: parts, buttons: [], submit: close, closed: () => {}, no: "Close" });
}
