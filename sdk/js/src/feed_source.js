import { connect } from "./nowcast.js";

/** So many items are kept; those that come with a snapshot are the newest fifty. */
const MOST = 200;
/** An interruption that is over sooner than this, in milliseconds, is not worth a word. */
const UNNOTICED = 700;

/**
 * What a feed shows: the items of one room, and how it stands. Feeds of the same room share one,
 * so that a page with many does not open many connections.
 */
export class Source {
  /** @type {Map<string, Source>} */
  static #all = new Map();

  /** @type {Set<(fresh: import("./nowcast.js").Item | null) => void>} */
  #watchers = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string} */
  #key;
  #room;

  /**
   * The source of a room; `changed` is called after every change, with the item if one is new.
   *
   * @param {string} server
   * @param {import("./nowcast.js").ConnectOptions} options
   * @param {(fresh: import("./nowcast.js").Item | null) => void} changed
   */
  static open(server, options, changed) {
    const key = JSON.stringify([server, options]);
    const source = this.#all.get(key) ?? new Source(key, server, options);
    this.#all.set(key, source);
    source.#watchers.add(changed);
    return source;
  }

  /**
   * @param {string} key
   * @param {string} server
   * @param {import("./nowcast.js").ConnectOptions} options
   */
  constructor(key, server, options) {
    this.#key = key;
    this.server = server;
    /**
     * Newest first.
     *
     * @type {import("./nowcast.js").Item[]}
     */
    this.items = [];
    this.title = "";
    /** Whether it was told what there is. */
    this.known = false;
    /** Whether it is live, as far as people notice. */
    this.connected = false;
    /**
     * Why the server turns it away.
     *
     * @type {import("./nowcast.js").NowcastError | null}
     */
    this.refusal = null;
    /**
     * Why it ended.
     *
     * @type {string | null}
     */
    this.ended = null;
    /** Whether no way led to the server when it was last tried. */
    this.failing = false;
    this.transport = "";
    const room = (this.#room = connect(server, options));
    room.on("snapshot", ({ items, title }) => {
      this.items = [...items].reverse();
      this.title = title;
      this.known = true;
      this.#changed(null);
    });
    room.on("event", ({ event }) => this.#apply(event));
    room.on("state", (state) => this.#stands(state));
    room.on("error", (refusal) => {
      this.refusal = refusal;
      this.#changed(null);
    });
  }

  /**
   * Ends watching; the last one closes the connection.
   *
   * @param {(fresh: import("./nowcast.js").Item | null) => void} changed
   */
  leave(changed) {
    this.#watchers.delete(changed);
    if (this.#watchers.size > 0) return;
    Source.#all.delete(this.#key);
    clearTimeout(this.#timer);
    this.#room.close();
  }

  /** @param {import("./nowcast.js").LoggedEvent["event"]} event */
  #apply(event) {
    switch (event.kind) {
      case "item_published":
        this.items = [event.item, ...this.items].slice(0, MOST);
        return this.#changed(event.item);
      case "item_edited":
        this.items = this.items.map((item) => (item.id === event.item.id ? event.item : item));
        return this.#changed(null);
      case "item_deleted":
        this.items = this.items.filter((item) => item.id !== event.item);
        return this.#changed(null);
      case "room_titled":
        this.title = event.title;
        return this.#changed(null);
    }
  }

  /** @param {import("./nowcast.js").State} state */
  #stands(state) {
    this.ended = state.state === "closed" ? state.reason : null;
    if (state.state === "open") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.connected = true;
      this.failing = false;
      this.refusal = null;
      this.transport = state.transport;
    } else {
      this.failing ||= state.state === "waiting";
      this.#timer ??= setTimeout(() => {
        this.connected = false;
        this.#changed(null);
      }, UNNOTICED);
    }
    this.#changed(null);
  }

  /** @param {import("./nowcast.js").Item | null} fresh */
  #changed(fresh) {
    for (const watcher of this.#watchers) watcher(fresh);
  }
}
