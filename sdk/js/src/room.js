import { Address } from "./address.js";
import { now } from "./clock.js";
import { Emitter } from "./emitter.js";
import { NowcastError } from "./errors.js";
import { Link } from "./link.js";
import { Progress } from "./progress.js";
import { request } from "./request.js";

/** A connection to one room: what a program works with. */
export class Room {
  #address;
  #link;
  #progress;
  #client;
  #emitter = new Emitter();
  #made = 0;
  #prefix = randomId(8);
  #recovered = false;
  #told = "";
  #you = "";

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
    this.#link = new Link(this.#address, ways, {
      // Always from what is known, so that a switch and a night of sleep are the same.
      url: (path, wait) => {
        const { position, pushed } = this.#progress;
        return this.#address.of(path, { since: position, pushed, wait });
      },
      begin: (recovered) => void (this.#recovered = recovered),
      apply: (frame) => this.#apply(frame),
      goOn: (next) => this.#progress.goOn(next),
      changed: () => this.#tellState(),
      refused: (refusal) => this.#emitter.tell("error", refusal),
    });
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
    const { state, way, ended, refusal, waitsUntil } = this.#link.plan;
    if (this.#link.isClosed) return { state: "closed", transport: null, reason: "closed" };
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
    this.#link.hint("typing", { kind: "typing" });
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
   * Moves a piece, and holds it for two seconds. Of moves in a row that wait only the newest goes
   * out; the answer of the others is `superseded`.
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
   * Registers as a user, so that pushes to it arrive here; also after every interruption. Where the
   * server turned this client away, for a token that has expired, it comes back as this user.
   *
   * @param {{token: string} | {id: string}} user a user token, or under `--open` a plain id
   * @returns {Promise<import("./nowcast.js").Taken>}
   */
  async register(user) {
    const command = { kind: "register", ...user };
    try {
      const taken = await this.command(command);
      this.#address.be(user);
      return taken;
    } catch (error) {
      if (error !== this.#link.plan.refusal) throw error;
      // Not the command was refused, but whoever this client was until now.
      this.#address.be(user);
      this.#link.again();
      return this.command(command);
    }
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
    this.#link.close();
  }

  /**
   * @param {{kind: string, [field: string]: unknown}} command
   * @param {string | null} about
   */
  #send(command, about) {
    return this.#link.send(`${this.#prefix}-${++this.#made}`, command, about);
  }

  #tellState() {
    const state = this.state;
    // How long it still waits is no news.
    const mark = JSON.stringify({ ...state, retryIn: this.#link.plan.waitsUntil });
    if (mark === this.#told) return;
    this.#told = mark;
    this.#emitter.tell("state", state);
  }

  /**
   * Tells what a frame says; false if it does not continue what is known.
   *
   * @param {any} frame
   */
  #apply(frame) {
    switch (frame?.t) {
      case "welcome":
        this.#you = String(frame.you ?? "");
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
 * Random characters of those that ids may have.
 *
 * @param {number} length
 */
function randomId(length) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (it) => letters[it % 64]).join("");
}
