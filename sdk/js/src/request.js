import { NowcastError, problem } from "./errors.js";

/** How long an answer may take, in milliseconds. */
const ANSWER_WITHIN = 15_000;

/**
 * Asks the server for JSON.
 *
 * @param {string} method
 * @param {string} url
 * @param {{body?: string, headers?: Record<string, string>, signal?: AbortSignal}} [more] without
 *   a signal it ends as unreachable when the answer takes too long
 * @returns {Promise<any>}
 */
export async function request(method, url, { body, headers = {}, signal } = {}) {
  const limit = new AbortController();
  const timer = signal ? undefined : setTimeout(() => limit.abort(), ANSWER_WITHIN);
  try {
    const response = await fetch(url, {
      method,
      body,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      cache: "no-store",
      signal: signal ?? limit.signal,
    });
    if (!response.ok) throw await problem(response);
    const text = await response.text();
    return text === "" ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof NowcastError) throw error;
    throw unreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * There was no answer, or none of ours.
 *
 * @param {unknown} cause
 */
export function unreachable(cause) {
  const message = "The server cannot be reached. Check the network and the address.";
  return new NowcastError("unreachable", message, { status: 0, cause });
}

/**
 * Whether the server itself turned somebody away, so that trying again soon would not help.
 *
 * @param {unknown} error
 * @returns {error is NowcastError}
 */
export function isRefusal(error) {
  return error instanceof NowcastError
    && error.code !== "unreachable"
    && [400, 401, 403, 404].includes(error.status ?? 0);
}

/**
 * Finds out why no connection came about, as far as the server or the browser tells. Null if
 * there is no better answer than to try again.
 *
 * @param {import("./address.js").Address} address
 * @returns {Promise<NowcastError | null>}
 */
export async function whyNot(address) {
  // Without this client's id, so that it does not take the place of a connection.
  const ask = () => request("GET", address.of("poll", { client: "", wait: 0 }), address);
  const answer = await ask().then(() => null, (error) => error);
  if (answer === null || isRefusal(answer)) return answer;
  const { origin, protocol } = globalThis.location ?? {};
  if (answer.status !== 0 || !origin || new URL(address.server).origin === origin) return null;
  // An extension may not read the answer, but connect: it is turned away for something else.
  if (protocol.endsWith("-extension:")) return null;
  // What any page may read comes, and what this one asked for does not: its browser keeps it.
  const open = await fetch(new URL("nowcast.js", address.server), { method: "HEAD", cache: "no-store" })
    .then((response) => response.ok, () => false);
  if (!open || await ask().then(() => true, (error) => error.status !== 0)) return null;
  const message = `This server does not let pages of ${origin} read it. Whoever runs it can allow `
    + `that: --allow-origin ${origin}`;
  return new NowcastError("foreign_origin", message, { status: 403 });
}
