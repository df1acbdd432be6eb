import { now } from "./clock.js";
import { NowcastError } from "./errors.js";
import { openStream, retryAfter } from "./event_stream.js";
import { openPoll } from "./long_poll.js";
import { Plan } from "./plan.js";
import { request, whyNot } from "./request.js";
import { AGAIN, Sending } from "./sending.js";
import { openSocket } from "./websocket.js";

/**
 * @typedef {{
 *   url(path: string, wait?: number): string,
 *   begin(recovered: boolean): void,
 *   apply(frame: any): boolean,
 *   goOn(next: string | null): void,
 *   changed(): void,
 *   refused(refusal: NowcastError): void,
 * }} Page whose connection it is: `url` says where to go on; `begin` hears of a new beginning;
 *   `apply` takes a frame in and is false if it does not continue what is known; `goOn` hears of a
 *   position without events; `changed` hears that it may stand otherwise
 */

/**
 * What keeps a client connected, over whichever transport gets through: it carries out what the
 * plan says, and wakes it up when time or the browser asks for it.
 */
export class Link {
  #address;
  #page;
  #plan;
  #sending = new Sending();
  /** @type {Map<number, import("./websocket.js").Transport>} */
  #open = new Map();
  /** @type {import("./plan.js").Input[]} */
  #inputs = [];
  #busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What the timer is set for. */
  #alarm = Infinity;
  /** @type {(() => void)[]} */
  #unlisten = [];
  #closed = false;

  /**
   * @param {import("./address.js").Address} address
   * @param {import("./plan.js").Way[]} ways those that may be used, the best first
   * @param {Page} page
   */
  constructor(address, ways, page) {
    this.#address = address;
    this.#page = page;
    this.#plan = new Plan(Math.floor(Math.random() * 2 ** 32), ways);
    this.#listen();
    // Whoever connects has the time to say what to hear.
    queueMicrotask(() => this.#closed || this.#tell({ type: "start" }));
  }

  /**
   * How it stands, as far as the plan knows.
   *
   * @returns {Pick<Plan, "state" | "way" | "ended" | "refusal" | "waitsUntil">}
   */
  get plan() {
    return this.#plan;
  }

  get isClosed() {
    return this.#closed;
  }

  /**
   * Sends a command until it is answered.
   *
   * @param {string} id
   * @param {unknown} command
   * @param {string | null} about of those in a row about the same only the newest waits
   * @returns {Promise<import("./nowcast.js").Taken>}
   */
  send(id, command, about) {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed());
      const then = { resolve, reject };
      this.#sending.add(now(), { id, frame: frameOf(id, command), about, then });
      this.#sendDue();
    });
  }

  /**
   * Sends what is of no use later.
   *
   * @param {string} about
   * @param {unknown} command
   */
  hint(about, command) {
    this.#sending.hint(about, frameOf(undefined, command));
    this.#sendDue();
  }

  /** Knocks again at once, where it was turned away: the address says something else now. */
  again() {
    this.#tell({ type: "start" });
  }

  /** Ends it for good. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell({ type: "stop" });
    this.#rest();
  }

  /** Nothing wakes it any more, and nothing keeps it in memory. */
  #rest() {
    clearTimeout(this.#timer);
    for (const stop of this.#unlisten.splice(0)) stop();
  }

  /** Notices when the page is looked at again, and when the network comes back. */
  #listen() {
    /**
     * @param {EventTarget | undefined} target
     * @param {string} name
     * @param {() => void} then
     */
    const on = (target, name, then) => {
      if (typeof target?.addEventListener !== "function") return;
      target.addEventListener(name, then);
      this.#unlisten.push(() => target.removeEventListener(name, then));
    };
    const page = globalThis.document;
    on(page, "visibilitychange", () => page.hidden || this.#tell({ type: "visible" }));
    const all = /** @type {any} */ (globalThis);
    // A page that comes out of the back-forward cache has lost its connections.
    on(page && all, "pageshow", () => this.#tell({ type: "visible" }));
    on(all, "online", () => this.#tell({ type: "online" }));
  }

  /**
   * Gives the plan one thing after the other; carrying out its answers may bring more.
   *
   * @param {import("./plan.js").Input} input
   */
  #tell(input) {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    for (let next; (next = this.#inputs.shift()); ) {
      for (const todo of this.#plan.handle(now(), next)) this.#carryOut(todo);
    }
    this.#busy = false;
    if (this.#plan.ended !== null) this.#rest();
    this.#page.changed();
    this.#sendDue();
  }

  /** @param {import("./plan.js").Do} todo */
  #carryOut(todo) {
    const { conn } = todo;
    if (todo.do === "open") {
      try {
        this.#open.set(conn, this.#transport(conn, todo.way));
      } catch {
        // The platform has no such thing, or refuses the address.
        this.#tell({ type: "lost", conn });
      }
    } else if (todo.do === "close") {
      this.#open.get(conn)?.close();
      this.#open.delete(conn);
    } else {
      this.#open.get(conn)?.ping?.();
    }
  }

  /**
   * @param {number} conn
   * @param {import("./plan.js").Way} way
   */
  #transport(conn, way) {
    const { headers } = this.#address;
    let welcome = false;
    /** @type {import("./websocket.js").Ear} */
    const ear = {
      frame: (frame) => {
        welcome ||= frame?.t === "welcome";
        this.#hear(conn, frame);
      },
      answered: (next) => {
        if (!welcome) this.#page.begin(true);
        welcome = true;
        this.#tell({ type: "opened", conn });
        if (this.#plan.mainConn === conn) this.#page.goOn(next);
      },
      lost: async (after = 0) => {
        // The last resort failed as well: perhaps it can be learned why.
        const refusal = !welcome && after === 0 && this.#plan.isLast(way) && !this.#closed
          ? await whyNot(this.#address)
          : null;
        if (refusal) this.#refused(conn, refusal);
        else this.#tell({ type: "lost", conn, after });
      },
      refused: (refusal) => this.#refused(conn, refusal),
    };
    if (way === "websocket") return openSocket(this.#page.url("ws"), ear);
    if (way === "sse") return openStream(this.#page.url("sse"), headers, ear);
    return openPoll((wait) => this.#page.url("poll", wait), headers, ear);
  }

  /**
   * @param {number} conn
   * @param {NowcastError} refusal
   */
  #refused(conn, refusal) {
    const counts = this.#plan.mainConn === conn;
    this.#tell({ type: "refused", conn, refusal });
    if (counts) this.#page.refused(refusal);
  }

  /**
   * @param {number} conn
   * @param {any} frame
   */
  #hear(conn, frame) {
    if (frame?.t === "goodbye") {
      const { reason, reconnect } = frame;
      return this.#tell({ type: "goodbye", conn, reason, reconnect: reconnect === true });
    }
    if (frame?.t === "welcome") {
      // Before it is open, so that how it begins is told as it is.
      this.#page.begin(frame.recovered === true);
      this.#tell({ type: "opened", conn });
    } else {
      this.#tell({ type: "alive", conn });
    }
    if (frame?.t === "ack" || frame?.t === "reject") return this.#answered(frame);
    // Only the frames of one connection count, or their order would be lost.
    if (this.#plan.mainConn === conn && !this.#page.apply(frame)) {
      this.#tell({ type: "broken", conn });
    }
  }

  /** @param {any} answer an `ack` or a `reject` */
  #answered(answer) {
    const then = this.#sending.answered(String(answer.command));
    if (answer.t === "ack") then?.resolve({ offset: answer.offset, held: answer.held });
    else then?.reject(new NowcastError(answer.code, answer.message));
  }

  /** Sends what can be sent now, and gives up what nobody will answer any more. */
  #sendDue() {
    const { ended, refusal, openConn, way } = this.#plan;
    if (this.#closed || ended !== null) this.#sending.giveUp(now(), closed(ended));
    else this.#sending.giveUp(now(), refusal);
    const carries = way === "websocket" && !this.#address.isProgram;
    for (const due of this.#sending.due(now(), openConn, carries)) {
      if (due.request) void this.#request(due.id, due.frame);
      else if (!this.#open.get(openConn ?? -1)?.send?.(due.frame)) this.#sending.notSent(due.frame);
    }
    this.#wake();
  }

  /**
   * Sends a command as a request, where the connection carries nothing to the server.
   *
   * @param {string | null} id
   * @param {string} body
   */
  async #request(id, body) {
    const { headers } = this.#address;
    const answer = await request("POST", this.#address.of("commands"), { body, headers })
      .catch((error) => error);
    const failed = answer instanceof NowcastError ? answer : null;
    // The server, or what stands before it, is away for a moment: the same id makes it safe to ask again.
    const away = failed
      && ["unreachable", "unavailable"].includes(failed.code)
      && [0, 502, 503, 504].includes(failed.status ?? 0);
    const wait = failed ? Math.max(AGAIN, retryAfter(failed)) : AGAIN;
    this.#sending.requestEnded(now(), id, !away, wait);
    if (id !== null && !away) {
      const then = this.#sending.answered(id);
      if (failed) then?.reject(failed);
      else then?.resolve({ offset: answer?.offset, held: answer?.held });
    }
    this.#sendDue();
  }

  /** Sets the timer, unless it comes early enough anyway: asked too early, all say when to come. */
  #wake() {
    if (this.#closed) return;
    const at = Math.min(this.#plan.wakeAt ?? Infinity, this.#sending.wakeAt(now()) ?? Infinity);
    if (at >= this.#alarm) return;
    clearTimeout(this.#timer);
    this.#alarm = at;
    this.#timer = setTimeout(() => {
      this.#alarm = Infinity;
      this.#tell({ type: "tick" });
    }, Math.max(0, at - now()));
  }
}

/**
 * A command's frame.
 *
 * @param {string | undefined} id
 * @param {unknown} command
 */
function frameOf(id, command) {
  return JSON.stringify({ t: "command", id, command });
}

/** @param {string | null} [reason] */
function closed(reason = null) {
  return new NowcastError("closed", `The connection to the room has ended${reason ? `: ${reason}` : ""}.`);
}
