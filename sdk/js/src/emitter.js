/** Who wants to hear of what. */
export class Emitter {
  /** @type {Map<string, Set<(...told: any[]) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} event
   * @param {(...told: any[]) => void} listener
   * @returns {() => void} stops it
   */
  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    // Each its own, so that one that listens twice is stopped once.
    /** @param {any[]} told */
    const own = (...told) => listener(...told);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /**
   * @param {string} event
   * @param {any[]} told
   */
  tell(event, ...told) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(...told);
      } catch (error) {
        // What is wrong with one is no reason to keep it from the others; it is reported as usual.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
