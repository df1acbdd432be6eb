import { addressOf, element, linkTo } from "./feed_html.js";

// Any JSON for people: a table, with smaller ones in it. The same limits and words as on Nowcast's
// own pages (client/src/page/table.rs): deep and as many rows as can be read, and how much is left
// out is said.

/** How many tables stand in each other. */
const DEEPEST = 3;
/** How many rows a table has, and all tables of an item together. */
const ROWS = 20;
const ALL_ROWS = 120;
/** How many columns a list of similar things may have to be one table. */
const COLUMNS = 5;
/** How many characters of a text are shown, and of JSON that stands too deep. */
const TEXT = 2000;
const CODE = 200;

/**
 * A custom item's data.
 *
 * @param {unknown} value
 */
export function tableOf(value) {
  const made = shown(value, 0, { rows: ALL_ROWS });
  return isObject(value)
    ? element("div", { class: "table", part: "table" }, made)
    : element("p", { class: "prose plain", dir: "auto" }, made);
}

/**
 * Plain text in which addresses can be clicked on.
 *
 * @param {string} plain
 */
export function clickable(plain) {
  // What stands in brackets is every second part.
  return plain.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'’”])/i).map((part, index) => {
    const href = index % 2 === 1 ? addressOf(part, "") : null;
    return href === null ? part : linkTo(href, {}, part);
  });
}

/**
 * @param {unknown} value
 * @param {number} depth
 * @param {{rows: number}} left
 * @returns {HTMLElement}
 */
function shown(value, depth, left) {
  if (typeof value === "string") return words(value);
  if (!isObject(value)) {
    const told = value === null ? "–" : value === true ? "yes" : value === false ? "no" : String(value);
    return element("bdi", {}, told);
  }
  const list = Array.isArray(value);
  const fields = Object.entries(value);
  if (fields.length === 0) return quiet(list ? "Empty list" : "Empty");
  if (depth === DEEPEST || left.rows === 0) {
    const json = JSON.stringify(value);
    return element("code", {}, cut(json, CODE) ?? json);
  }
  if (Array.isArray(value)) {
    if (!value.some(isObject)) return values(value, left);
    const names = columns(value);
    if (names) return wide(value, names, depth, left);
  }
  return table(null, fields, 2, left, ([name, of], index) => {
    const head = list ? String(index + 1) : name;
    return [element("th", { scope: "row", dir: "auto" }, head), cell(of, depth, left)];
  });
}

/**
 * A row for each element of a list of similar things.
 *
 * @param {any[]} all
 * @param {string[]} names
 * @param {number} depth
 * @param {{rows: number}} left
 */
function wide(all, names, depth, left) {
  const heads = names.map((name) => element("th", { scope: "col", dir: "auto" }, name));
  const head = element("thead", {}, element("tr", {}, ...heads));
  return table(head, all, names.length, left, (row) => names.map((name) =>
    Object.hasOwn(row, name) ? cell(row[name], depth, left) : element("td")));
}

/**
 * As many rows as there is room for, and how many there are beside them.
 *
 * @template T
 * @param {HTMLElement | null} head
 * @param {T[]} all
 * @param {number} width
 * @param {{rows: number}} left
 * @param {(one: T, index: number) => HTMLElement[]} draw
 */
function table(head, all, width, left, draw) {
  const most = Math.min(all.length, ROWS, left.rows);
  left.rows -= most;
  const rows = all.slice(0, most).map((one, index) => element("tr", {}, ...draw(one, index)));
  if (most < all.length) {
    const rest = element("td", { class: "faded", colspan: width }, more(all.length - most));
    rows.push(element("tr", {}, rest));
  }
  return element("table", {}, head, element("tbody", {}, ...rows));
}

/**
 * @param {unknown} value
 * @param {number} depth
 * @param {{rows: number}} left
 */
function cell(value, depth, left) {
  return element("td", { dir: "auto" }, shown(value, depth + 1, left));
}

/**
 * Plain values of a list, side by side.
 *
 * @param {unknown[]} all
 * @param {{rows: number}} left
 */
function values(all, left) {
  const items = all.slice(0, ROWS).map((value) => element("li", {}, shown(value, DEEPEST, left)));
  if (ROWS < all.length) items.push(element("li", { class: "faded" }, more(all.length - ROWS)));
  return element("ul", { class: "values" }, ...items);
}

/**
 * The names of all fields, if these are a few objects that look alike.
 *
 * @param {any[]} all
 */
function columns(all) {
  const first = all.slice(0, ROWS);
  if (all.length < 2 || !first.every((one) => isObject(one) && !Array.isArray(one))) return null;
  const names = [...new Set(first.flatMap((one) => Object.keys(one)))];
  return names.length > 0 && names.length <= COLUMNS ? names : null;
}

/**
 * A text, with its links, as far as it goes.
 *
 * @param {string} text
 */
function words(text) {
  if (text === "") return quiet("Empty text");
  const begin = cut(text, TEXT);
  const rest = begin === null ? null : quiet(" The rest is left out here.");
  return element("bdi", { class: "plain" }, ...clickable(begin ?? text), rest);
}

/**
 * The beginning of a text that is longer than so many characters.
 *
 * @param {string} text
 * @param {number} most
 */
function cut(text, most) {
  // A character is one or two of what `slice` counts.
  const begin = [...text.slice(0, 2 * most + 2)];
  return begin.length > most ? `${begin.slice(0, most).join("")}…` : null;
}

/** @param {number} count */
function more(count) {
  return `and ${count} more`;
}

/** @param {string} text */
function quiet(text) {
  return element("span", { class: "faded" }, text);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null;
}
