/**
 * @file What the handler reads, checked: the client's records, and the answers of A.
 *
 * A reader throws where a value is not what it wants. In a record that is permanent, in an answer it is retried.
 * Fields that it does not know are left out.
 */

/**
 * A record: what it adds to how far the client came.
 *
 * @returns {{ user: Wanted } | { id: number }}
 */
export function readStep(record) {
  if (record?.step === "create") return { user: readWanted(record.user) };
  if (record?.step === "created") return { id: integer(record, "id") };
  throw new Error("its `step` is neither `create` nor `created`");
}

/**
 * The user as the client wants it.
 *
 * @typedef {{ nick: string, name: string, mail: string }} Wanted
 * @returns {Wanted}
 */
function readWanted(user) {
  return { nick: string(user, "nick"), name: string(user, "name"), mail: string(user, "mail") };
}

/**
 * The user as A keeps it and B indexes it.
 *
 * @returns {Wanted & { id: number }}
 */
export function readUser(user) {
  return { id: integer(user, "id"), ...readWanted(user) };
}

/** A's words for "no": an object with the text `error`. There is no user then. */
export function readRefusal(answer) {
  string(answer, "error");
  return undefined;
}

function string(object, field) {
  const value = object?.[field];
  if (typeof value !== "string") throw new Error(`\`${field}\` is not a text`);
  return value;
}

/** JavaScript's numbers are exact up to 2^53: a longer id is refused, for another user's would come of it. */
function integer(object, field) {
  const value = object?.[field];
  if (!Number.isSafeInteger(value)) throw new Error(`\`${field}\` is not a whole number up to 2^53`);
  return value;
}
