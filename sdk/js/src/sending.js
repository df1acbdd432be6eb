// Commands on their way to the server: which of them go out now, and which answer is whose.
//
// A command has an id and is kept until its answer is here. What was under way when a connection
// broke goes out again over the next one with the same id, so that it takes effect once whether or
// not it had arrived. Of moves of one piece in a row only the newest waits. A hint (somebody writes)
// has no id and no answer, and does not wait for a connection.
import { NowcastError } from "./errors.js";

/** How long a command may wait for its answer, over however many connections. */
export const PATIENCE = 60_000;
/** After how long a request that did not get through is made again. */
export const AGAIN = 2_000;
/** So many commands wait at most: a program that goes on and on must not fill the memory. */
export const MOST = 10_000;

/**
 * @typedef {{offset?: number, held?: boolean, superseded?: boolean}} Taken
 * @typedef {{resolve: (taken: Taken) => void, reject: (error: NowcastError) => void}} Then
 * @typedef {{
 *   id: string, frame: string, about: string | null, until: number, then: Then,
 *   sent: null | "request" | number,
 * }} Waiting `sent` is by which connection, if by one
 * @typedef {{frame: string, request: boolean, id: string | null}} Send
 */

export class Sending {
  /** @type {Waiting[]} */
  #waiting = [];
  /** @type {Map<string, string>} */
  #hints = new Map();
  /** Requests go out one after the other, or they would overtake each other. */
  #requesting = false;
  #notBefore = 0;

  /**
   * Takes a command in. If it is about the same as one that has not gone out, it takes its place,
   * and who waits for that is told so; but not past a command that is about nothing, or what was
   * dropped in between would end up somewhere else.
   *
   * @param {number} now
   * @param {{id: string, frame: string, about?: string | null, then: Then}} command
   */
  add(now, { id, frame, about = null, then }) {
    const command = { id, frame, about, until: now + PATIENCE, then, sent: null };
    const row = this.#waiting.findLastIndex((it) => it.about === null || it.about === about);
    const older = about === null ? undefined : this.#waiting[row];
    if (older?.about === about && older.sent === null) {
      this.#waiting[row] = command;
      older.then.resolve({ superseded: true });
    } else if (this.#waiting.length < MOST) {
      this.#waiting.push(command);
    } else {
      then.reject(new NowcastError("too_many", `${MOST} commands wait for an answer already.`));
    }
  }

  /**
   * Takes a hint in, in place of an older one about the same.
   *
   * @param {string} about
   * @param {string} frame
   */
  hint(about, frame) {
    this.#hints.delete(about);
    this.#hints.set(about, frame);
  }

  /**
   * What to send now.
   *
   * @param {number} now
   * @param {number | null} conn the connection that is open
   * @param {boolean} carries whether it carries frames to the server
   * @returns {Send[]}
   */
  due(now, conn, carries) {
    const hints = this.#hints;
    this.#hints = new Map();
    if (conn === null) return [];
    if (carries) {
      const lost = this.#waiting.filter((it) => it.sent !== "request" && it.sent !== conn);
      for (const waiting of lost) waiting.sent = conn;
      const frames = [...lost.map((it) => it.frame), ...hints.values()];
      return frames.map((frame) => ({ frame, request: false, id: null }));
    }
    // They wait for the requests before them.
    this.#hints = hints;
    if (this.#requesting || now < this.#notBefore) return [];
    // What went over a socket that is gone may not have arrived.
    const next = this.#waiting.find((it) => it.sent !== "request");
    if (next) {
      next.sent = "request";
      this.#requesting = true;
      return [{ frame: next.frame, request: true, id: next.id }];
    }
    for (const [about, frame] of hints) {
      hints.delete(about);
      this.#requesting = true;
      return [{ frame, request: true, id: null }];
    }
    return [];
  }

  /**
   * A frame could not be sent: its connection is about to end.
   *
   * @param {string} frame
   */
  notSent(frame) {
    for (const waiting of this.#waiting) {
      if (waiting.frame === frame) waiting.sent = null;
    }
  }

  /**
   * A request was answered, or did not get through and is made again after `wait` milliseconds.
   *
   * @param {number} now
   * @param {string | null} id
   * @param {boolean} gotThrough
   * @param {number} [wait]
   */
  requestEnded(now, id, gotThrough, wait = AGAIN) {
    this.#requesting = false;
    if (gotThrough) return;
    this.#notBefore = now + wait;
    const waiting = this.#waiting.find((it) => it.id === id);
    if (waiting) waiting.sent = null;
  }

  /**
   * Whose answer this is; nobody's if nobody waits for it any more.
   *
   * @param {string} id
   * @returns {Then | undefined}
   */
  answered(id) {
    const place = this.#waiting.findIndex((it) => it.id === id);
    return place < 0 ? undefined : this.#waiting.splice(place, 1)[0].then;
  }

  /**
   * Gives up those that have waited too long, or with an error all of them.
   *
   * @param {number} now
   * @param {NowcastError | null} [error]
   */
  giveUp(now, error = null) {
    const late = this.#waiting.filter((it) => error || it.until <= now);
    this.#waiting = this.#waiting.filter((it) => !late.includes(it));
    const unanswered = "The server did not answer in time. It may have done what was asked.";
    for (const { then } of late) {
      then.reject(error ?? new NowcastError("unanswered", unanswered));
    }
  }

  /**
   * When to look again, if nothing happens before; null for never.
   *
   * @param {number} now
   */
  wakeAt(now) {
    if (this.#waiting.length === 0) return null;
    const end = Math.min(...this.#waiting.map((it) => it.until));
    return this.#notBefore > now ? Math.min(end, this.#notBefore) : end;
  }
}
