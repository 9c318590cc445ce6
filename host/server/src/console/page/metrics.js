// The host's metrics, in Prometheus' text form: reading them, and what histograms say of percentiles.

/** Most lines to read: some 40 series for each of 1,024 kinds, with room. */
const LINES_MAX = 100_000;

/** Samples by the name of their series: `[{ labels, value }]`. What is no sample is passed over. */
export function parse(text) {
  const series = new Map();
  for (const line of text.split("\n", LINES_MAX)) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    const value = found ? number(found[3]) : Number.NaN;
    if (Number.isNaN(value)) continue;
    if (!series.has(found[1])) series.set(found[1], []);
    series.get(found[1]).push({ labels: labels(found[2] ?? ""), value });
  }
  return series;
}

function number(text) {
  return { "+Inf": Infinity, "-Inf": -Infinity }[text] ?? Number(text);
}

function labels(text) {
  const found = {};
  for (const [, name, value] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    found[name] = value.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
  }
  return found;
}

/** The sum of those samples of a series that have these labels; null where there is none. */
export function sum(series, name, wanted = {}) {
  const found = (series.get(name) ?? []).filter(({ labels }) => matches(labels, wanted));
  return found.length ? found.reduce((total, { value }) => total + value, 0) : null;
}

/** A histogram's buckets: how many observations were at most so long, by that bound; empty where there is none. */
export function buckets(series, name, wanted = {}) {
  const totals = new Map();
  for (const { labels, value } of series.get(`${name}_bucket`) ?? []) {
    if (matches(labels, wanted)) totals.set(number(labels.le), (totals.get(number(labels.le)) ?? 0) + value);
  }
  return [...totals].sort(([one], [other]) => one - other);
}

function matches(labels, wanted) {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/**
 * What this share of the observations was at most, between two looks at a histogram: within the bucket that it falls into it is taken
 * to lie in proportion, as Prometheus' own `histogram_quantile` does. Null where nothing was observed.
 */
export function quantile(share, before, after) {
  const old = new Map(before);
  const grown = after.map(([bound, total]) => [bound, total - (old.get(bound) ?? 0)]);
  const all = grown.at(-1)?.[1] ?? 0;
  if (!(all > 0)) return null;
  const rank = share * all;
  const at = grown.findIndex(([, total]) => total >= rank);
  const [low, below] = at > 0 ? grown[at - 1] : [0, 0];
  const [high, total] = grown[at];
  if (high === Infinity) return low;
  return low + (high - low) * ((rank - below) / (total - below || 1));
}
