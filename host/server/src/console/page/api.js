// Asking the host.

const TOKEN = "mpy6a.token";
/** How long an answer may take, in milliseconds; a reload compiles plugins meanwhile. */
const PATIENCE_MS = 20_000,
  RELOAD_MS = 120_000;

/** Why the host did not do it; `status` 0: it did not answer. */
export class Failure extends Error {
  constructor(status, reason, message) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The token, for as long as this tab is open; null where none was given. */
export const token = () => sessionStorage.getItem(TOKEN);
export const keepToken = (text) => sessionStorage.setItem(TOKEN, text);
export const forgetToken = () => sessionStorage.removeItem(TOKEN);

/** An answer as JSON. */
export async function get(path) {
  return (await ask("GET", path)).json();
}

/** An answer as bytes. */
export async function getBytes(path) {
  return new Uint8Array(await (await ask("GET", path)).arrayBuffer());
}

/** An answer as text; null where the host has no such route. */
export async function getText(path) {
  const response = await ask("GET", path).catch((failure) => {
    if (failure.status === 404) return null;
    throw failure;
  });
  const isText = response?.headers.get("content-type")?.match(/text|openmetrics/);
  return isText ? response.text() : null;
}

/** Change something. */
export async function post(path, body = {}) {
  return (await ask("POST", path, body)).json();
}

async function ask(method, path, body) {
  const headers = {};
  if (token()) headers.authorization = `Bearer ${token()}`;
  if (body) {
    headers["content-type"] = "application/json";
    headers["x-mpy6a-console"] = "1";
  }
  let response;
  try {
    const signal = AbortSignal.timeout(path === "/api/reload" ? RELOAD_MS : PATIENCE_MS);
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    throw new Failure(0, "UNREACHABLE", `the host does not answer (${error.name}): is it running?`);
  }
  if (response.ok) return response;
  throw refused(method, response, await response.text().catch(() => ""));
}

/** What the host said against it: JSON, or a line of text. */
function refused(method, response, body) {
  let said = { message: body.trim() };
  if (response.headers.get("content-type")?.includes("json")) {
    try {
      said = JSON.parse(body);
    } catch {
      // Shown as it is.
    }
  }
  const message = said.message || `the host answered ${response.status} ${response.statusText}: look at its log`;
  // Refused for who one is, and not for how it was asked.
  const isRight = response.status === 403 && !said.reason;
  const right = isRight ? ` (the right to ${method === "GET" ? "read" : "administer"} is missing)` : "";
  return new Failure(response.status, said.reason ?? "", message + right);
}
