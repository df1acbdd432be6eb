// The popups that are open: each is told how the connection stands, and gets the server's frames.
//
// To a popup: `{status}`, `{frame}` (the text of a frame), `{again: true}` (begin anew, it is
// another room now). From a popup: anything means that it lacks something and wants the whole.

export class Popups {
  /** @type {Set<chrome.runtime.Port>} Those that were greeted. */
  #greeted = new Set();
  /** @type {Map<chrome.runtime.Port, () => string | null>} All, with what tells them the whole. */
  #open = new Map();

  /** Whether somebody looks. */
  get open() {
    return this.#open.size > 0;
  }

  /**
   * @param {chrome.runtime.Port} port
   * @param {() => string | null} whole The frame that tells all there is.
   */
  add(port, whole) {
    this.#open.set(port, whole);
    port.onMessage.addListener(() => this.#whole(port));
    port.onDisconnect.addListener(() => {
      this.#open.delete(port);
      this.#greeted.delete(port);
    });
  }

  /**
   * Tells one all there is; from now on it is told what is new.
   *
   * @param {chrome.runtime.Port} port
   * @param {object} status
   */
  greet(port, status) {
    if (this.#open.has(port)) {
      this.#greeted.add(port);
      this.#whole(port);
      port.postMessage({ status });
    }
  }

  /** @param {object} status */
  tell(status) {
    this.#post({ status });
  }

  /** @param {string | null} frame */
  send(frame) {
    if (frame) {
      this.#post({ frame });
    }
  }

  startOver() {
    this.#post({ again: true });
  }

  #whole(port) {
    const frame = this.#open.get(port)?.();
    if (frame) {
      port.postMessage({ frame });
    }
  }

  #post(message) {
    this.#greeted.forEach((port) => port.postMessage(message));
  }
}
