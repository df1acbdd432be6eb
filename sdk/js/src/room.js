import { Address } from "./address.js";
import { Emitter } from "./emitter.js";
import { NowcastError } from "./errors.js";
import { openStream, retryAfter } from "./event_stream.js";
import { openPoll } from "./long_poll.js";
import { Plan } from "./plan.js";
import { Progress } from "./progress.js";
import { request, whyNot } from "./request.js";
import { AGAIN, Sending } from "./sending.js";
import { openSocket } from "./websocket.js";

/**
 * A connection to one room, over whichever transport gets through. It carries out what the plan
 * says, tells what comes, and wakes the plan up when time or the browser asks for it.
 */
export class Room {
  #address;
  #plan;
  #progress;
  #client;
  #emitter = new Emitter();
  #sending = new Sending();
  /** @type {Map<number, import("./websocket.js").Transport>} */
  #open = new Map();
  /** @type {import("./plan.js").Input[]} */
  #inputs = [];
  #busy = false;
  #made = 0;
  #prefix = randomId(8);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What the timer is set for. */
  #alarm = Infinity;
  /** @type {(() => void)[]} */
  #unlisten = [];
  #recovered = false;
  #told = "";
  #you = "";
  #closed = false;

  /**
   * @param {string | URL} server
   * @param {import("./nowcast.js").ConnectOptions} options
   */
  constructor(server, options) {
    this.#client = options.client ?? randomId(22);
    this.#address = new Address(server, { ...options, client: this.#client });
    this.#progress = new Progress(options.since);
    if (options.since && this.#progress.position === null) {
      throw new NowcastError("bad_option", `${options.since} is no position: epoch:offset.`);
    }
    const ways = waysOf(options.transport ?? "auto", this.#address.isProgram);
    this.#plan = new Plan(Math.floor(Math.random() * 2 ** 32), ways);
    this.#listen();
    // Whoever connects has the time to say what to hear.
    queueMicrotask(() => this.#closed || this.#tell({ type: "start" }));
  }

  /**
   * Calls `listener` whenever `event` happens.
   *
   * @param {string} event `snapshot`, `item`, `event`, `signal`, `push`, `state` or `error`
   * @param {(...told: any[]) => void} listener
   * @returns {() => void} ends that
   */
  on(event, listener) {
    return this.#emitter.on(event, listener);
  }

  /** The room's name. */
  get name() {
    return this.#address.room;
  }

  /** The id that this client is known by to the server alone: a secret. */
  get client() {
    return this.#client;
  }

  /** How others see this client; empty until it is connected. */
  get you() {
    return this.#you;
  }

  /** `{epoch}:{offset}` of the last event that was told, to go on from it with `since`; or null. */
  get position() {
    return this.#progress.position;
  }

  /**
   * How the connection stands.
   *
   * @returns {import("./nowcast.js").State}
   */
  get state() {
    const { state, way, ended, refusal, waitsUntil } = this.#plan;
    if (this.#closed) return { state: "closed", transport: null, reason: "closed" };
    if (state === "stopped") {
      if (ended === null) return { state: "connecting", transport: way };
      return { state: "closed", transport: null, reason: ended };
    }
    if (state === "opening") return { state: "connecting", transport: way };
    if (state === "open") return { state: "open", transport: way, recovered: this.#recovered };
    const retryIn = Math.max(0, (waitsUntil ?? 0) - now());
    return { state: "waiting", transport: null, retryIn, reason: refusal?.code };
  }

  /**
   * Publishes an item.
   *
   * @param {string} kind `message`, `link`, `image`, `post`, `custom`, …
   * @param {unknown} data what the kind asks for
   */
  publish(kind, data) {
    return this.command({ kind: "publish", item: { kind, data } });
  }

  /**
   * Changes an item's data; its kind stays.
   *
   * @param {string} item its id
   * @param {unknown} data the whole new data
   */
  edit(item, data) {
    return this.command({ kind: "edit", item, data });
  }

  /**
   * Takes an item from the feed.
   *
   * @param {string} item its id
   */
  delete(item) {
    return this.command({ kind: "delete", item });
  }

  /**
   * Says something in the chat. The answer is `held` where words wait for approval.
   *
   * @param {string} text
   * @param {string} [name] what to go by; for programs, which have no name that the server knows
   */
  say(text, name) {
    return this.command({ kind: "say", text, name });
  }

  /** Tells others that somebody is writing; no answer, and nothing is lost if it does not arrive. */
  typing() {
    this.#sending.hint("typing", frame(undefined, { kind: "typing" }));
    this.#sendDue();
  }

  /**
   * Sets a shared variable.
   *
   * @param {string} name
   * @param {unknown} value any JSON
   * @param {number} [version] the version that it must have, 0 for none; any if left out
   */
  set(name, value, version) {
    return this.command({ kind: "set", name, value, version });
  }

  /**
   * Removes a shared variable.
   *
   * @param {string} name
   * @param {number} [version]
   */
  unset(name, version) {
    return this.command({ kind: "unset", name, version });
  }

  /**
   * Takes hold of a piece on the stage, so that nobody else moves it.
   *
   * @param {string} piece
   */
  grab(piece) {
    return this.command({ kind: "grab", piece });
  }

  /**
   * Moves a piece, and holds it for two seconds. Where many moves wait, only the newest goes out,
   * and its answer is that of those before it.
   *
   * @param {string} piece
   * @param {number} x fraction of the free way, 0 to 1
   * @param {number} y
   */
  move(piece, x, y) {
    return this.#send({ kind: "move", piece, x, y }, `move ${piece}`);
  }

  /**
   * Leaves a piece where it is from now on; the place is kept.
   *
   * @param {string} piece
   * @param {number} x
   * @param {number} y
   */
  drop(piece, x, y) {
    return this.command({ kind: "drop", piece, x, y });
  }

  /**
   * Goes by another name.
   *
   * @param {string} name
   */
  rename(name) {
    return this.command({ kind: "name", name });
  }

  /**
   * Registers as a user, so that pushes to it arrive here; also after every interruption.
   *
   * @param {{token: string} | {id: string}} user a user token, or under `--open` a plain id
   */
  async register(user) {
    const taken = await this.command({ kind: "register", ...user });
    this.#address.be(user);
    return taken;
  }

  /**
   * Asks for anything else that the server understands; see its documents.
   *
   * @param {{kind: string, [field: string]: unknown}} command
   * @returns {Promise<import("./nowcast.js").Taken>}
   */
  command(command) {
    return this.#send(command, null);
  }

  /**
   * Older items, newest first.
   *
   * @param {{before?: number, limit?: number}} [from]
   * @returns {Promise<{items: any[], more: boolean}>}
   */
  async items({ before, limit } = {}) {
    return request("GET", this.#address.of("items", { before, limit }), this.#address);
  }

  /** Ends the connection for good. What was not answered is rejected with the code `closed`. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell({ type: "stop" });
    clearTimeout(this.#timer);
    for (const stop of this.#unlisten) stop();
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
    this.#tellState();
    this.#sendDue();
  }

  #tellState() {
    const state = this.state;
    // How long it still waits is no news.
    const mark = JSON.stringify({ ...state, retryIn: this.#plan.waitsUntil });
    if (mark === this.#told) return;
    this.#told = mark;
    this.#emitter.tell("state", state);
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
        if (!welcome) this.#recovered = true;
        welcome = true;
        this.#tell({ type: "opened", conn });
        if (this.#plan.mainConn === conn) this.#progress.goOn(next);
      },
      lost: async (after = 0) => {
        // The last resort failed as well: perhaps it can be learned why.
        const refusal = !welcome && after === 0 && this.#isLastWay(way)
          ? await whyNot(this.#address)
          : null;
        if (refusal) this.#refused(conn, refusal);
        else this.#tell({ type: "lost", conn, after });
      },
      refused: (refusal) => this.#refused(conn, refusal),
    };
    if (way === "websocket") return openSocket(this.#url("ws"), ear);
    if (way === "sse") return openStream(this.#url("sse"), headers, ear);
    return openPoll((wait) => this.#url("poll", wait), headers, ear);
  }

  /** @param {import("./plan.js").Way} way */
  #isLastWay(way) {
    return this.#plan.isLast(way) && !this.#closed;
  }

  /**
   * Where to go on: always from what is known, so that a switch and a night of sleep are the same.
   *
   * @param {string} path
   * @param {number} [wait]
   */
  #url(path, wait) {
    const { position, pushed } = this.#progress;
    return this.#address.of(path, { since: position, pushed, wait });
  }

  /**
   * @param {number} conn
   * @param {NowcastError} refusal
   */
  #refused(conn, refusal) {
    const counts = this.#plan.mainConn === conn;
    this.#tell({ type: "refused", conn, refusal });
    if (counts) this.#emitter.tell("error", refusal);
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
      // Before the state is told, so that it is told as it is.
      this.#recovered = frame.recovered === true;
      this.#you = String(frame.you ?? "");
      this.#tell({ type: "opened", conn });
    } else {
      this.#tell({ type: "alive", conn });
    }
    if (frame?.t === "ack" || frame?.t === "reject") return this.#answered(frame);
    // Only the frames of one connection count, or their order would be lost.
    if (this.#plan.mainConn === conn && !this.#apply(frame)) this.#tell({ type: "broken", conn });
  }

  /**
   * Tells what a frame says; false if it does not continue what is known.
   *
   * @param {any} frame
   */
  #apply(frame) {
    switch (frame?.t) {
      case "welcome":
        if (!this.#progress.begin(frame)) return false;
        if (frame.snapshot) this.#emitter.tell("snapshot", frame.snapshot, frame);
        return true;
      case "event": {
        const place = this.#progress.event(frame.offset);
        if (place !== "next") return place === "old";
        const item = frame.event?.kind === "item_published" && frame.event.item;
        if (item) this.#emitter.tell("item", item, frame);
        this.#emitter.tell("event", frame);
        return true;
      }
      case "signal":
        if (frame.signal?.kind === "you") this.#you = String(frame.signal.you ?? "");
        if (frame.signal) this.#emitter.tell("signal", frame.signal);
        return true;
      case "push":
        if (this.#progress.push(frame.id)) {
          this.#emitter.tell("push", frame.data, { id: frame.id });
        }
        return true;
      default:
        // A newer server says more than this library knows.
        return true;
    }
  }

  /** @param {any} answer an `ack` or a `reject` */
  #answered(answer) {
    const then = this.#sending.answered(String(answer.command));
    for (const { resolve, reject } of then) {
      if (answer.t === "ack") resolve({ offset: answer.offset, held: answer.held });
      else reject(new NowcastError(answer.code, answer.message));
    }
  }

  /**
   * @param {{kind: string, [field: string]: unknown}} command
   * @param {string | null} about
   * @returns {Promise<import("./nowcast.js").Taken>}
   */
  #send(command, about) {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed());
      const id = `${this.#prefix}-${++this.#made}`;
      const then = { resolve, reject };
      this.#sending.add(now(), { id, frame: frame(id, command), about, then });
      this.#sendDue();
    });
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
      for (const { resolve, reject } of this.#sending.answered(id)) {
        if (failed) reject(failed);
        else resolve({ offset: answer?.offset, held: answer?.held });
      }
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
 * Which ways may be used, the best first.
 *
 * @param {string} transport
 * @param {boolean} program
 * @returns {import("./plan.js").Way[]}
 */
function waysOf(transport, program) {
  switch (transport) {
    case "auto":
      // A socket cannot carry a program's token.
      return program || typeof WebSocket === "undefined"
        ? ["sse", "poll"]
        : ["websocket", "sse", "poll"];
    case "websocket":
      if (typeof WebSocket !== "undefined") return ["websocket"];
      throw new NowcastError("unsupported", "This platform has no WebSocket. Use auto, sse or poll.");
    case "sse":
    case "poll":
      return [transport];
    default:
      throw new NowcastError("bad_option", `There is no transport ${transport}.`);
  }
}

/**
 * A command's frame.
 *
 * @param {string | undefined} id
 * @param {unknown} command
 */
function frame(id, command) {
  return JSON.stringify({ t: "command", id, command });
}

/** @param {string | null} [reason] */
function closed(reason = null) {
  return new NowcastError("closed", `The connection to the room has ended${reason ? `: ${reason}` : ""}.`);
}

/**
 * Random characters of those that ids may have.
 *
 * @param {number} length
 */
function randomId(length) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (it) => letters[it % 64]).join("");
}

let last = 0;
let ahead = 0;

/**
 * The time, which goes on while the machine sleeps, but never back: a clock that is set back must
 * not make anybody wait for an hour.
 */
function now() {
  const clock = Date.now();
  if (clock + ahead < last) ahead = last - clock;
  last = clock + ahead;
  return last;
}
