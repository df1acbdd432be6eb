import { problem } from "./errors.js";
import { isRefusal } from "./request.js";
import { parse } from "./websocket.js";

/** A line may be as long as this, in characters; no frame of a server comes near. */
const LONGEST = 64 * 1024 * 1024;

/**
 * Frames as server-sent events, read from a response as it comes: so it works where there is no
 * `EventSource`, can send headers, and learns why it was refused.
 *
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {import("./websocket.js").Ear} ear
 * @returns {import("./websocket.js").Transport}
 */
export function openStream(url, headers, ear) {
  const abort = new AbortController();
  const { signal } = abort;
  const read = async () => {
    const response = await fetch(url, {
      headers: { ...headers, accept: "text/event-stream" },
      cache: "no-store",
      signal,
    });
    if (!response.ok) return end(signal, ear, await problem(response));
    const kind = response.headers.get("content-type") ?? "";
    const reader = kind.startsWith("text/event-stream") && response.body?.getReader();
    // For example the log-in page of a hotel.
    if (!reader) return end(signal, ear, null);
    const decoder = new TextDecoder();
    const lines = new Lines((data) => !signal.aborted && ear.frame(parse(data)));
    for (;;) {
      const { done, value } = await reader.read();
      if (done || !lines.take(decoder.decode(value, { stream: true }))) break;
    }
    abort.abort();
    ear.lost();
  };
  read().catch(() => end(signal, ear, null));
  return { close: () => abort.abort() };
}

/**
 * Tells how a request failed, if somebody still wants to know.
 *
 * @param {AbortSignal} signal
 * @param {import("./websocket.js").Ear} ear
 * @param {unknown} error
 */
export function end(signal, ear, error) {
  if (signal.aborted) return;
  if (isRefusal(error)) ear.refused(error);
  else ear.lost(error instanceof Error ? retryAfter(error) : 0);
}

/**
 * The patience that the server asked for, in milliseconds.
 *
 * @param {Error & {retryAfter?: number}} error
 */
export function retryAfter(error) {
  return (error.retryAfter ?? 0) * 1000;
}

/** The format of event streams (https://html.spec.whatwg.org/#server-sent-events), the data alone. */
export class Lines {
  #rest = "";
  /** @type {string[]} */
  #data = [];
  #tell;

  /** @param {(data: string) => void} tell hears the data of every event */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * Takes a further piece in, and says whether it can go on.
   *
   * @param {string} piece
   */
  take(piece) {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const whole of lines) {
      const line = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
      if (line.startsWith("data:")) {
        this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line === "" && this.#data.length > 0) {
        this.#tell(this.#data.splice(0).join("\n"));
      }
    }
    return this.#rest.length < LONGEST;
  }
}
