// The two-step durable handler that the bench measures Restate with: node handler.mjs PORT BYTES
//
// Neither step does anything outside: what is measured is what keeping them costs.

import http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

const [port, bytes] = process.argv.slice(2).map(Number);
const result = "7".repeat(bytes);

const bench = restate.service({
  name: "bench",
  handlers: {
    run: restate.handlers.handler({ input: restate.serde.binary, output: restate.serde.binary }, async (context) => {
      await context.run("first", async () => result);
      await context.run("second", async () => "");
      return new Uint8Array();
    }),
  },
});

http2.createServer(restate.createEndpointHandler({ services: [bench] })).listen(port, "127.0.0.1");
