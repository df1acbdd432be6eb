import { end } from "./event_stream.js";
import { request } from "./request.js";

/** How long the server may hold a request, in seconds. */
const WAIT = 25;
/** A server that answers at once and has nothing to say is not asked faster than this. */
const PAUSE = 1_000;

/**
 * Frames as answers to requests that wait for news. The first answer comes at once, so that it is
 * soon known whether this way is open.
 *
 * @param {(wait: number) => string} url the address for a wait in seconds, from where it goes on
 * @param {Record<string, string>} headers
 * @param {import("./websocket.js").Ear} ear
 * @returns {import("./websocket.js").Transport}
 */
export function openPoll(url, headers, ear) {
  const abort = new AbortController();
  const { signal } = abort;
  const ask = async () => {
    for (let wait = 0; !signal.aborted; wait = WAIT) {
      const asked = Date.now();
      const answer = await request("GET", url(wait), { headers, signal });
      // For example the log-in page of a hotel.
      if (!Array.isArray(answer?.frames)) return end(signal, ear, null);
      for (const frame of answer.frames) {
        if (!signal.aborted) ear.frame(frame);
      }
      if (!signal.aborted) ear.answered(typeof answer.next === "string" ? answer.next : null);
      const hasty = wait > 0 && answer.frames.length === 0 && Date.now() - asked < PAUSE;
      if (hasty) await pause(PAUSE, signal);
    }
  };
  ask().catch((error) => end(signal, ear, error));
  return { close: () => abort.abort() };
}

/**
 * @param {number} time
 * @param {AbortSignal} signal
 */
function pause(time, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve(null)), { once: true });
  });
}
