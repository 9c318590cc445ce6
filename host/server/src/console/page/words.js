// Numbers, sizes and times as people read them.

const SECOND = 1000,
  MINUTE = 60 * SECOND,
  HOUR = 60 * MINUTE,
  DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat("en");
const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** How far the host's clock is ahead of this one, in milliseconds. */
let ahead = 0;

/** The host said what time it is. */
export function setNow(hostMs) {
  ahead = hostMs - Date.now();
}

/** Now, by the host's clock: Unix milliseconds. */
export const now = () => Date.now() + ahead;

/** 12,345. */
export const count = (number) => grouped.format(number);

/** `1 session`, `12 sessions`. */
export const sessions = (number) => `${count(number)} ${number === 1 ? "session" : "sessions"}`;

/** `1 session waits`, `12 sessions wait`. */
export const waiting = (number) => `${sessions(number)} ${number === 1 ? "waits" : "wait"}`;

/** Three digits that matter: 0.0123, 12.3, 1,230. */
export const rough = (number) => few.format(number);

/** A span of milliseconds: the two largest units. */
export function span(ms) {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  const whole = Math.floor(ms / SECOND);
  if (ms < MINUTE) return `${whole} s`;
  const pair = (large, largeName, small, smallName) => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
  };
  if (ms < HOUR) return pair(MINUTE, "min", SECOND, "s");
  if (ms < DAY) return pair(HOUR, "h", MINUTE, "min");
  return pair(DAY, "d", HOUR, "h");
}

/** `90s`, `10m`, `2h`, `3d` in seconds; null if it is none of them. */
export function seconds(text) {
  const found = /^\s*(\d{1,9})\s*(s|m|min|h|d)\s*$/.exec(text);
  if (!found) return null;
  return Number(found[1]) * { s: 1, m: 60, min: 60, h: 3600, d: 86400 }[found[2]];
}

/** A number of bytes. */
export function bytes(number) {
  if (number < 1024) return `${number} B`;
  if (number < 1024 * 1024) return `${rough(number / 1024)} KiB`;
  return `${rough(number / 1024 / 1024)} MiB`;
}

/** Seconds as people measure runs: 120 µs, 3.2 ms, 1.5 s. */
export function duration(s) {
  if (s < 0.001) return `${rough(s * 1e6)} µs`;
  if (s < 1) return `${rough(s * 1e3)} ms`;
  return s < 60 ? `${rough(s)} s` : span(s * SECOND);
}

/** A time of the day, by this machine's zone. */
export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");

/** The whole of a point in time, for whoever points at it. */
export const whole = (ms) => new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC");

/** How long ago, or still to come: an element that goes on counting. */
export function when(ms) {
  const element = document.createElement("time");
  element.dateTime = new Date(ms).toISOString();
  element.title = whole(ms);
  element.dataset.ms = ms;
  element.textContent = distance(ms);
  return element;
}

function distance(ms) {
  const away = now() - ms;
  if (away < 0) return `in ${span(-away + SECOND - 1)}`;
  return away < SECOND ? "now" : `${largest(span(away))} ago`;
}

/** `4 min` of `4 min 56 s`: what is past need not be watched by the second. */
const largest = (text) => text.split(" ").slice(0, 2).join(" ");

/** Let every time on the page go on. */
export function tick() {
  for (const element of document.querySelectorAll("time[data-ms]")) {
    const text = distance(Number(element.dataset.ms));
    if (element.textContent !== text) element.textContent = text;
  }
}
