// From new items to notifications: what comes together is told together, so that who was away
// hears one summary.

import { ring, silence } from "./bell.js";
import { noteOf, notes } from "./notify.js";

/** What comes within this time of each other came together, in milliseconds. */
const TOGETHER = 700;

/** A stream without a pause is told of after this long, in milliseconds. */
const LATEST = 3_000;

export class News {
  /** @type {Set<string>} Items that are to be told of. */
  #fresh = new Set();
  #since = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("./kept.js").Item[]} items
   * @param {() => import("./kept.js").Kept | null} kept Asked when the time has come; `null` if
   *   nobody needs to be told.
   */
  add(items, kept) {
    if (items.length === 0) {
      return;
    }
    if (this.#fresh.size === 0) {
      this.#since = Date.now();
    }
    items.forEach(({ id }) => this.#fresh.add(id));
    clearTimeout(this.#timer);
    const left = this.#since + LATEST - Date.now();
    this.#timer = setTimeout(() => this.#tell(kept()), Math.max(0, Math.min(TOGETHER, left)));
  }

  /** What is kept was changed or deleted meanwhile: only what is there now is told. */
  #tell(kept) {
    const fresh = kept?.items.filter(({ id }) => this.#fresh.has(id)) ?? [];
    this.forget();
    if (kept) {
      notes(fresh, kept).forEach(ring);
    }
  }

  /** An item is gone, and so is what was told of it. */
  deleted(item) {
    this.#fresh.delete(item);
    silence(noteOf(item));
  }

  /** Nothing that is not told yet will be. */
  forget() {
    clearTimeout(this.#timer);
    this.#fresh.clear();
  }
}
