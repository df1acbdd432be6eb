// What the connection does next. A pure state machine: what happened and the time go in, what to
// do comes out, and `wakeAt` says when it wants to be asked again. It decides as the page does:
//
// - A WebSocket first. A way that does not open, or is cut twice within seconds, gives way to the
//   next: server-sent events, then long polling. When that fails too, it waits and starts over.
// - A way is open only when the server's `welcome` (or a poll's answer) has come through: some
//   proxies take a connection and then say nothing.
// - On a lower way it tries a WebSocket in the background. What is there is kept until the new one
//   is welcome; then the old one is left. The server tells the old one that it was replaced,
//   perhaps before the new one's welcome is here, and that must not stop it.
import { Backoff } from "./backoff.js";

export const OPENING = 5_000;
export const BRIEF = 5_000;
export const PING_EVERY = 20_000;
export const PONG_WITHIN = 10_000;
export const PONG_WITHIN_AFTER_SLEEP = 3_000;
export const STREAM_SILENCE = 45_000;
export const POLL_SILENCE = 40_000;
export const TRIAL_LONGEST = 300_000;
export const TRIAL_SOON = 3_000;
export const RESTART = 1_000;
/** How often in a row a connection is taken back that was lost to itself. */
export const TAKEN_BACK = 3;
/** After how long one that was turned away looks again: the room may have been made. */
export const TURNED_AWAY = 30_000;
const TRIAL_FIRST = 30_000;
/** How long a request may be under way before it reaches the server after all. */
const OVERTAKEN = 30_000;
/** A server that asks for more patience than this is asked sooner. */
const MOST_PATIENCE = 60_000;

/**
 * @typedef {"websocket" | "sse" | "poll"} Way
 * @typedef {import("./errors.js").NowcastError} Refusal
 *
 * @typedef {(
 *   | {is: "stopped"}
 *   | {is: "waiting", until: number}
 *   | {is: "opening", conn: number, until: number}
 *   | {is: "open", conn: number, since: number, heard: number, pingAt: number, deadAt: number | null}
 * )} Main the connection that counts
 *
 * @typedef {(
 *   | {is: "off"}
 *   | {is: "waiting", until: number}
 *   | {is: "opening", conn: number, until: number}
 * )} Trial the attempt, beside it, to get back to a WebSocket
 *
 * @typedef {(
 *   | {type: "start" | "stop" | "tick" | "visible" | "online"}
 *   | {type: "opened" | "alive" | "broken", conn: number}
 *   | {type: "lost", conn: number, after?: number}
 *   | {type: "goodbye", conn: number, reason: string, reconnect: boolean}
 *   | {type: "refused", conn: number, refusal: Refusal}
 * )} Input what happened
 *
 * @typedef {{do: "open", conn: number, way: Way} | {do: "close" | "ping", conn: number}} Do
 */

/** See above. Times are milliseconds; where the count starts does not matter. */
export class Plan {
  /** @type {Main} */
  #main = { is: "stopped" };
  /** @type {Trial} */
  #trial = { is: "off" };
  /** @type {Way[]} */
  #ways;
  /**
   * Where a WebSocket that was reached from a lower way falls back to when it is cut early.
   *
   * @type {Way | null}
   */
  #back = null;
  /** How often in a row this way was cut early. */
  #cuts = 0;
  /** How many rounds through all ways failed. */
  #rounds = 0;
  /** When a connection was last asked for. */
  #asked = 0;
  #takenBack = 0;
  #trialWait = TRIAL_FIRST;
  /** A WebSocket opened before, so the way is probably free again soon. */
  #proven = false;
  #conns = 0;
  #backoff;
  /** @type {Do[]} */
  #todo = [];

  /**
   * A plan that waits for its start.
   *
   * @param {number} seed
   * @param {Way[]} ways those that may be used, the best first
   */
  constructor(seed, ways) {
    this.#backoff = new Backoff(seed);
    this.#ways = ways;
    /** The way that is in use or tried next. */
    this.way = ways[0];
    /**
     * Why the server ended it for good.
     *
     * @type {string | null}
     */
    this.ended = null;
    /**
     * Why the server turned it away, until it is let in.
     *
     * @type {Refusal | null}
     */
    this.refusal = null;
  }

  /**
   * Takes in what happened and says what to do, in this order.
   *
   * @param {number} now
   * @param {Input} input
   * @returns {Do[]}
   */
  handle(now, input) {
    switch (input.type) {
      case "start":
        this.#start(now);
        break;
      case "stop":
        this.#stop();
        break;
      case "opened":
        this.#opened(now, input.conn);
        break;
      case "alive":
        this.#alive(now, input.conn);
        break;
      case "lost":
        this.#lost(now, input.conn, input.after ?? 0);
        break;
      case "broken":
        this.#fell(now, input.conn);
        break;
      case "goodbye":
        this.#goodbye(now, input);
        break;
      case "refused":
        if (this.mainConn === input.conn) {
          this.#stop();
          this.refusal = input.refusal;
          this.way = this.#ways[0];
          const wait = Math.max(this.#backoff.around(TURNED_AWAY), this.#patience(input.refusal));
          this.#main = { is: "waiting", until: now + wait };
        }
        break;
      case "visible":
        this.#visible(now);
        break;
      case "online":
        this.#online(now);
        break;
    }
    this.#due(now);
    return this.#todo.splice(0);
  }

  /** When to come back with a tick, if nothing happens before; null for never. */
  get wakeAt() {
    const [main, trial] = [this.#main, this.#trial];
    const times = [];
    if (main.is === "waiting" || main.is === "opening") times.push(main.until);
    if (main.is === "open") times.push(main.pingAt, main.deadAt ?? Infinity);
    if (trial.is === "opening" || (trial.is === "waiting" && main.is === "open")) {
      times.push(trial.until);
    }
    return times.length ? Math.min(...times) : null;
  }

  /** How it stands. */
  get state() {
    return this.#main.is;
  }

  /** Until when it waits, if it does. */
  get waitsUntil() {
    return this.#main.is === "waiting" ? this.#main.until : null;
  }

  /** The connection whose frames count. */
  get mainConn() {
    const main = this.#main;
    return main.is === "opening" || main.is === "open" ? main.conn : null;
  }

  /** The connection that the server has welcomed. */
  get openConn() {
    return this.#main.is === "open" ? this.#main.conn : null;
  }

  /**
   * Whether nothing is tried after this way.
   *
   * @param {Way} way
   */
  isLast(way) {
    return this.#ways.at(-1) === way;
  }

  get #trialConn() {
    return this.#trial.is === "opening" ? this.#trial.conn : null;
  }

  /** @param {number} now */
  #start(now) {
    // One that was turned away may have changed what it says of itself.
    if (this.#main.is === "stopped" || (this.refusal && this.#main.is !== "open")) {
      if (this.mainConn !== null) this.#todo.push({ do: "close", conn: this.mainConn });
      this.ended = null;
      this.refusal = null;
      this.#open(now, this.#ways[0]);
    }
  }

  #stop() {
    for (const conn of [this.mainConn, this.#trialConn]) {
      if (conn !== null) this.#todo.push({ do: "close", conn });
    }
    this.#main = { is: "stopped" };
    this.#trial = { is: "off" };
    this.refusal = null;
  }

  /**
   * @param {number} now
   * @param {Way} way
   */
  #open(now, way) {
    const conn = ++this.#conns;
    this.way = way;
    this.#asked = now;
    this.#main = { is: "opening", conn, until: now + OPENING };
    this.#todo.push({ do: "open", conn, way });
  }

  /**
   * @param {number} now
   * @param {number} conn
   */
  #opened(now, conn) {
    const main = this.#main;
    if (this.#trialConn === conn) {
      if (this.mainConn !== null) this.#todo.push({ do: "close", conn: this.mainConn });
      this.#trial = { is: "off" };
      this.#back = this.way;
      this.way = "websocket";
      this.#cuts = 0;
    } else {
      if (main.is !== "opening" || main.conn !== conn) return this.#alive(now, conn);
      // Where it opened once, what ends it is more likely the server than the way.
      this.#proven ||= this.way === "websocket";
      const below = this.#ways[0] === "websocket" && this.way !== "websocket";
      if (below && this.#trial.is === "off") {
        this.#trySocketAfter(now, this.#proven ? TRIAL_SOON : this.#trialWait);
      }
    }
    if (this.way === "websocket") this.#trial = { is: "off" };
    this.refusal = null;
    const pingAt = now + this.#silence();
    this.#main = { is: "open", conn, since: now, heard: now, pingAt, deadAt: null };
  }

  /**
   * How long an open connection is left in peace: until the next ping, or, where it cannot be
   * asked, until silence means that it is dead.
   */
  #silence() {
    if (this.way === "websocket") return PING_EVERY;
    return this.way === "sse" ? STREAM_SILENCE : POLL_SILENCE;
  }

  /**
   * @param {number} now
   * @param {number} conn
   */
  #alive(now, conn) {
    const main = this.#main;
    if (main.is !== "open" || main.conn !== conn) return;
    main.heard = now;
    main.deadAt = null;
    if (this.way !== "websocket") main.pingAt = now + this.#silence();
  }

  /**
   * A connection is gone, or could not be opened; `after` is the patience, in milliseconds, that
   * the server asked for.
   *
   * @param {number} now
   * @param {number} conn
   * @param {number} after
   */
  #lost(now, conn, after) {
    if (after === 0 || this.mainConn !== conn) return this.#fell(now, conn);
    // Not the way is at fault, so that the next would fare no better, nor would the trial.
    this.#todo.push({ do: "close", conn });
    if (this.#trialConn !== null) this.#todo.push({ do: "close", conn: this.#trialConn });
    this.#trial = { is: "off" };
    const patience = Math.floor(this.#backoff.after(this.#rounds) / 2);
    const wait = Math.min(after, MOST_PATIENCE) + patience;
    this.#rounds += 1;
    this.#main = { is: "waiting", until: now + wait };
  }

  /** @param {Refusal} refusal */
  #patience(refusal) {
    return Math.min((refusal.retryAfter ?? 0) * 1000, MOST_PATIENCE);
  }

  /**
   * A connection is gone, or of no more use.
   *
   * @param {number} now
   * @param {number} conn
   */
  #fell(now, conn) {
    this.#fellAfter(now, conn, this.#main.is === "open" ? now - this.#main.since : 0);
  }

  /**
   * A connection said nothing for too long. One that fell silent right after it opened counts as
   * cut early: there are proxies that pass the first bytes and keep the others.
   *
   * @param {number} now
   * @param {number} conn
   */
  #fellSilent(now, conn) {
    const main = this.#main;
    this.#fellAfter(now, conn, main.is === "open" ? main.heard - main.since : 0);
  }

  /**
   * @param {number} now
   * @param {number} conn
   * @param {number} lived
   */
  #fellAfter(now, conn, lived) {
    if (this.#trialConn === conn) return this.#trialFailed(now);
    if (this.mainConn !== conn) return;
    this.#todo.push({ do: "close", conn });
    // The server may have ended it in favour of the trial, whose welcome is on its way.
    if (this.#trial.is === "opening") {
      this.#main = { is: "waiting", until: this.#trial.until };
      return;
    }
    if (this.#main.is !== "open") return this.#nextWay(now);
    if (lived >= BRIEF) {
      this.#lasted();
      return this.#open(now, this.way);
    }
    this.#cuts += 1;
    if (this.#cuts < 2 && this.#back === null) return this.#open(now, this.way);
    if (this.way === "websocket") this.#proven = false;
    this.#nextWay(now);
  }

  /** The connection that ends now did its work: what was held against its way is forgotten. */
  #lasted() {
    this.#cuts = 0;
    this.#rounds = 0;
    this.#takenBack = 0;
    if (this.way === "websocket") {
      this.#proven = true;
      this.#back = null;
      this.#trialWait = TRIAL_FIRST;
    }
  }

  /** @param {number} now */
  #nextWay(now) {
    this.#cuts = 0;
    const back = this.#back;
    this.#back = null;
    if (back !== null && this.way === "websocket") {
      this.#trialWait = Math.min(this.#trialWait * 2, TRIAL_LONGEST);
      return this.#open(now, back);
    }
    const next = this.#ways[this.#ways.indexOf(this.way) + 1];
    if (next !== undefined) return this.#open(now, next);
    this.#trial = { is: "off" };
    this.way = this.#ways[0];
    this.#main = { is: "waiting", until: now + this.#backoff.after(this.#rounds) };
    this.#rounds += 1;
  }

  /**
   * @param {number} now
   * @param {{conn: number, reason: string, reconnect: boolean}} said
   */
  #goodbye(now, { conn, reason, reconnect }) {
    const replaced = reason === "replaced";
    if (this.mainConn !== conn || (replaced && this.#trial.is === "opening")) {
      return this.#fell(now, conn);
    }
    // Nobody else knows this client's id: one of its own requests, given up long ago, reached the
    // server after the one that it lives on.
    if (replaced && now - this.#asked < OVERTAKEN && this.#takenBack < TAKEN_BACK) {
      this.#takenBack += 1;
      this.#todo.push({ do: "close", conn });
      return this.#open(now, this.way);
    }
    if (!reconnect) {
      this.#stop();
      this.ended = reason;
      return;
    }
    if (reason === "restarting") {
      if (this.#main.is === "open" && now - this.#main.since >= BRIEF) this.#lasted();
      // All hear this at once; they should not all knock at once.
      this.#todo.push({ do: "close", conn });
      this.#main = { is: "waiting", until: now + this.#backoff.around(RESTART) };
      return;
    }
    this.#fell(now, conn);
  }

  /** @param {number} now */
  #visible(now) {
    const main = this.#main;
    if (main.is === "waiting") return this.#nowAgain(now);
    if (main.is !== "open") return;
    if (this.way === "websocket") {
      const within = now + PONG_WITHIN_AFTER_SLEEP;
      this.#todo.push({ do: "ping", conn: main.conn });
      main.pingAt = now + PING_EVERY;
      main.deadAt = Math.min(main.deadAt ?? within, within);
    } else if (now - main.heard > POLL_SILENCE - PONG_WITHIN) {
      // Signs of life come every 15 or 25 seconds here; this one is overdue.
      this.#todo.push({ do: "close", conn: main.conn });
      this.#open(now, this.way);
    }
  }

  /** @param {number} now */
  #online(now) {
    const main = this.#main;
    if (main.is === "waiting") return this.#nowAgain(now);
    if (main.is === "opening") {
      // It was begun on a network that is no more.
      this.#todo.push({ do: "close", conn: main.conn });
      return this.#nowAgain(now);
    }
    if (main.is !== "open") return;
    if (this.way === "websocket") return this.#visible(now);
    this.#todo.push({ do: "close", conn: main.conn });
    this.#open(now, this.way);
    this.#trialWait = TRIAL_FIRST;
    if (this.#trial.is === "waiting") this.#trySocketAfter(now, TRIAL_SOON);
  }

  /** @param {number} now */
  #nowAgain(now) {
    this.#rounds = 0;
    if (this.#trial.is === "opening") {
      this.#main = { is: "waiting", until: this.#trial.until };
    } else {
      this.#open(now, this.way);
    }
  }

  /**
   * @param {number} now
   * @param {number} wait
   */
  #trySocketAfter(now, wait) {
    this.#trial = { is: "waiting", until: now + this.#backoff.around(wait) };
  }

  /** @param {number} now */
  #trialFailed(now) {
    if (this.#trial.is === "opening") this.#todo.push({ do: "close", conn: this.#trial.conn });
    // What held before the last attempts does not hold any more.
    this.#proven = false;
    this.#trySocketAfter(now, this.#trialWait);
    this.#trialWait = Math.min(this.#trialWait * 2, TRIAL_LONGEST);
    if (this.#main.is === "waiting") this.#main.until = now;
  }

  /**
   * Does what the time asks for.
   *
   * @param {number} now
   */
  #due(now) {
    const trial = this.#trial;
    if (trial.is === "waiting" && now >= trial.until && this.#main.is === "open") {
      const conn = ++this.#conns;
      this.#trial = { is: "opening", conn, until: now + OPENING };
      this.#asked = now;
      this.#todo.push({ do: "open", conn, way: "websocket" });
    } else if (trial.is === "opening" && now >= trial.until) {
      this.#trialFailed(now);
    }
    const main = this.#main;
    if (main.is === "waiting" && now >= main.until) {
      this.#open(now, this.way);
    } else if (main.is === "opening" && now >= main.until) {
      this.#fell(now, main.conn);
    } else if (main.is === "open" && main.deadAt !== null && now >= main.deadAt) {
      this.#fellSilent(now, main.conn);
    } else if (main.is === "open" && now >= main.pingAt) {
      if (this.way !== "websocket") return this.#fellSilent(now, main.conn);
      main.pingAt = now + PING_EVERY;
      main.deadAt ??= now + PONG_WITHIN;
      this.#todo.push({ do: "ping", conn: main.conn });
    }
  }
}
