// What is kept of a room, so that it is there at once and offline, and how news change it. Pure:
// every function gives a new value.
//
// The shape is that in which the pages keep a room over a reload, so that the popup reads it as
// they do: `position`, `title`, `more`, `items`, newest first.

import { samePlace } from "./address.js";

/** How many items are kept. */
export const MOST = 100;

/** How long they may be together, as JSON: three bytes a character stay below the browser's 10 MB. */
const ROOM_FOR = 3_000_000;

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {number} offset
 * @property {number} at
 * @property {string} kind
 * @property {any} data
 * @property {{name?: string}} [by]
 */

/**
 * @typedef {object} Seen How far the person has looked.
 * @property {string} epoch
 * @property {number} offset
 * @property {number} at When the newest of it was published.
 */

/**
 * @typedef {object} Kept
 * @property {import("./address.js").Place} place Of which room.
 * @property {string | null} position `{epoch}:{offset}` of the last event in it.
 * @property {string} title
 * @property {boolean} more Whether the room has older items.
 * @property {Item[]} items Newest first.
 * @property {Seen | null} seen
 * @property {string[]} untold The ids of those that are still to be announced: the browser may end
 *   the worker before it has.
 */

/**
 * Nothing yet of a room.
 *
 * @param {import("./address.js").Place} place
 * @returns {Kept}
 */
export function nothing(place) {
  return { place, position: null, title: "", more: false, items: [], seen: null, untold: [] };
}

/**
 * What was kept of a room, if it is that; storage may hold anything.
 *
 * @param {any} stored
 * @param {import("./address.js").Place} place
 * @returns {Kept}
 */
export function restored(stored, place) {
  const whole = samePlace(stored?.place, place) && Array.isArray(stored.items) &&
    /^[^:]+:\d+$/.test(stored.position);
  const untold = Array.isArray(stored?.untold) ? stored.untold : [];
  return whole ? { ...stored, untold } : nothing(place);
}

/**
 * Takes in how a room is as a whole.
 *
 * @param {Kept} kept
 * @param {string} position As of when.
 * @param {{title?: string, items: Item[], more?: boolean}} snapshot Its items oldest first.
 * @returns {{kept: Kept, fresh: Item[]}} `fresh`: what came since, newest first.
 */
export function takeSnapshot(kept, position, snapshot) {
  const { epoch, offset } = parse(position);
  const items = [...snapshot.items].reverse();
  const newest = items[0];
  const seen = kept.seen
    ? carried(kept.seen, epoch, items)
    // Who looks at a room for the first time has missed nothing in it.
    : { epoch, offset, at: newest?.at ?? 0 };
  const known = kept.position && parse(kept.position);
  const again = known && known.epoch === epoch;
  const isFresh = (item) => again
    ? item.offset > known.offset
    : Boolean(kept.seen) && item.offset > seen.offset;
  const now = {
    ...kept,
    position,
    title: snapshot.title ?? "",
    more: snapshot.more === true,
    items,
    seen,
  };
  return { kept: bounded(now), fresh: items.filter(isFresh) };
}

/**
 * Takes in an event, if it is the next one.
 *
 * @param {Kept} kept
 * @param {{offset: number, event: any}} logged
 * @returns {{kept: Kept, fresh: Item[], deleted?: string} | null} `null` where it is none that
 *   continues what is kept.
 */
export function takeEvent(kept, logged) {
  const known = kept.position && parse(kept.position);
  if (!known || logged.offset !== known.offset + 1) {
    return null;
  }
  const { event } = logged;
  let now = { ...kept, position: `${known.epoch}:${logged.offset}` };
  switch (event.kind) {
    case "item_published":
      now.items = [event.item, ...kept.items];
      return { kept: bounded(now), fresh: [event.item] };
    case "item_edited": {
      const edited = (item) => item.id === event.item.id ? event.item : item;
      now.items = kept.items.map(edited);
      return { kept: bounded(now), fresh: [] };
    }
    case "item_deleted":
      now.items = kept.items.filter((item) => item.id !== event.item);
      now.untold = kept.untold.filter((id) => id !== event.item);
      return { kept: now, fresh: [], deleted: event.item };
    case "room_titled":
      now.title = event.title;
      return { kept: now, fresh: [] };
    default:
      return { kept: now, fresh: [] };
  }
}

/**
 * How many items came since the person looked.
 *
 * @param {Kept} kept
 */
export function unread({ items, seen }) {
  return seen ? items.filter((item) => item.offset > seen.offset).length : 0;
}

/**
 * These are to be announced.
 *
 * @param {Kept} kept
 * @param {Item[]} items
 * @returns {Kept}
 */
export function toTell(kept, items) {
  const untold = [...kept.untold, ...items.map(({ id }) => id)];
  // What is not kept any longer is not told either.
  return { ...kept, untold: untold.slice(-MOST) };
}

/**
 * These were announced.
 *
 * @param {Kept} kept
 * @param {string[]} told Their ids.
 * @returns {Kept}
 */
export function wasTold(kept, told) {
  return { ...kept, untold: kept.untold.filter((id) => !told.includes(id)) };
}

/**
 * The person looks now, and needs no announcement of what is there.
 *
 * @param {Kept} kept
 * @returns {Kept}
 */
export function looked(kept) {
  const position = kept.position && parse(kept.position);
  if (!position) {
    return kept;
  }
  const at = kept.items[0]?.at ?? kept.seen?.at ?? 0;
  const seen = { epoch: position.epoch, offset: position.offset, at };
  return { ...kept, seen, untold: [] };
}

/**
 * The same as a frame of the server's, for the popup, which takes in frames.
 *
 * @param {Kept} kept
 * @returns {string | null}
 */
export function asWelcome(kept) {
  const position = kept.position && parse(kept.position);
  if (!position) {
    return null;
  }
  const snapshot = { title: kept.title, items: [...kept.items].reverse(), more: kept.more };
  return JSON.stringify({
    t: "welcome",
    protocol: 1,
    room: kept.place.room,
    you: "",
    epoch: position.epoch,
    offset: position.offset,
    recovered: false,
    snapshot,
  });
}

/**
 * A room that began anew counts from the beginning; what was seen of it is told by the time.
 *
 * @param {Seen} seen
 * @param {string} epoch
 * @param {Item[]} items Newest first.
 * @returns {Seen}
 */
function carried(seen, epoch, items) {
  if (seen.epoch === epoch) {
    return seen;
  }
  const old = items.find((item) => item.at <= seen.at);
  return { epoch, offset: old?.offset ?? 0, at: seen.at };
}

/**
 * @param {string} position
 */
function parse(position) {
  const [epoch, offset] = position.split(":");
  return { epoch, offset: Number(offset) };
}

/**
 * The oldest items go where there are too many, or where they are too long.
 *
 * @param {Kept} kept
 * @returns {Kept}
 */
function bounded(kept) {
  let long = 0;
  const fits = (item, place) => {
    long += JSON.stringify(item).length;
    return place < MOST && long <= ROOM_FOR;
  };
  const cut = kept.items.findIndex((item, place) => !fits(item, place));
  return cut < 0 ? kept : { ...kept, items: kept.items.slice(0, cut), more: true };
}
