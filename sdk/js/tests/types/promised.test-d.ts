/**
 * What types/ promises, held against the code: the implementation is assignable to the declarations, and uses that must
 * not compile do not. tests/types.test.js compiles this; nothing runs it.
 */

import * as code from "../../src/index.js";
import * as testingCode from "../../src/testing/index.js";
import { Failure, HttpError, Permanent, Retry, defineHandler, http, log, settings } from "mpy6a-handler";
import type { Repeat } from "mpy6a-handler";
import { run } from "mpy6a-handler/testing";

code satisfies typeof import("mpy6a-handler");
testingCode satisfies typeof import("mpy6a-handler/testing");

interface Order {
  order: number;
}

function isOrder(value: unknown): Order {
  return value as Order;
}

export const handle = defineHandler((repeat: Repeat) => {
  const { order } = repeat.json(0, isOrder);
  const state: { last?: number } = repeat.replay({}, (state: { last?: number }, record) => {
    state.last = record.reminded;
  });
  try {
    const response = http.post(`${settings.require("shop")}/orders/${order}`, { step: "cancel", timeoutMs: 1000 });
    const again: Order = response.expectSuccess().json(isOrder);
    log.info(again.order);
  } catch (error) {
    if (error instanceof HttpError && error.mayHaveHappened) throw new Retry("once more", { cause: error });
    throw error instanceof Failure ? new Permanent(error.message) : error;
  }
  if (state.last === 3) repeat.delete();
  else repeat.store(60);
});

const outcome: "deleted" | "stored" | "unfinished" | "retry" | "permanent" | "trapped" = run(handle).outcome;
run(handle, { records: [{ order: 7 }, "text"], http: ({ url }) => (url ? { status: 204 } : { fails: "timeout" }) });

// @ts-expect-error A handler is synchronous.
defineHandler(async (repeat) => repeat.delete());
// @ts-expect-error There is no such option: a misspelt one must not go unseen.
http.get("http://a/", { timeout: 3000 });
// @ts-expect-error `run` takes what defineHandler made.
run(outcome);
defineHandler((repeat) => {
  // @ts-expect-error Bytes or text; a value goes through appendJson.
  repeat.append({ reminded: 1 });
  // @ts-expect-error Records are what the session had; operations are how it changes.
  repeat.records.push(new Uint8Array());
  // @ts-expect-error Seconds, not a text.
  repeat.store("60");
});
