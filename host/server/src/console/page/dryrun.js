// What would be done to which sessions: they are listed, which changes nothing, and the number is what has to be confirmed.

import { ACTIONS, FORCED } from "./act.js";
import { get } from "./api.js";
import { make } from "./dom.js";
import { apiQuery } from "./filter.js";
import { count, sessions } from "./words.js";

/** Most sessions of one go: a list of some 20 MB. */
const TARGETS_MAX = 100_000;
/** How many are asked for at once: the host gives at most 1,000. */
const PAGE = 1000;
/** How many of them are shown by their ids. */
const SHOWN = 8;

/**
 * List them, and say what would be done. `plan`: `{ name, query, isAll, force }`, gets `targets`. `body`: where to say it. `yes`: the
 * button that does it, which can be pressed once all is said, and typed.
 */
export async function dryRun(plan, body, yes) {
  yes.disabled = true;
  plan.targets = [];
  const progress = make("p", { id: "bulk-count", role: "status" }, "Counting…");
  body.replaceChildren(progress);
  const force = plan.force;
  try {
    const found = await list(plan, (so) => {
      progress.textContent = `Counting: ${count(so)} so far`;
      return plan.stopped || plan.force !== force;
    });
    if (found === null) return;
    plan.targets = found.targets;
    body.replaceChildren(...said(plan, found), ...choices(plan, yes, () => dryRun(plan, body, yes)));
  } catch (failure) {
    body.replaceChildren(make("p", { role: "alert" }, `Not counted: ${failure.message}`));
  }
}

/** All of them, as they are now; null where `stop` says that nobody wants to know any more. */
async function list({ name, query, force }, stop) {
  const targets = [];
  const kinds = new Map();
  const params = apiQuery(query);
  params.set("for", name);
  params.set("size", PAGE);
  if (force) params.set("force", 1);
  let more;
  do {
    const answer = await get(`/api/sessions?${params}`);
    for (const { id, change_id, kind } of answer.sessions) {
      targets.push({ id, unchanged_since: change_id });
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    if (stop(targets.length)) return null;
    more = answer.next !== "";
    params.set("page", answer.next);
  } while (more && targets.length + PAGE <= TARGETS_MAX);
  return { targets, kinds, more };
}

function said({ name, isAll, force }, { targets, kinds, more }) {
  const total = targets.length;
  const line = (...words) => make("p", { id: "bulk-count", role: "status" }, ...words);
  if (total === 0) {
    return [line("No session: of those that the filter lets through none is in a state in which this can be done.")];
  }
  const by = [...kinds].map(([kind, number]) => `${count(number)} ${kind}`).join(", ");
  const ids = targets.slice(0, SHOWN).map(({ id }) => id);
  const means = ACTIONS[name].means(total === 1 ? "it is" : "they are");
  const parts = [
    line(make("strong", {}, sessions(total)), ` (${by}): ${means}`),
    make("p", { class: "dim ids" }, ids.join(", ") + (total > SHOWN ? ", …" : "")),
  ];
  const warn = (words) => parts.push(make("p", { class: "bad" }, words));
  if (more) warn(`There are more: these are the first ${count(total)}. Do it again for the rest.`);
  if (isAll) warn("No filter is set: this is about every session of the host.");
  if (force) warn(FORCED);
  return parts;
}

/** What is left to choose and to type. */
function choices(plan, yes, again) {
  const { name, isAll, force, targets } = plan;
  const { verb, danger } = ACTIONS[name];
  const total = targets.length;
  const parts = [];
  if (name === "park" || name === "delete") {
    const box = make("input", { type: "checkbox", id: "bulk-force" });
    box.checked = force;
    box.addEventListener("change", () => {
      plan.force = box.checked;
      again();
    });
    parts.push(make("p", {}, make("label", {}, box, " Also sessions that clients hold")));
  }
  const typed = total > 0 && (danger || isAll || force);
  yes.textContent = total ? `${verb} ${sessions(total)}` : verb;
  yes.disabled = total === 0 || typed;
  if (typed) {
    const input = make("input", { id: "confirm-typed", autocomplete: "off", inputmode: "numeric" });
    input.addEventListener("input", () => {
      yes.disabled = input.value.replaceAll(",", "").trim() !== String(total);
    });
    parts.push(make("p", {}, make("label", { for: "confirm-typed" }, `Type ${total} to confirm`), input));
  }
  return parts;
}
