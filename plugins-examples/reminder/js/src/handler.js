/**
 * @file A handler without effects outside: remind three times, then forget the session.
 *
 * The first record is `{"text":"…"}`, what to remind of. Each run gives one reminder, a line in the log, and records it,
 * `{"reminded":n}`; then it stores the session until the next is due, and after the last deletes it.
 *
 * Why it counts records: the repeat number will not do. A handler that stores its session has made progress, so the host
 * counts its repeats anew. A record does: it is committed together with the end of the run. A run that is cut off leaves
 * none, and the next gives the same reminder again, with the same number.
 */

import { Permanent, defineHandler, log, settings } from "mpy6a-handler";

/** How many reminders there are. */
const REMINDERS = 3;

/** Seconds from one reminder to the next, where the setting `every_s` does not say. */
const EVERY_S_DEFAULT = 60;

/** The contract's largest timeout in seconds, an unsigned number of 32 bits. */
const EVERY_S_MAX = 2 ** 32 - 1;

export const handle = defineHandler((repeat) => {
  const text = repeat.json(0, readText);
  const n = given(repeat) + 1;
  log.info(`reminder ${n} of ${REMINDERS}: ${text}`);
  repeat.appendJson({ reminded: n });
  if (n < REMINDERS) repeat.store(everyS());
  else repeat.delete();
});

/** The first record: what to remind of. */
function readText(record) {
  if (typeof record?.text !== "string") throw new Error("it has no `text`");
  return record.text;
}

/** How many reminders were given before this run: one for each record after the first. */
function given(repeat) {
  for (let index = 1; index < repeat.records.length; index += 1) repeat.json(index, checkGiven);
  return repeat.records.length - 1;
}

function checkGiven(record) {
  if (!(Number.isSafeInteger(record?.reminded) && record.reminded >= 0)) throw new Error("it has no number `reminded`");
}

/** Seconds from one reminder to the next. */
function everyS() {
  const text = settings.get("every_s");
  if (text === undefined) return EVERY_S_DEFAULT;
  if (/^\+?\d+$/.test(text) && Number(text) <= EVERY_S_MAX) return Number(text);
  throw new Permanent("the setting `every_s` is not a number of whole seconds");
}
