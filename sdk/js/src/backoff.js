/** Waits never grow beyond this, in milliseconds. */
export const LONGEST_WAIT = 10_000;

/**
 * How long to wait before trying again: growing, bounded, and never the same on two pages.
 */
export class Backoff {
  #state;

  /** @param {number} seed spreads out in time those who lost the same server */
  constructor(seed) {
    // The generator stands still at zero.
    this.#state = (seed | 1) >>> 0;
  }

  /**
   * A wait around `middle`: from half of it up to one and a half times.
   *
   * @param {number} middle
   */
  around(middle) {
    return Math.floor(middle / 2) + this.#below(middle);
  }

  /**
   * The wait after so many fruitless rounds: up to 0.5 s, 1 s, 2 s, …, 10 s, at least half of that.
   *
   * @param {number} failures
   */
  after(failures) {
    const longest = Math.min(500 * 2 ** Math.min(failures, 8), LONGEST_WAIT);
    return longest / 2 + this.#below(longest / 2);
  }

  /**
   * A number from 0 up to and including `limit`, by xorshift.
   *
   * @param {number} limit
   */
  #below(limit) {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % (limit + 1);
  }
}
