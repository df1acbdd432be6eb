import { addressOf, element, linkTo, markup } from "./feed_html.js";
import { clickable, tableOf } from "./feed_table.js";
import { authorOf, exact, relative } from "./feed_words.js";

/** Pictures are not shown higher than this, in CSS pixels. */
const HIGHEST = 640;

/**
 * The line above an item's content: who, when, whether it was edited.
 *
 * @param {import("./nowcast.js").Item} item
 */
export function headOf(item) {
  const author = (item.kind === "post" && text(item.data?.user)) || authorOf(item.by);
  const moment = exact(item.at);
  const when = element("time", { datetime: new Date(item.at).toISOString(), title: moment, part: "time" });
  const short = element("span", { "aria-hidden": "true" }, relative(item.at, Date.now()));
  when.append(short, element("span", { class: "unseen" }, moment));
  return element(
    "header",
    {},
    element("b", { dir: "auto", part: "author" }, author),
    when,
    item.edited_at ? element("i", {}, "edited") : null,
  );
}

/**
 * Writes the times in an element anew.
 *
 * @param {ParentNode} root
 */
export function refreshTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const [short] = time.children;
    const word = relative(Date.parse(time.dateTime), Date.now());
    if (short && short.textContent !== word) short.textContent = word;
  }
}

/**
 * What an item holds.
 *
 * @param {import("./nowcast.js").Item} item
 * @param {string} server
 * @returns {Node}
 */
export function contentOf(item, server) {
  const data = item.data ?? {};
  switch (item.kind) {
    case "message": {
      const prose = element("div", { class: "prose", dir: "auto" });
      if (typeof item.html === "string") prose.append(markup(item.html, server));
      else prose.append(element("p", { class: "plain" }, text(data.text)));
      return prose;
    }
    case "link":
      return card(data, server) ?? notice("That link does not open.");
    case "image":
      return picture(data, server) ?? notice("That picture cannot be shown.");
    case "post":
      return post(data, server);
    case "custom":
      return tableOf(item.data);
    default:
      return notice("This item needs a newer version of the page. Reload to see it.");
  }
}

/** @param {string} words */
function notice(words) {
  return element("p", { class: "faded" }, words);
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : "";
}

/**
 * @param {any} data
 * @param {string} server
 */
function card(data, server) {
  const href = addressOf(data.url, server);
  if (href === null) return null;
  const { host, pathname } = new URL(href);
  // Without a title, the address itself says most.
  const title = text(data.title) || (host + pathname).replace(/\/$/, "");
  const description = text(data.description);
  return linkTo(
    href,
    { class: "card", dir: "auto", part: "card" },
    element("strong", {}, title),
    description ? element("span", {}, description) : null,
    element("small", {}, host),
  );
}

/**
 * @param {any} data
 * @param {string} server
 */
function picture(data, server) {
  const src = addressOf(data.url, server);
  if (src === null) return null;
  const [width, height] = [Number(data.width), Number(data.height)];
  const scale = Math.min(1, HIGHEST / height);
  const size = width > 0 && height > 0
    ? { width: Math.max(1, Math.round(width * scale)), height: Math.round(height * scale) }
    : {};
  const alt = text(data.alt);
  const image = element("img", { src, alt, ...size, loading: "lazy", decoding: "async", part: "picture" });
  const figure = element(
    "figure",
    {},
    image,
    element("p", { class: "card", hidden: "" }, "This picture could not be loaded."),
    alt ? element("figcaption", { "aria-hidden": "true", dir: "auto" }, alt) : null,
  );
  image.addEventListener("error", () => {
    image.hidden = true;
    figure.querySelector("p")?.removeAttribute("hidden");
  });
  return figure;
}

/**
 * @param {any} data
 * @param {string} server
 */
function post(data, server) {
  const body = element("div", { class: "post" });
  if (text(data.text)) {
    body.append(element("p", { class: "prose plain", dir: "auto" }, ...clickable(data.text)));
  }
  // Nobody has to describe it: that there is one is all that can be said then.
  const shown = data.picture && picture({ ...data, url: data.picture, alt: text(data.alt) || "Picture" }, server);
  if (shown) body.append(shown);
  const [source, href] = [text(data.source), addressOf(data.url, server)];
  if (href !== null) {
    const words = source ? `${source} · ${new URL(href).host}` : new URL(href).host;
    body.append(element("p", { class: "from" }, linkTo(href, {}, words)));
  } else if (source) {
    body.append(element("p", { class: "from", dir: "auto" }, source));
  }
  return body;
}
