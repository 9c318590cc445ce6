// How fast things go: from what the host counts, looked at again and again.
//
// The host's metrics have runs, their lengths and operations. A host without them, or one that shows them to others only, still says how
// many sessions wait: how that number moves is told from two looks.

import { buckets, parse, quantile, sum } from "./metrics.js";

/** How long a rate looks back, in milliseconds; and the most looks that are kept for it. */
const BACK_MS = 60_000,
  LOOKS_MAX = 64;

/** Looks, oldest first: `{ at, value }`. */
class Looks {
  looks = [];

  add(at, value) {
    this.looks.push({ at, value });
    while (this.looks.length > LOOKS_MAX || (this.looks.length > 2 && at - this.looks[1].at >= BACK_MS)) this.looks.shift();
  }

  /** What `of` makes of the first and the last, and the seconds between them; null where there is but one. */
  between(of) {
    const [first, last] = [this.looks.at(0), this.looks.at(-1)];
    const seconds = this.looks.length < 2 ? 0 : (last.at - first.at) / 1000;
    return seconds > 0 ? of(first.value, last.value, seconds) : null;
  }
}

const waiting = new Looks();
const series = new Looks();

export function sawKinds(at, kinds) {
  waiting.add(at, new Map(kinds.map((kind) => [kind.id, kind.stored + kind.parked])));
}

export function sawMetrics(at, text) {
  series.add(at, parse(text));
}

/** By how many a minute the sessions of a kind that wait became more, or fewer. */
export function growth(kind) {
  return waiting.between((first, last, seconds) => (((last.get(kind) ?? 0) - (first.get(kind) ?? 0)) * 60) / seconds);
}

/** How the runs of a kind go, by its name: how many a second, how many of a hundred failed, how long they took. */
export function runs(kind) {
  return series.between((first, last, seconds) => {
    const grown = (wanted) => grew(first, last, "mpy6a_repeats_total", { kind, ...wanted });
    const all = grown({});
    if (all === null) return null;
    const took = (share) => percentile(share, first, last, "mpy6a_repeat_seconds", { kind });
    const fine = grown({ outcome: "returned" }) ?? 0;
    return { perSecond: all / seconds, failed: all > 0 ? (100 * (all - fine)) / all : null, p50: took(0.5), p99: took(0.99) };
  });
}

/** How the host as a whole goes: operations of clients, and the commits that make them durable. */
export function traffic() {
  return series.between((first, last, seconds) => {
    const all = grew(first, last, "mpy6a_operations_total");
    if (all === null) return null;
    const applied = grew(first, last, "mpy6a_operations_total", { code: "OK" }) ?? 0;
    const took = (share) => percentile(share, first, last, "mpy6a_commit_seconds");
    return { perSecond: all / seconds, refused: (all - applied) / seconds, p50: took(0.5), p99: took(0.99) };
  });
}

/** By how much a counter grew; null where there is none. One that is smaller than it was began anew: the host was restarted. */
function grew(first, last, name, wanted = {}) {
  const [before, after] = [sum(first, name, wanted), sum(last, name, wanted)];
  if (after === null) return null;
  return after >= (before ?? 0) ? after - (before ?? 0) : after;
}

function percentile(share, first, last, name, wanted = {}) {
  return quantile(share, buckets(first, name, wanted), buckets(last, name, wanted));
}
