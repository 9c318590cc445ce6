/**
 * @file Cancel an order in the shop, and forget the session.
 *
 * The first record is `{"order":7}`. The handler runs again, over the same records, until it has deleted the session, so
 * every step has to be one that may happen twice: the request names its step, and so carries the same idempotency key in
 * every run.
 */

import { defineHandler, http, log, settings } from "mpy6a-handler";

export const handle = defineHandler((repeat) => {
  const order = repeat.json(0, readOrder);
  http.post(`${settings.require("shop")}/orders/${order}/cancel`, { step: "cancel" }).expectSuccess();
  log.info(`cancelled order ${order}`);
  repeat.delete();
});

/** What is thrown here is the reason for which the session is kept for a person: no repeat would change the record. */
function readOrder(record) {
  if (!Number.isSafeInteger(record?.order)) throw new Error("it has no whole number `order`");
  return record.order;
}
