// One look at a room, without becoming one of its viewers.

import { socketOf } from "./address.js";
import { diagnose } from "./diagnose.js";

/** How long a room may take to answer, in milliseconds. */
const PATIENCE = 8_000;

/**
 * @typedef {{title: string, watching: number | null}} Found
 */

/**
 * Connects, reads the first word, and leaves.
 *
 * @param {import("./address.js").Place} place
 * @returns {Promise<{found: Found} | {problem: import("./diagnose.js").Problem}>}
 */
export async function probe(place) {
  const found = await firstWord(socketOf(place));
  return found ? { found } : { problem: await diagnose(place) };
}

/**
 * @param {string} address
 * @returns {Promise<Found | null>}
 */
function firstWord(address) {
  const socket = new WebSocket(address, "nowcast.v1");
  const { promise, resolve } = Promise.withResolvers();
  const tooLong = setTimeout(resolve, PATIENCE, null);
  socket.addEventListener("message", ({ data }) => resolve(read(data)));
  socket.addEventListener("close", () => resolve(null));
  return promise.finally(() => {
    clearTimeout(tooLong);
    socket.close();
  });
}

/**
 * @param {unknown} text
 * @returns {Found | null}
 */
function read(text) {
  try {
    const { t, snapshot } = JSON.parse(String(text));
    const watching = snapshot?.presence?.count;
    return t === "welcome"
      ? { title: snapshot?.title ?? "", watching: Number.isInteger(watching) ? watching : null }
      : null;
  } catch {
    return null;
  }
}
