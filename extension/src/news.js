// When new items are announced: what comes together is told together, so that who was away hears
// one summary. What is to be told is kept with the items, not here.

/** What comes within this time of each other came together, in milliseconds. */
const TOGETHER = 700;

/** A stream without a pause is told of after this long, in milliseconds. */
const LATEST = 3_000;

export class News {
  /** @type {number | null} Since when something waits. */
  #since = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tell;

  /** @param {() => void} tell Called when the time has come. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** There is something to tell. */
  soon() {
    this.#since ??= Date.now();
    clearTimeout(this.#timer);
    const left = this.#since + LATEST - Date.now();
    this.#timer = setTimeout(() => {
      this.#since = null;
      this.#tell();
    }, Math.max(0, Math.min(TOGETHER, left)));
  }
}
