// Nowcast from JavaScript: in pages, workers, extensions and Node. Read in this order:
//
// - `room.js`: what a program works with. `link.js`: what keeps it connected.
// - `plan.js`: which transport, when to try again. `backoff.js`: for how long to wait.
// - `websocket.js`, `event_stream.js`, `long_poll.js`: carry frames and know nothing else.
// - `progress.js`: each event once, in order. `sending.js`: each command once, until answered.
// - `address.js`, `request.js`, `errors.js`: where to ask, how, and what may go wrong.
// - `emitter.js`, `clock.js`: who listens, and what time it is.
import { NowcastError } from "./errors.js";
import { Room } from "./room.js";

/**
 * Connects to a room and stays connected until it is closed.
 *
 * @param {string | URL} server the server's address; on its own pages `/` will do
 * @param {import("./nowcast.js").ConnectOptions} [options]
 * @returns {Room}
 */
export function connect(server, options = {}) {
  return new Room(server, options);
}

export { NowcastError };
