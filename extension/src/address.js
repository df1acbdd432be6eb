// Addresses: what a person types, and what follows from it. Pure.

/** The longest name that a room can have. */
const LONGEST_ROOM = 64;

/**
 * @typedef {object} Place A room of a server.
 * @property {string} server Its origin, for example `https://live.example`.
 * @property {string} room
 * @property {string} [invitation] What lets one into a private room.
 */

/**
 * Reads what somebody typed or pasted: a server's name, its address, or that of one of its rooms,
 * also with an invitation.
 *
 * @param {string} text
 * @param {string} [room] What was typed as the room; one in the address goes before.
 * @returns {{place: Place} | {field: "server" | "room", problem: string}}
 */
export function readPlace(text, room = "") {
  const typed = text.trim();
  if (!typed) {
    return { field: "server", problem: "Give the address of a Nowcast server." };
  }
  const url = parse(typed);
  if (!url) {
    return { field: "server", problem: "That is no address of a server." };
  }
  const inPath = /^\/r\/([^/]+?)(\/admin)?\/?$/.exec(url.pathname)?.[1];
  const name = (inPath ?? room.trim()) || "main";
  if (name.length > LONGEST_ROOM || !/^[a-z0-9-]+$/.test(name)) {
    return {
      field: "room",
      problem: "A room's name has lower-case letters, digits and hyphens, 64 at most.",
    };
  }
  const invitation = url.searchParams.get("invitation");
  const place = { server: url.origin, room: name };
  return { place: invitation ? { ...place, invitation } : place };
}

/**
 * @param {string} typed
 * @returns {URL | null}
 */
function parse(typed) {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `${scheme(typed)}://${typed}`;
  if (!URL.canParse(whole)) {
    return null;
  }
  const url = new URL(whole);
  const web = url.protocol === "https:" || url.protocol === "http:";
  return web && url.hostname && !url.username && !url.password ? url : null;
}

/** This very machine and bare numbers rarely have a certificate; everything else should. */
function scheme(typed) {
  const host = typed.replace(/[/?#].*$/s, "").replace(/:\d*$/, "");
  const own = /^(localhost|.*\.localhost|\d+\.\d+\.\d+\.\d+|\[.*\])$/i.test(host);
  return own ? "http" : "https";
}

/**
 * The room's page.
 *
 * @param {Place} place
 * @returns {string}
 */
export function pageOf({ server, room, invitation }) {
  const page = room === "main" ? `${server}/` : `${server}/r/${room}`;
  return invitation ? `${page}?invitation=${encodeURIComponent(invitation)}` : page;
}

/**
 * Where the room's frames come from, for a look that is not counted as a viewer.
 *
 * @param {Place} place
 * @returns {string}
 */
export function socketOf({ server, room, invitation }) {
  const url = new URL(`/api/rooms/${room}/ws`, server.replace(/^http/, "ws"));
  url.searchParams.set("page", "extension");
  if (invitation) {
    url.searchParams.set("invitation", invitation);
  }
  return url.href;
}

/**
 * An address that an item gives, whole, if it is one that may be opened or loaded.
 *
 * @param {unknown} url As the item has it: http, https, or an upload's own path.
 * @param {string} server
 * @returns {string | null}
 */
export function openable(url, server) {
  if (typeof url !== "string") {
    return null;
  }
  const upload = /^\/uploads\/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(url);
  if (!upload && !/^https?:\/\//i.test(url)) {
    return null;
  }
  return URL.canParse(url, server) ? new URL(url, server).href : null;
}

/**
 * Whether two places are the same.
 *
 * @param {Place | null | undefined} one
 * @param {Place | null | undefined} other
 */
export function samePlace(one, other) {
  return one?.server === other?.server && one?.room === other?.room &&
    one?.invitation === other?.invitation;
}
