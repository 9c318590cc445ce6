/**
 * @file The repeat handler of the worked example: finish the creation of a user, or forget it.
 *
 * Service A keeps users, service B indexes them for search. A client that creates a user records first what it wants
 * (`{"step":"create","user":{"nick","name","mail"}}`), asks A, records the id that A gave (`{"step":"created","id"}`),
 * asks B, and deletes the session. It may fail after any of these. This handler then does, step by step:
 *
 * 1. Take what the session recorded.
 * 2. If it has no id, look the user up in A by nick; else fetch it by id.
 * 3. No such user: delete the session and leave. A never created it, and there is nothing to undo.
 * 4. Index the user that was found in B, by its attributes.
 * 5. Delete the session and leave.
 *
 * On any error it leaves at once, to be repeated. Only a record that it cannot read is permanent.
 *
 * Why it is right:
 *
 * - *Repeating is harmless*: a look-up changes nothing, and indexing the same user again changes nothing.
 * - *A late creation cannot slip in after step 3*: both look-ups name a step, so they carry the fence, and A refuses a
 *   call of an earlier holder of the session from then on.
 * - *Only A may say that there is no such user*: a 404 that is not in A's words (a wrong path, a proxy) is an error.
 * - *A nick is not a proof*. Lists have duplicates: when A refused to create this user because another has the nick, and
 *   the client died before it could delete the session, the look-up finds the *other* user. It is indexed all the same
 *   (it should be, its attributes may have been changed since this session asked for it, and it does no harm), but
 *   unless it is what this session asked for, it does not count as this one rolled forward.
 */

import { Retry, defineHandler, http, log, settings } from "mpy6a-handler";

import { readRefusal, readStep, readUser } from "./shapes.js";

/**
 * How long to wait for A, and again for B. Both together stay under the run's own limit (10 s by default), so that a
 * service that hangs ends the run with a reason that names it.
 */
const CALL_TIMEOUT_MS = 3_000;

export const handle = defineHandler((repeat) => {
  const progress = Object.assign({}, ...repeat.allJson(readStep));
  try {
    finish(repeat, progress);
  } catch (error) {
    throw Retry.from(error);
  }
});

/** @param {{ user?: Wanted, id?: number }} progress How far the client came. */
function finish(repeat, progress) {
  const user = lookUp(progress);
  if (user === undefined) {
    repeat.delete();
    log.info("rolled back: no such user");
    return;
  }
  index(user);
  repeat.delete();
  if (askedFor(progress, user)) log.info(`rolled forward user ${user.id}`);
  else log.info(`rolled back: no such user; user ${user.id} has the nick`);
}

/** Ask A for the user, by id if it is known. */
function lookUp({ user, id }) {
  const users = `${settings.require("service_a")}/users`;
  // The client died before its first record, so it never asked A for anything.
  if (id === undefined && user === undefined) return undefined;
  const options = { step: "find", timeoutMs: CALL_TIMEOUT_MS };
  const response =
    id === undefined
      ? http.get(users, { query: { nick: user.nick }, ...options })
      : http.get(`${users}/${id}`, options);
  if (response.status === 404) return response.json(readRefusal);
  return response.expectSuccess().json(readUser);
}

/** Have B index the user. */
function index(user) {
  const url = `${settings.require("service_b")}/index/${user.id}`;
  http.put(url, { json: user, step: "index", timeoutMs: CALL_TIMEOUT_MS }).expectSuccess();
}

/** Whether this is the user of this session: A gave it this id, or it is what the session asked for. */
function askedFor({ user: wanted, id }, user) {
  if (id !== undefined) return id === user.id;
  return wanted.nick === user.nick && wanted.name === user.name && wanted.mail === user.mail;
}
