// Doing something to all sessions that a filter lets through: to what was listed, as it was listed. A session that changed meanwhile is
// left alone, and counted.

import { ACTIONS } from "./act.js";
import { post } from "./api.js";
import { close, open } from "./confirm.js";
import { make, say } from "./dom.js";
import { dryRun } from "./dryrun.js";
import { count, sessions } from "./words.js";

/** How many are acted on at once: the host takes at most 1,000. */
const BATCH = 500;

let changed = () => {};

/** Who wants to know that something was done. */
export function onBulk(listener) {
  changed = listener;
}

/** Say what it would be done to, ask, do it. `query`: the filter, as the page's URL has it. */
export function actOnAll(name, query) {
  const { verb, danger } = ACTIONS[name];
  const plan = { name, query, isAll: [...query].length === 0, force: false, targets: [], stopped: false };
  const body = make("div", {});
  const look = danger ? "danger" : "main";
  const yes = make("button", { class: look, type: "submit", id: "confirm-yes", disabled: true }, verb);
  open({
    title: `${verb}: ${plan.isAll ? "every session" : "all that the filter lets through"}?`,
    body: [body],
    buttons: [yes],
    submit: () => {
      if (!yes.disabled) run(plan, body, yes);
    },
    closed: () => {
      plan.stopped = true;
    },
  });
  dryRun(plan, body, yes);
}

async function run(plan, body, yes) {
  const { name, targets, force } = plan;
  yes.disabled = true;
  const bar = make("progress", { max: targets.length, value: 0, "aria-label": "Done" });
  const words = make("p", { role: "status" }, "0 done");
  body.replaceChildren(words, bar);
  const tally = { done: 0, refused: new Map(), failure: null };
  for (let at = 0; at < targets.length && !plan.stopped; at += BATCH) {
    try {
      const { results } = await post("/api/act", { action: name, targets: targets.slice(at, at + BATCH), force });
      results.forEach((result) => enter(tally, result));
    } catch (failure) {
      tally.failure = failure;
      break;
    }
    bar.value = Math.min(at + BATCH, targets.length);
    words.textContent = `${count(bar.value)} of ${count(targets.length)}`;
  }
  report(plan, tally);
  changed();
}

function enter(tally, { reason, message }) {
  if (!reason) {
    tally.done += 1;
    return;
  }
  const times = (tally.refused.get(reason)?.times ?? 0) + 1;
  tally.refused.set(reason, { message: tally.refused.get(reason)?.message ?? message, times });
}

function report({ name, targets, stopped }, { done, refused, failure }) {
  const words = `${ACTIONS[name].verb}: done to ${count(done)} of ${sessions(targets.length)}`;
  say(words);
  const left = ({ message, times }) => make("p", {}, `Left alone, ${count(times)}: ${message}${times > 1 ? " (and so on)" : ""}`);
  const unheard = failure?.status === 0 ? ` Up to ${BATCH} more may have been done: their answer is missing.` : "";
  open({
    title: failure || stopped ? "Stopped half-way" : "Done",
    body: [
      make("p", { id: "bulk-done" }, words),
      ...[...refused.values()].map(left),
      failure ? make("p", { class: "bad" }, `Then it failed, and stopped: ${failure.message}.${unheard}`) : null,
      stopped ? make("p", {}, "It was cancelled: what was done stays done.") : null,
    ],
    buttons: [],
    submit: close,
    closed: () => {},
    no: "Close",
  });
}
