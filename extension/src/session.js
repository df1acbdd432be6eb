// The room that is followed, from the settings to the button, the notifications and the popup.
//
// The browser ends this worker whenever it likes, so nothing counts that is not stored: a new one
// goes on from the position that was kept together with the items.

import { connect } from "../nowcast.js";
import { pageOf, samePlace } from "./address.js";
import { badge } from "./badge.js";
import { silence, silenceAll } from "./bell.js";
import { diagnose } from "./diagnose.js";
import * as keeping from "./kept.js";
import { News } from "./news.js";
import { linkOf, wanted } from "./notify.js";
import { Popups } from "./popups.js";
import * as storage from "./storage.js";

/** Changes are gathered this long before they are stored, in milliseconds. */
const SAVE_AFTER = 250;

/** A connection that is back within this time is no problem, in milliseconds. */
const GRACE = 2_000;

/** Why a room ended for good, by the server's reasons. */
const ENDED = {
  blocked: "An admin sent you out of this room.",
  room_closed: "This room was closed.",
};

export class Session {
  /** @type {import("./storage.js").Settings} */
  #settings = { place: null, notify: "posts" };
  /** @type {import("./kept.js").Kept | null} */
  #kept = null;
  /** @type {import("../nowcast.js").Room | null} */
  #room = null;
  #live = false;
  /** @type {number | null} */
  #liveAt = null;
  /** @type {number | null} */
  #watching = null;
  /** @type {string | null} */
  #problem = null;
  #asking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saving;
  #popups = new Popups();
  #news = new News();
  #ready = this.#load();

  async #load() {
    this.#settings = await storage.settings();
    const { place } = this.#settings;
    this.#kept = place && keeping.restored(await storage.kept(), place);
    this.#liveAt = await storage.liveAt();
  }

  /** Sees to it that the room is followed; also called when it is. */
  async wake() {
    await this.#ready;
    if (this.#live) {
      this.#stillLive();
    } else if (!this.#room) {
      await this.#connect();
    }
    this.#showBadge();
  }

  /**
   * Takes other settings.
   *
   * @param {any} stored
   */
  async settle(stored) {
    await this.#ready;
    const settings = storage.readSettings(stored);
    const moved = !samePlace(settings.place, this.#settings.place);
    this.#settings = settings;
    if (!moved) {
      return;
    }
    this.#leave();
    this.#news.forget();
    this.#problem = null;
    this.#watching = null;
    this.#liveAt = null;
    this.#kept = settings.place && keeping.nothing(settings.place);
    await Promise.all([silenceAll(), this.#save()]);
    this.#popups.startOver();
    await this.wake();
  }

  /**
   * Serves a popup as long as it is open.
   *
   * @param {chrome.runtime.Port} port
   */
  async attend(port) {
    // At once, or what it says meanwhile would not be heard.
    this.#popups.add(port, () => this.#kept && keeping.asWelcome(this.#kept));
    await this.#ready;
    this.#popups.greet(port, this.#status());
    this.#look();
    await this.wake();
  }

  /**
   * Opens what a notification is about.
   *
   * @param {string} note
   */
  async follow(note) {
    await this.#ready;
    const { place } = this.#settings;
    if (this.#kept && place) {
      const url = linkOf(note, this.#kept) ?? pageOf(place);
      // Where no window is open, there is none to put a tab in.
      await chrome.tabs.create({ url }).catch(() => chrome.windows.create({ url }));
    }
    await silence(note);
  }

  async #connect() {
    const { place } = this.#settings;
    if (!place || this.#room) {
      return;
    }
    const client = await storage.client();
    // Somebody else may have come here meanwhile, or the settings may have changed.
    if (this.#room || !samePlace(place, this.#settings.place)) {
      return;
    }
    const { server, room: name, invitation } = place;
    const since = this.#kept?.position ?? undefined;
    const room = connect(server, {
      room: name,
      since,
      client,
      invitation,
      // Nobody looks at a page here.
      page: "extension",
      transport: "websocket",
    });
    this.#room = room;
    const on = (event, then) => room.on(event, (what) => this.#room === room && then(what));
    on("snapshot", (snapshot) => this.#snapshot(snapshot));
    on("event", (logged) => this.#event(logged));
    on("signal", (signal) => this.#signal(signal));
    on("state", (state) => this.#connection(state));
  }

  #leave() {
    const room = this.#room;
    this.#room = null;
    this.#live = false;
    room?.close();
  }

  #snapshot(snapshot) {
    if (!this.#kept || !this.#room?.position) {
      return;
    }
    const { kept, fresh } = keeping.takeSnapshot(this.#kept, this.#room.position, snapshot);
    this.#watching = snapshot.presence?.count ?? null;
    this.#take(kept, fresh);
    this.#popups.send(keeping.asWelcome(kept));
    this.#tellStatus();
  }

  #event(logged) {
    const taken = this.#kept && keeping.takeEvent(this.#kept, logged);
    if (!taken) {
      // What is kept has a gap: from where it ends, once more.
      this.#leave();
      this.wake();
      return;
    }
    this.#take(taken.kept, taken.fresh);
    if (taken.deleted) {
      this.#news.deleted(taken.deleted);
    }
    this.#popups.send(JSON.stringify({ t: "event", ...logged }));
  }

  #signal(signal) {
    if (signal.kind === "presence" && Number.isInteger(signal.count)) {
      this.#watching = signal.count;
      this.#tellStatus();
    }
  }

  #take(kept, fresh) {
    this.#kept = kept;
    if (this.#popups.open) {
      this.#kept = keeping.looked(kept);
    } else {
      const items = wanted(fresh, this.#settings.notify);
      this.#news.add(items, () => this.#popups.open ? null : this.#kept);
    }
    this.#saveSoon();
    this.#showBadge();
  }

  #connection({ state, reason }) {
    const was = this.#live;
    this.#live = state === "open";
    if (this.#live || was) {
      this.#stillLive();
    }
    if (this.#live) {
      this.#problem = null;
    } else if (state === "waiting") {
      this.#ask();
    } else if (state === "closed") {
      this.#room = null;
      this.#problem = ENDED[reason] ?? "The server ended this connection.";
    }
    this.#tellStatus();
    this.#showBadge();
  }

  /** Finds out why the room cannot be reached; not at once, since most of that is over soon. */
  async #ask() {
    const { place } = this.#settings;
    if (this.#asking || !place) {
      return;
    }
    this.#asking = true;
    await new Promise((done) => setTimeout(done, GRACE));
    const { words } = this.#live ? { words: null } : await diagnose(place);
    this.#asking = false;
    if (!this.#live && samePlace(place, this.#settings.place)) {
      this.#problem = words;
      this.#tellStatus();
      this.#showBadge();
    }
  }

  #look() {
    if (this.#kept) {
      this.#kept = keeping.looked(this.#kept);
      this.#save();
      this.#showBadge();
      silenceAll();
    }
  }

  #stillLive() {
    this.#liveAt = Date.now();
    storage.keepLiveAt(this.#liveAt);
  }

  #status() {
    const { place } = this.#settings;
    const state = this.#live ? "live" : this.#problem ? "offline" : "connecting";
    return {
      state: place ? state : "unset",
      since: this.#live ? null : this.#liveAt,
      problem: this.#problem,
      watching: this.#live ? this.#watching : null,
    };
  }

  #tellStatus() {
    this.#popups.tell(this.#status());
  }

  #showBadge() {
    const kept = this.#kept;
    const unread = kept ? keeping.unread(kept) : 0;
    const now = badge({ unread, problem: this.#problem, title: kept?.title ?? "" });
    chrome.action.setBadgeText({ text: now.text });
    chrome.action.setBadgeBackgroundColor({ color: now.color });
    chrome.action.setBadgeTextColor({ color: "#ffffff" });
    chrome.action.setTitle({ title: now.title });
  }

  #saveSoon() {
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    return storage.keep(this.#kept);
  }
}
