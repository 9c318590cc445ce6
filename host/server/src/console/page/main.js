// The console of a host: what starts everything, and looks again and again.
//
//   main      looks at the host, and shows what it said     kinds, wrong    how everything stands
//   route     where one is, in the URL                      list, filter    which sessions
//   api       asks the host                                 session,        one of them
//   pulse     whether it answers                            records
//   token     asks who one is                               act, confirm    doing something, after asking
//   keys      the keyboard                                  bulk, dryrun    the same to many
//   theme     dark or light
//   dom       elements, of text only                        rates, metrics  how fast it goes
//   words     numbers, sizes, times                         bytes           records and logs as text
//
// Nothing in here is code of others, and nothing is built: what you read is what runs.

import { onChange, reload } from "./act.js";
import { forgetToken, get, getText } from "./api.js";
import { onBulk } from "./bulk.js";
import { byId, focusOn, say } from "./dom.js";
import { listen, showKeys } from "./keys.js";
import { showKinds } from "./kinds.js";
import { loadPage, showList } from "./list.js";
import { isAsking, trouble, well } from "./pulse.js";
import { sawKinds, sawMetrics } from "./rates.js";
import { here } from "./route.js";
import { hideSession, showGone, showSession } from "./session.js";
import { name as nameTheme, nextTheme } from "./theme.js";
import { now, setNow, tick } from "./words.js";
import { showWrong } from "./wrong.js";

/** How long between two looks, in milliseconds: fast enough to watch, and a few hundred small reads a minute for the host. */
const LOOK_MS = 2000,
  TICK_MS = 1000;
/** Metrics are looked at every so many looks. */
const METRICS_EVERY = 3;

const looks = { done: 0, running: false, again: false, metrics: true, measuring: false, view: null, open: null };

/** Look at the host, and show what it says. One look at a time; who asks meanwhile gets another one after it. */
async function look() {
  if (looks.running) {
    looks.again = true;
    return;
  }
  looks.running = true;
  do {
    looks.again = false;
    try {
      await show(here());
    } catch (failure) {
      trouble(failure, look);
    }
  } while (looks.again);
  looks.running = false;
}

async function show(place) {
  const { view, id, query } = place;
  const wide = matchMedia("(min-width: 75rem)").matches;
  measure(view);
  const [answer, page, session] = await Promise.all([
    get("/api/kinds"),
    view === "sessions" || (view === "session" && wide) ? loadPage(query) : null,
    view === "session"
      ? get(`/api/sessions/${id}`).catch((failure) => (failure.status === 404 ? failure : Promise.reject(failure)))
      : null,
  ]);
  // One went elsewhere meanwhile: what was asked for is not what is wanted.
  if (
    location.hash &&
    JSON.stringify([here().view, here().id, String(here().query)]) !== JSON.stringify([view, id, String(query)])
  ) {
    looks.again = true;
    return;
  }
  setNow(answer.now_ms);
  sawKinds(now(), answer.kinds);
  well(answer);
  showView(view, wide);
  if (view === "kinds") {
    showWrong(answer.kinds);
    showKinds(answer.kinds);
  }
  if (page) showList(answer.kinds, page, query, id);
  if (session?.status === 404) showGone(id, session.message, query);
  else if (session) showSession(session, query);
  else hideSession();
  arrive(place);
}

/** The metrics, where the host has them and shows them. Nothing waits for them. */
async function measure(view) {
  if (view !== "kinds" || !looks.metrics || looks.measuring || looks.done++ % METRICS_EVERY) return;
  looks.measuring = true;
  try {
    const text = await getText("/metrics");
    if (text === null) looks.metrics = false;
    else sawMetrics(now(), text);
  } catch (failure) {
    // Kinds are shown without. One that answers nothing at all is asked again.
    looks.metrics = failure.status === 0;
  } finally {
    looks.measuring = false;
  }
}

function showView(view, wide) {
  byId("wrong").hidden = byId("kinds").hidden = view !== "kinds";
  byId("sessions").hidden = !(view === "sessions" || (view === "session" && wide));
  byId("work").classList.toggle("split", view === "session");
  for (const [link, is] of [
    ["to-kinds", view === "kinds"],
    ["to-sessions", view !== "kinds"],
  ]) {
    if (is) byId(link).setAttribute("aria-current", "page");
    else byId(link).removeAttribute("aria-current");
  }
}

/** Once for each place: its title, and the focus where one was before. */
function arrive({ view, id }) {
  const was = [looks.view, looks.open];
  [looks.view, looks.open] = [view, id ?? null];
  document.title = id ? `${id} · mpy6a` : view === "kinds" ? "Kinds · mpy6a" : "Sessions · mpy6a";
  if (view === "sessions" && was[0] === "session" && was[1]) focusOn(byId("rows"), was[1]);
}

function start() {
  byId("skip").addEventListener("click", () => byId("main").focus());
  byId("reload").addEventListener("click", reload);
  byId("theme").addEventListener("click", () => nextTheme(byId("theme")));
  byId("help").addEventListener("click", showKeys);
  byId("forget").addEventListener("click", () => {
    forgetToken();
    say("The token is forgotten.");
    look();
  });
  nameTheme(byId("theme"));
  listen();
  onChange(look);
  onBulk(look);
  addEventListener("hashchange", look);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !isAsking()) look();
  });
  setInterval(() => {
    if (!document.hidden && !isAsking()) look();
  }, LOOK_MS);
  setInterval(tick, TICK_MS);
  look();
}

start();
