// Why a room cannot be reached. A WebSocket that is turned away does not say why, so this asks by
// HTTP as far as the server, or the person, lets an extension read the answer.

/**
 * @typedef {object} Problem
 * @property {"offline" | "away" | "other" | "refused" | "socket" | string} code One of these, or
 *   the server's own code.
 * @property {string} words
 */

/** How long a server may take to answer, in milliseconds. */
const PATIENCE = 8_000;

/**
 * @param {import("./address.js").Place} place
 * @param {typeof fetch} [ask]
 * @returns {Promise<Problem>}
 */
export async function diagnose({ server, room, invitation }, ask = fetch) {
  const { host } = new URL(server);
  const get = (path, options) =>
    ask(server + path, { credentials: "omit", signal: AbortSignal.timeout(PATIENCE), ...options })
      .catch(() => null);
  const invited = invitation ? `&invitation=${encodeURIComponent(invitation)}` : "";
  const items = await get(`/api/rooms/${room}/items?limit=1${invited}`);
  if (items) {
    return (await said(items)) ?? other(host);
  }
  // This file every Nowcast server gives to everybody.
  const sdk = await get("/nowcast.js", { method: "HEAD" });
  if (sdk?.ok) {
    const words = `${host} answers, but no connection to the room “${room}” comes about. ` +
      "There may be no such room, it may be private, or something before the server may not pass " +
      "WebSockets on.";
    return { code: "refused", words };
  }
  if (await get("/", { mode: "no-cors" })) {
    return other(host);
  }
  if (globalThis.navigator?.onLine === false) {
    return { code: "offline", words: "This computer has no network." };
  }
  return { code: "away", words: `Nothing answers at ${host}.` };
}

/**
 * What an answer that could be read says.
 *
 * @param {Response} response
 * @returns {Promise<Problem | null>} `null` if it is none of Nowcast's.
 */
async function said(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && Array.isArray(body?.items)) {
    const words = "The server is there, but no live connection comes through. " +
      "A proxy before it may not pass WebSockets on.";
    return { code: "socket", words };
  }
  const known = typeof body?.code === "string" && typeof body.detail === "string";
  return known ? { code: body.code, words: body.detail } : null;
}

function other(host) {
  return { code: "other", words: `What answers at ${host} is no Nowcast server.` };
}
