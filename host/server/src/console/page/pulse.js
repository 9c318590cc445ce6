// Whether the host answers, and what to say when it does not.

import { byId, draw } from "./dom.js";
import { askToken, tokenTaken } from "./token.js";
import { clock, count, now, sessions } from "./words.js";

/** When it last did, by its own clock. */
let last = null;

/** Whether it wants to know who one is before it says any more. */
let asking = false;
export const isAsking = () => asking;

/** It answered: how it is, in a line. */
export function well({ kinds, term, version }) {
  const all = kinds.reduce((sum, kind) => sum + kind.active + kind.stored + kind.repeating + kind.parked, 0);
  last = now();
  asking = false;
  byId("pulse").textContent = `${sessions(all)} · term ${count(term)} · version ${version} · ${clock(Date.now())}`;
  byId("trouble").hidden = true;
  document.body.classList.remove("stale");
  tokenTaken();
}

/** It did not, or refused. `again`: asks it once more. */
export function trouble(failure, again) {
  const line = byId("trouble");
  if (failure.status === 401) {
    asking = true;
    for (const part of ["wrong", "kinds", "sessions", "session", "trouble"]) byId(part).hidden = true;
    byId("pulse").textContent = "";
    askToken(again);
    return;
  }
  const since = last ? ` What you see is from ${clock(last)}.` : "";
  document.body.classList.add("stale");
  draw(line, failure.message + since, () => failure.message + since);
  line.hidden = false;
}
