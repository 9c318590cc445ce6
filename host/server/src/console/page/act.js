// Doing something: to one session, to a kind, or to the host. Each first says what it will do.

import { post } from "./api.js";
import { confirm, tell } from "./confirm.js";
import { make, say } from "./dom.js";
import { count, waiting } from "./words.js";
import { nameOf } from "./wrong.js";

/** What can be done to sessions. `means`: in words, of one or of many. */
export const ACTIONS = {
  repeat: {
    verb: "Repeat now",
    key: "r",
    means: (it) =>
      `${it} due at once, whatever the due time was. Where the kind is paused or its runs are taken, they still wait for that.`,
  },
  park: {
    verb: "Park",
    key: "p",
    means: (it) => `${it} not repeated any more until a person redrives or deletes what was parked.`,
  },
  redrive: {
    verb: "Redrive",
    key: "v",
    means: (it) => `${it} repeated again, as if it were the first time: repeats are counted from none.`,
  },
  delete: {
    verb: "Delete",
    key: "x",
    danger: true,
    means: (it) =>
      `${it} forgotten with all records and attempts, for ever. What was begun outside is neither finished nor undone.`,
  },
};

/** Said where a client holds a session. */
export const FORCED = "Clients that hold a session lose it: they are told that their lease is lost.";

let changed = () => {};

/** Who wants to know that something was done. */
export function onChange(listener) {
  changed = listener;
}

/** One session, as `GET /api/sessions/ID` has it. */
export async function actOnOne(name, session) {
  const action = ACTIONS[name];
  const force = session.can[name] === "force";
  const body = [
    `Session ${session.id} of ${session.kind}, ${session.state}, with ${count(session.record_count)} ${session.record_count === 1 ? "record" : "records"}: ${action.means("it is")}`,
    force ? "A client holds it: the client loses it, and is told that its lease is lost." : null,
  ].filter(Boolean);
  const title = `${action.verb}: session ${session.id}?`;
  if (!(await confirm({ title, body, verb: force ? `${action.verb}, by force` : action.verb, danger: action.danger || force })))
    return;
  await done(async () => {
    const target = { id: session.id, unchanged_since: session.change_id };
    const [result] = (await post("/api/act", { action: name, targets: [target], force })).results;
    if (result.reason) throw new Error(result.message);
    return `${action.verb}: done to session ${session.id}`;
  });
}

export async function pauseKind(kind, pause) {
  const name = nameOf(kind);
  const body = pause
    ? [
        `No session of ${name} is repeated any more, over restarts too, until somebody resumes it. Runs under way go on, and clients are served.`,
        `${waiting(kind.stored)} now.`,
      ]
    : [
        `Sessions of ${name} are repeated again: ${waiting(kind.stored)}, and those that are due start at once, at most ${kind.workers} at a time.`,
        ...(kind.name ? [] : ["The config does not name this kind, so its sessions wait all the same."]),
      ];
  const verb = pause ? "Pause" : "Resume";
  if (!(await confirm({ title: `${verb} ${name}?`, body, verb }))) return;
  await done(async () => {
    await post(`/api/kinds/${kind.id}/${pause ? "pause" : "resume"}`);
    return `${verb}d: ${name}`;
  });
}

/** Have the config and every plugin read again. */
export async function reload() {
  const body = [
    "The host reads its config and every plugin again, at once. What is wrong with them keeps the old version in service, and is shown here.",
  ];
  if (!(await confirm({ title: "Reload config and plugins?", body, verb: "Reload" }))) return;
  await done(async () => {
    const answer = await post("/api/reload");
    const wrong = answer.config_trouble
      ? [["Config", answer.config_trouble]]
      : answer.kinds.filter((kind) => kind.name && kind.trouble).map((kind) => [kind.name, kind.trouble]);
    if (wrong.length === 0) return "Reloaded: the config and every plugin are in service as they are now";
    const lines = wrong.map(([name, words]) => make("div", {}, make("h3", {}, name), make("pre", {}, words)));
    tell("Reloaded, but the old version stays where something is wrong", ...lines);
    return "Reloaded, with trouble";
  });
}

async function done(what) {
  try {
    say(await what());
  } catch (failure) {
    say(`Not done: ${failure.message}`);
    tell("Not done", failure.message);
  }
  changed();
}
