// A live feed in any page: <script type="module" src="https://server/embed.js" data-room="main">.
//
// - `feed_element.js`: the custom element `<nowcast-feed>`. `feed_source.js`: the room behind it.
// - `feed_items.js`, `feed_table.js`: what items look like; `feed_html.js`: how they become
//   elements, safely.
// - `feed_words.js`, `feed_style.js`: what it says, how it looks.
import { NowcastFeed } from "./feed_element.js";

NowcastFeed.server = new URL("./", import.meta.url).href;
// The script may stand in a page twice, by two addresses.
if (!customElements.get("nowcast-feed")) customElements.define("nowcast-feed", NowcastFeed);

const PLACED = "nowcastPlaced";

/**
 * Puts a feed after the script that asks for one. A module has no `document.currentScript`, so it
 * is known by its address; one in the head only makes the element known.
 *
 * @param {EventTarget | null} script
 */
function place(script) {
  if (!(script instanceof HTMLScriptElement) || script.src !== import.meta.url) return;
  if (PLACED in script.dataset || !document.body?.contains(script)) return;
  const feed = document.createElement("nowcast-feed");
  for (const [name, value] of Object.entries(script.dataset)) feed.setAttribute(name, value ?? "");
  script.dataset[PLACED] = "";
  script.after(feed);
}

// A module runs once, however many scripts name it.
document.querySelectorAll("script[src]").forEach(place);
document.addEventListener("load", (event) => place(event.target), true);

export { NowcastFeed };
