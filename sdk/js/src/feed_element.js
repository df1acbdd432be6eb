import { element } from "./feed_html.js";
import { contentOf, headOf, refreshTimes } from "./feed_items.js";
import { Source } from "./feed_source.js";
import { STYLE } from "./feed_style.js";
import { authorOf, tell } from "./feed_words.js";

/** So many items are shown if the page does not say. */
const LIMIT = 20;
/** How often relative times are looked at again, in milliseconds. */
const TICK = 10_000;
/** So much of a new item is read out, in characters. */
const READ_OUT = 200;

/**
 * What a feed shows that does not come to connect.
 *
 * @param {any} refusal
 */
const unopened = (refusal) => ({
  refusal, items: [], title: "", server: "", transport: "", ended: null, known: false, connected: false, failing: false,
});

/**
 * @typedef {{item: import("./nowcast.js").Item, element: HTMLElement}} Detail
 */

/** What a change of these means: another connection. */
const CONNECTING = ["src", "server", "room", "transport", "token", "invitation"];

/** @type {CSSStyleSheet | undefined} */
let sheet;

/**
 * `<nowcast-feed>`: a live feed. See the package's README for its attributes, parts and properties.
 *
 * Before a custom item is drawn it dispatches `nowcast:item`, with `{item, element}` as detail: who
 * prevents the default draws into `element` instead, and hears `nowcast:item-removed`, with the same
 * detail, when that is not needed any more. As the server's own pages do.
 */
export class NowcastFeed extends HTMLElement {
  static observedAttributes = [...CONNECTING, "limit", "heading"];

  /** Where a feed connects to that names no server. */
  static server = "";

  /** @type {Source | null} */
  #source = null;
  /** @type {ReturnType<typeof unopened> | null} */
  #unopened = null;
  /** @type {Map<string, {item: import("./nowcast.js").Item, row: HTMLElement, taken: Detail | null}>} */
  #rows = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  /** @type {ResizeObserver | undefined} */
  #watching;
  #starting = false;
  #said = "";

  #title = element("h2", { class: "title", part: "title", dir: "auto" });
  #pill = element("p", { class: "pill", part: "pill", role: "status" });
  #list = element("ol", { class: "items", part: "items" });
  #notice = element("p", { class: "said", part: "notice", hidden: "" });
  #skeleton = element("div", { class: "skeleton", "aria-hidden": "true" });
  #news = element("p", { class: "unseen", "aria-live": "polite" });
  #body = element("div", { class: "body", part: "body" }, this.#notice, this.#skeleton, this.#list);

  #feed = element("section", { class: "feed", part: "feed" });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    const head = element("div", { class: "head", part: "head" }, this.#title, this.#pill);
    root.append(this.#feed);
    this.#feed.append(head, this.#body, this.#news);
  }

  connectedCallback() {
    this.#start();
    document.addEventListener("visibilitychange", this.#tick);
    for (const name of ["online", "offline"]) addEventListener(name, this.#draw);
    this.#ticking = setInterval(this.#tick, TICK);
    // What can be scrolled has to be reached by keys.
    this.#watching = new ResizeObserver(() => {
      const scrolls = this.#body.scrollHeight > this.#body.clientHeight + 1;
      this.#body.toggleAttribute("tabindex", scrolls);
      if (scrolls) this.#body.tabIndex = 0;
    });
    this.#watching.observe(this.#body);
    this.#watching.observe(this.#list);
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#tick);
    for (const name of ["online", "offline"]) removeEventListener(name, this.#draw);
    clearInterval(this.#ticking);
    this.#watching?.disconnect();
    // One that is only moved to another place keeps its connection.
    queueMicrotask(() => this.isConnected || this.#stop());
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (!this.isConnected) {
      // One that is being moved keeps its connection, but not to somewhere else.
      if (CONNECTING.includes(name)) this.#stop();
      return;
    }
    if (!CONNECTING.includes(name)) return this.#draw(null);
    // Several that change together make one new connection.
    if (this.#starting) return;
    this.#starting = true;
    queueMicrotask(() => {
      this.#starting = false;
      if (!this.isConnected) return;
      this.#stop();
      this.#start();
    });
  }

  /** How it stands: `live`, `wait` or `off`. */
  get state() {
    return this.#source ? tell(this.#source, navigator.onLine).state : "off";
  }

  /** Draws all items anew, for example when a script that draws some was loaded late. */
  refresh() {
    this.#clear();
    this.#draw(null);
  }

  #start() {
    if (this.#source) return this.#draw(null);
    const attribute = (/** @type {string} */ name) => this.getAttribute(name) || undefined;
    const server = attribute("server") ?? attribute("src") ?? NowcastFeed.server;
    try {
      const options = {
        room: attribute("room") ?? "main",
        transport: /** @type {any} */ (attribute("transport") ?? "auto"),
        token: attribute("token"),
        invitation: attribute("invitation"),
      };
      this.#source = Source.open(new URL(server, document.baseURI).href, options, this.#draw);
    } catch (error) {
      this.#unopened = unopened(error);
    }
    this.#draw(null);
  }

  #stop() {
    this.#source?.leave(this.#draw);
    this.#source = this.#unopened = null;
    this.#clear();
  }

  #clear() {
    for (const { taken } of this.#rows.values()) this.#removed(taken);
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  #tick = () => {
    if (!document.hidden) refreshTimes(this.#list);
  };

  /**
   * Makes what is shown what is known.
   *
   * @param {any} fresh the item that is new, if one is
   */
  #draw = (fresh) => {
    const source = this.#source ?? this.#unopened;
    if (!source) return;
    const told = tell(source, navigator.onLine);
    this.#title.textContent = this.getAttribute("heading") ?? source.title;
    this.#title.hidden = this.#title.textContent === "";
    this.#feed.setAttribute("aria-label", this.#title.textContent || "Live feed");
    if (this.#pill.textContent !== told.word) this.#pill.textContent = told.word;
    this.#pill.className = `pill ${told.state}`;
    this.#pill.title = told.state === "live" ? WAYS[source.transport] ?? "" : "";
    this.#drawItems(source, typeof fresh?.id === "string" ? fresh.id : "");
    // Where there is something to read, the word beside the title says enough, unless it ended.
    const silent = source.items.length > 0 && !source.refusal && !source.ended;
    this.#say(silent ? "" : told.heading ?? "", silent ? "" : told.sentence ?? "");
    this.#skeleton.hidden = source.known || Boolean(told.heading);
    this.#body.setAttribute("aria-busy", String(!this.#skeleton.hidden));
    if (this.#said !== told.state) {
      this.#said = told.state;
      this.dispatchEvent(new CustomEvent("nowcast:state", { detail: { state: told.state } }));
    }
  };

  /**
   * @param {string} heading
   * @param {string} sentence
   */
  #say(heading, sentence) {
    this.#notice.hidden = heading === "";
    this.#notice.replaceChildren(element("strong", {}, heading), sentence);
  }

  /**
   * @param {Pick<Source, "items" | "server">} source
   * @param {string} fresh
   */
  #drawItems(source, fresh) {
    const limit = Number.parseInt(this.getAttribute("limit") ?? "", 10);
    const items = source.items.slice(0, limit > 0 ? limit : LIMIT);
    const kept = new Set(items.map((item) => item.id));
    for (const [id, { row, taken }] of this.#rows) {
      if (kept.has(id)) continue;
      this.#removed(taken);
      row.remove();
      this.#rows.delete(id);
    }
    let next = this.#list.firstElementChild;
    for (const item of items) {
      const known = this.#rows.get(item.id);
      const row = known?.row ?? element("li", { class: item.id === fresh ? "item fresh" : "item" });
      if (known?.item !== item) {
        this.#removed(known?.taken);
        this.#rows.set(item.id, { item, row, taken: this.#drawItem(row, item, source.server) });
        if (item.id === fresh) this.#readOut(row, item);
      }
      // What stands where it should is not touched, or its animation would begin again.
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
  }

  /**
   * @param {HTMLElement} row
   * @param {import("./nowcast.js").Item} item
   * @param {string} server
   * @returns {Detail | null} what a script has taken over
   */
  #drawItem(row, item, server) {
    row.setAttribute("part", `item ${/^[\w-]+$/.test(item.kind) ? item.kind : ""}`.trim());
    const place = element("div", { class: "content", part: "content" });
    row.replaceChildren(element("article", {}, headOf(item), place));
    const detail = { item, element: place };
    if (item.kind === "custom" && !this.dispatchEvent(offer("nowcast:item", detail))) return detail;
    place.append(contentOf(item, server));
    return null;
  }

  /**
   * Tells the script that has taken an item over that its element is gone.
   *
   * @param {Detail | null | undefined} taken
   */
  #removed(taken) {
    if (!taken) return;
    // Not in the middle of what takes it away.
    queueMicrotask(() => {
      this.dispatchEvent(offer("nowcast:item-removed", taken));
      // Who listens on the document hears nothing of a feed that is not in it any more.
      if (!this.isConnected) document.dispatchEvent(offer("nowcast:item-removed", taken));
    });
  }

  /**
   * @param {HTMLElement} row
   * @param {import("./nowcast.js").Item} item
   */
  #readOut(row, item) {
    const words = row.querySelector(".content")?.textContent?.trim().slice(0, READ_OUT);
    this.#news.textContent = `${authorOf(item.by)}: ${words || item.kind}`;
  }
}

/**
 * An event for the scripts of the page around it.
 *
 * @param {string} name
 * @param {Detail} detail
 */
function offer(name, detail) {
  return new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true });
}

/** @type {Record<string, string>} */
const WAYS = {
  websocket: "Live by WebSocket",
  sse: "Live by server-sent events",
  poll: "Live by long polling",
};
