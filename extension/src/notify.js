// What is worth a notification, and what it says. Pure.

import { openable } from "./address.js";

/**
 * @typedef {"posts" | "everything" | "nothing"} Choice What to notify of.
 */

/** @type {Choice[]} */
export const CHOICES = ["posts", "everything", "nothing"];

/** The longest text of a notification; systems show less than that. */
const LONGEST = 240;

/** How many items a summary quotes. */
const QUOTED = 4;

/** The one summary: a newer one takes its place. */
const SUMMARY = "summary";

/**
 * @typedef {object} Note
 * @property {string} id The same item has the same one, so that it is not shown twice.
 * @property {string} title
 * @property {string} message
 * @property {string} context Where it comes from.
 * @property {string} [picture] A whole address.
 */

/**
 * Of new items those that are to be told of.
 *
 * @param {import("./kept.js").Item[]} items
 * @param {Choice} choice
 */
export function wanted(items, choice) {
  const isWanted = ({ kind }) =>
    choice === "everything" || (choice === "posts" && kind === "post");
  return items.filter(isWanted);
}

/**
 * The notifications for items that came together: one for a single item, one for all of several.
 *
 * @param {import("./kept.js").Item[]} items Newest first.
 * @param {import("./kept.js").Kept} kept
 * @returns {Note[]}
 */
export function notes(items, kept) {
  if (items.length === 0) {
    return [];
  }
  const context = kept.title || `${kept.place.room}, ${new URL(kept.place.server).host}`;
  if (items.length > 1) {
    return [summary(items, context)];
  }
  const [item] = items;
  const { title, message, picture } = words(item);
  const note = { id: noteOf(item.id), title: title || context, message, context };
  const address = openable(picture, kept.place.server);
  return [address ? { ...note, picture: address } : note];
}

/**
 * The name of an item's notification.
 *
 * @param {string} item
 */
export function noteOf(item) {
  return `item ${item}`;
}

/**
 * Where a click on a notification leads: to where a post comes from, else to `null`, the page.
 *
 * @param {string} note
 * @param {import("./kept.js").Kept} kept
 * @returns {string | null}
 */
export function linkOf(note, kept) {
  const item = kept.items.find(({ id }) => noteOf(id) === note);
  return item ? openable(item.data?.url, kept.place.server) : null;
}

function summary(items, context) {
  const posts = items.every((item) => item.kind === "post");
  const lines = items.slice(0, QUOTED).map((item) => {
    const { title, message } = words(item);
    return short([title, message].filter(Boolean).join(": "), LONGEST / QUOTED);
  });
  const title = `${items.length} new ${posts ? "posts" : "items"}`;
  return { id: SUMMARY, title, message: lines.join("\n"), context };
}

/**
 * What an item says, by its kind; whatever else may be in it.
 *
 * @param {import("./kept.js").Item} item
 */
function words({ kind, data, by }) {
  const field = (name) => typeof data?.[name] === "string" ? data[name].trim() : "";
  const author = by?.name ?? "";
  switch (kind) {
    case "post": {
      const title = [field("user"), field("source")].filter(Boolean).join(" · ");
      const message = short(field("text")) || "A picture";
      return { title: short(title, 80), message, picture: field("picture") };
    }
    case "message":
      return { title: author, message: short(field("text")) };
    case "link": {
      const message = short(field("title") || field("url"));
      return { title: author, message };
    }
    case "image":
      return { title: author, message: short(field("alt")) || "A picture", picture: field("url") };
    default:
      return { title: author, message: short(anything(data)) || "Something new" };
  }
}

/** Whatever it is, in a line that people can look at. */
function anything(data) {
  if (data === null || typeof data !== "object") {
    return String(data ?? "");
  }
  const plain = (value) => typeof value === "object" ? JSON.stringify(value) : String(value);
  return Object.entries(data).map(([name, value]) => `${name}: ${plain(value)}`).join(", ");
}

/** Cuts between characters as people see them. */
function short(text, longest = LONGEST) {
  const line = text.replace(/\s+/g, " ");
  if (line.length <= longest) {
    return line;
  }
  const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(line);
  let cut = "";
  for (const { segment } of letters) {
    if (cut.length + segment.length >= longest) {
      break;
    }
    cut += segment;
  }
  return `${cut}…`;
}
