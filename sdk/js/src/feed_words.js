const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How long ago something was, short, for example `5 min`.
 *
 * @param {number} at in Unix milliseconds
 * @param {number} now
 */
export function relative(at, now) {
  const passed = now - at;
  // Also what a clock that is wrong places in the future.
  if (passed < MINUTE) return "now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  const days = Math.floor(passed / DAY);
  if (days < 7) return days === 1 ? "1 day" : `${days} days`;
  return new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/**
 * The exact moment in the reader's own language and time zone.
 *
 * @param {number} at
 */
export function exact(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
}

/**
 * What somebody is called who gave no name.
 *
 * @param {import("./nowcast.js").Author | undefined} by
 */
export function authorOf(by) {
  if (by?.name) return by.name;
  if (by?.role === "admin") return "Host";
  return by?.role === "publisher" ? "Publisher" : "Someone";
}

/**
 * What is said of the whole feed: a word beside its title, and where that is not enough, a
 * sentence with its heading.
 *
 * @typedef {{word: string, state: "live" | "wait" | "off", heading?: string, sentence?: string}} Told
 *
 * @param {Pick<
 *   import("./feed_source.js").Source, "connected" | "refusal" | "ended" | "known" | "failing"
 * >} source
 * @param {boolean} online what the browser says of the network
 * @returns {Told}
 */
export function tell({ connected, refusal, ended, known, failing }, online) {
  if (ended) {
    const sentence = ended === "replaced"
      ? "It is open in another window with the same id."
      : "Reload the page to look again.";
    return { word: "Ended", state: "off", heading: "This live feed has ended", sentence };
  }
  if (refusal) {
    const heading = HEADINGS.get(refusal.code) ?? "This live feed does not open";
    return { word: "Not available", state: "off", heading, sentence: refusal.message };
  }
  if (connected) {
    const empty = known && { heading: "Nothing here yet", sentence: "What is published will appear here." };
    return { word: "Live", state: "live", ...empty };
  }
  const sentence = "It comes back by itself.";
  if (!online) return { word: "Offline", state: "off", heading: "You are offline", sentence };
  const word = known ? "Reconnecting…" : "Connecting…";
  const heading = "This live feed cannot be reached right now";
  return failing ? { word, state: "wait", heading, sentence } : { word, state: "wait" };
}

const HEADINGS = new Map([
  ["foreign_origin", "This live feed is not open to this site"],
  ["unknown_room", "There is no such live feed"],
  ["bad_room", "There is no such live feed"],
  ["not_invited", "This live feed is private"],
  ["blocked", "This live feed is closed to you"],
]);
