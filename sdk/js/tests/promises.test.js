/** @file Waiting shows in the real engine as it does under Node. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { evaluate } from "./quickjs.js";

test("in QuickJS an awaited response shows, and a value that only comes back does not", async () => {
  const said = await evaluate(`
    import { watch } from "../src/promises.js";
    import { Response } from "../src/http/response.js";
    const response = () => new Response("GET http://a/", { status: 200, headers: [], body: new Uint8Array() });
    const tried = [];
    for (const act of [() => response(), async () => (await response()).text(), async () => response()]) {
      const waited = watch();
      act();
      tried.push(waited() !== undefined);
    }
    say(tried.join());`);
  assert.equal(said, "false,true,true");
});
