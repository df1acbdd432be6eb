/** So many pushes are remembered, so that none is told a second time. */
const REMEMBERED = 64;

/**
 * Up to where this client has seen the room: every event is told exactly once, in the order of
 * offsets, whatever transport it comes by and however often it comes. Pure.
 */
export class Progress {
  /** @type {{epoch: string, offset: number} | null} */
  #known = null;
  /** @type {string[]} */
  #pushes = [];

  /** @param {string | null | undefined} since where an earlier client was */
  constructor(since) {
    this.#known = since ? read(since) : null;
  }

  /**
   * `{epoch}:{offset}` of the last event, or null.
   *
   * @returns {string | null}
   */
  get position() {
    return this.#known && `${this.#known.epoch}:${this.#known.offset}`;
  }

  /** The newest push, to be told of those after it; `0` where one may have broken on its way. */
  get pushed() {
    return this.#pushes.at(-1) ?? (this.#known ? "0" : null);
  }

  /**
   * Takes a welcome in. False if it continues something else than what is known.
   *
   * @param {{epoch: string, offset: number, snapshot?: unknown}} welcome
   */
  begin({ epoch, offset, snapshot }) {
    if (snapshot) {
      this.#known = { epoch, offset };
      return true;
    }
    // An earlier beginning is fine: what is known already is passed over.
    return this.#known !== null && this.#known.epoch === epoch && offset <= this.#known.offset;
  }

  /**
   * Takes an event in: `next` if it is to be told, `old` if it was, `gap` if one is missing.
   *
   * @param {number} offset
   * @returns {"next" | "old" | "gap"}
   */
  event(offset) {
    if (this.#known === null || !Number.isSafeInteger(offset)) return "gap";
    if (offset > this.#known.offset + 1) return "gap";
    if (offset <= this.#known.offset) return "old";
    this.#known.offset = offset;
    return "next";
  }

  /**
   * A poll that brought no events may still have moved on.
   *
   * @param {string | null} next
   */
  goOn(next) {
    const to = next ? read(next) : null;
    if (to && this.#known?.epoch === to.epoch && to.offset > this.#known.offset) this.#known = to;
  }

  /**
   * Whether a push is new.
   *
   * @param {string} id
   */
  push(id) {
    if (this.#pushes.includes(id)) return false;
    this.#pushes = [...this.#pushes.slice(1 - REMEMBERED), id];
    return true;
  }
}

/**
 * @param {string} text
 */
function read(text) {
  const [, epoch, offset] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  return epoch === undefined ? null : { epoch, offset: Number(offset) };
}
