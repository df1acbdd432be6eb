// From what a server says to elements of a page that is not the server's. Text is placed as text,
// addresses lead where the server leads them, and of markup only what is listed here is kept,
// although the server has sanitised it: a page should not have to trust what it is told.

/** Elements that markup may have, and their attributes. Of others the text is kept. */
const ELEMENTS = new Map(
  Object.entries({
    a: ["href", "title"],
    img: ["src", "alt", "title", "width", "height"],
    ol: ["start"],
    td: ["colspan", "rowspan"],
    th: ["colspan", "rowspan", "scope"],
    ...Object.fromEntries(
      ("p br hr strong b em i s del ins sub sup code pre kbd q blockquote ul li dl dt dd "
        + "table thead tbody tr h1 h2 h3 h4 h5 h6").split(" ").map((name) => [name, []]),
    ),
  }),
);

/** Elements of which nothing is kept. */
const DROPPED = new Set(["script", "style", "template", "iframe", "object", "noscript", "title", "svg", "math"]);

/** @type {{createHTML(html: string): string} | undefined} */
let policy;

/**
 * An element with attributes and children; text is placed as text.
 *
 * @param {string} name
 * @param {Record<string, string | number | null | undefined>} [attributes]
 * @param {(Node | string | null | undefined)[]} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * A link out of the page.
 *
 * @param {string} href
 * @param {Record<string, string>} attributes
 * @param {(Node | string | null)[]} children
 */
export function linkTo(href, attributes, ...children) {
  const outside = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return element("a", { ...outside, ...attributes }, ...children);
}

/**
 * Where an address leads that a server told: `http:`, `https:` or an upload of the server; null
 * for anything else.
 *
 * @param {unknown} address
 * @param {string} server
 */
export function addressOf(address, server) {
  if (typeof address !== "string") return null;
  try {
    if (/^\/uploads\/[\w-]+(\.[\w-]+)*$/.test(address)) return new URL(address.slice(1), server).href;
    return /^https?:\/\//i.test(address) ? new URL(address).href : null;
  } catch {
    return null;
  }
}

/**
 * Markup as elements.
 *
 * @param {string} html
 * @param {string} server
 */
export function markup(html, server) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  // Where the page asks for it; what is made here is never placed as it is.
  policy ??= trustedTypes?.createPolicy("nowcast", { createHTML: (/** @type {string} */ it) => it });
  const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
  const fragment = document.createDocumentFragment();
  copy(parsed.body, fragment, server);
  return fragment;
}

/**
 * @param {Node} from
 * @param {Node} to
 * @param {string} server
 */
function copy(from, to, server) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(node.nodeValue ?? ""));
    if (!(node instanceof Element) || DROPPED.has(node.localName)) continue;
    const attributes = ELEMENTS.get(node.localName);
    const made = attributes && copyElement(node, attributes, server);
    if (made) to.appendChild(made);
    if (!made || made.localName !== "img") copy(node, made ?? to, server);
  }
}

/**
 * @param {Element} from
 * @param {string[]} attributes
 * @param {string} server
 */
function copyElement(from, attributes, server) {
  // Headings of items stand below those of the page.
  const heading = /^h([1-6])$/.exec(from.localName);
  const made = element(heading ? `h${Math.min(6, Number(heading[1]) + 3)}` : from.localName);
  for (const name of attributes) {
    // Where they lead is looked at first: a picture is fetched as soon as it has an address.
    if (name === "href" || name === "src") continue;
    const value = from.getAttribute(name);
    if (value !== null) made.setAttribute(name, value);
  }
  if (made instanceof HTMLAnchorElement) {
    const href = addressOf(from.getAttribute("href"), server) ?? mail(from.getAttribute("href"));
    if (href === null) return null;
    return linkTo(href, from.hasAttribute("title") ? { title: from.getAttribute("title") ?? "" } : {});
  }
  if (made instanceof HTMLImageElement) {
    const src = addressOf(from.getAttribute("src"), server);
    if (src === null) return null;
    made.loading = "lazy";
    made.src = src;
  }
  return made;
}

/** @param {string | null} address */
function mail(address) {
  return address?.startsWith("mailto:") ? address : null;
}
