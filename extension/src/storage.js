// What the extension keeps in the browser's storage for it.

import { CHOICES } from "./notify.js";

/**
 * @typedef {object} Settings
 * @property {import("./address.js").Place | null} place The room to follow; `null` before one is set.
 * @property {import("./notify.js").Choice} notify
 */

const { local } = chrome.storage;

/**
 * @param {any} stored
 * @returns {Settings}
 */
export function readSettings(stored) {
  const { place, notify } = stored ?? {};
  return {
    place: place?.server && place.room ? place : null,
    notify: CHOICES.includes(notify) ? notify : "posts",
  };
}

/** @returns {Promise<Settings>} */
export async function settings() {
  return readSettings((await local.get("settings")).settings);
}

/** @param {Settings} settings */
export function keepSettings(settings) {
  return local.set({ settings });
}

/** @returns {Promise<import("./kept.js").Kept | undefined>} */
export async function kept() {
  return (await local.get("kept")).kept;
}

/** @param {import("./kept.js").Kept | null} kept */
export function keep(kept) {
  return kept ? local.set({ kept }) : local.remove("kept");
}

/** When the connection was last known to stand, in Unix milliseconds. */
export async function liveAt() {
  return (await local.get("live")).live ?? null;
}

/** @param {number} live */
export function keepLiveAt(live) {
  return local.set({ live });
}

/**
 * What this browser is known as to the server: a secret between the two.
 *
 * @returns {Promise<string>}
 */
export async function client() {
  const { client } = await local.get("client");
  if (client) {
    return client;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const drawn = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  await local.set({ client: drawn });
  return drawn;
}
