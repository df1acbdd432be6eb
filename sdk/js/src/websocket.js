/**
 * @typedef {{
 *   frame(frame: any): void,
 *   answered(next: string | null): void,
 *   lost(after?: number): void,
 *   refused(refusal: import("./errors.js").NowcastError): void,
 * }} Ear where a transport tells what it hears
 *
 * @typedef {{close(): void, ping?(): void, send?(frame: string): boolean}} Transport an open or
 *   opening connection; nothing is heard of it after it was closed
 */

/**
 * Frames over a WebSocket.
 *
 * @param {string} url
 * @param {Ear} ear
 * @returns {Transport}
 */
export function openSocket(url, ear) {
  let ended = false;
  const socket = new WebSocket(url.replace(/^http/, "ws"), "nowcast.v1");
  socket.onmessage = ({ data }) => {
    if (!ended && typeof data === "string") ear.frame(parse(data));
  };
  /** @param {number} [code] */
  const over = (code = 0) => {
    if (ended) return;
    ended = true;
    const reason = REASONS[code - 4000];
    if (reason) ear.frame({ t: "goodbye", reason, reconnect: code % 10 < 5 });
    else ear.lost();
  };
  // Why it was closed, the frame before has said; the code says it again where that was lost.
  socket.onclose = ({ code }) => over(code);
  // Should always be followed by the other; in Node 20 it is not.
  socket.onerror = () => over();
  /** @param {string} frame */
  const send = (frame) => {
    // Before it is open and after its end, sending throws or is silently without effect.
    if (socket.readyState !== 1) return false;
    socket.send(frame);
    return true;
  };
  return {
    send,
    // Where it is not open, the answer that does not come says so.
    ping: () => void send('{"t":"ping"}'),
    close() {
      ended = true;
      socket.close();
    },
  };
}

/** What the close codes from 4000 on mean: 40x0 to 40x4 come back, the others do not. */
const REASONS = [
  "restarting", "slow_consumer", "timed_out", "failed", "reauthorize",
  "replaced", "room_closed", "bad_frame", "flooding", "blocked",
];

/**
 * A frame, or null if it is none.
 *
 * @param {string} text
 */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
