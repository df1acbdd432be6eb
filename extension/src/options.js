// The settings.

import { readPlace } from "./address.js";
import { probe } from "./probe.js";
import { keepSettings, settings } from "./storage.js";

/** Pictures may be anywhere. */
const EVERY_SITE = { origins: ["http://*/*", "https://*/*"] };

const form = document.querySelector("form");
const { server, room, invitation } = form.elements;
const [pictures, said, why] = ["pictures", "said", "why"].map((id) => document.getElementById(id));

/** How often something was said: an answer to what was asked before that says nothing any more. */
let spoken = 0;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
form.addEventListener("input", ({ target }) => {
  problem(target.name, "");
  say("");
  // An invitation is a secret between people and one room: no other room, and no other server,
  // is told it.
  if (target === server || target === room) {
    invitation.value = "";
  }
});
server.addEventListener("change", tidy);
document.getElementById("test").addEventListener("click", test);
why.addEventListener("click", askWhy);
pictures.addEventListener("change", allowPictures);
await show(await settings());

/** @param {import("./storage.js").Settings} stored */
async function show({ place, notify }) {
  server.value = place?.server ?? "";
  room.value = place?.room ?? "";
  invitation.value = place?.invitation ?? "";
  form.elements.notify.value = notify;
  pictures.checked = await chrome.permissions.contains(EVERY_SITE);
  if (!place) {
    server.focus();
  }
}

/** What was typed, if it is a place; else the fields say what is wrong. */
function typed() {
  const { place, field, problem: words } = readPlace(server.value, room.value);
  problem("server", field === "server" ? words : "");
  problem("room", field === "room" ? words : "");
  if (!place) {
    form.elements[field].focus();
    return null;
  }
  const invited = place.invitation ?? invitation.value.trim();
  return invited ? { ...place, invitation: invited } : place;
}

/** An address that says more than the server fills the other fields; it does not fill them else,
 * as somebody may be about to type there. */
function tidy() {
  const { place } = readPlace(server.value);
  if (place && (place.room !== "main" || place.invitation)) {
    fill(place);
  }
}

function fill(place) {
  server.value = place.server;
  room.value = place.room;
  invitation.value = place.invitation ?? invitation.value;
}

async function save() {
  const place = typed();
  if (!place) {
    return say("");
  }
  fill(place);
  await keepSettings({ place, notify: form.elements.notify.value });
  await look("Saved.");
}

async function test() {
  const place = typed();
  if (!place) {
    return say("");
  }
  fill(place);
  await look();
}

/**
 * Looks at the room, and says what was found.
 *
 * @param {string} [before] What is said before that.
 */
async function look(before = "") {
  const place = typed();
  const mine = say(`${before} Connecting…`);
  const { found, problem } = await probe(place);
  if (mine !== spoken) {
    return;
  }
  if (found) {
    const viewers = found.watching === 1 ? "1 viewer" : `${found.watching ?? 0} viewers`;
    const title = found.title ? ` to “${found.title}”` : "";
    say(`${before} Connected${title}: ${viewers}.`, "good");
    return;
  }
  say(`${before} ${problem.words}`, "bad");
  // More can be said where the extension may read the server's answers.
  why.hidden = problem.code !== "refused";
  why.textContent = `Let it ask ${new URL(place.server).host} why`;
}

async function askWhy() {
  const place = typed();
  if (!place) {
    return;
  }
  // Without the port: browsers differ on whether a pattern may have one.
  const { protocol, hostname } = new URL(place.server);
  if (await chrome.permissions.request({ origins: [`${protocol}//${hostname}/*`] })) {
    await look();
  }
}

async function allowPictures() {
  const change = pictures.checked ? chrome.permissions.request : chrome.permissions.remove;
  await change(EVERY_SITE).catch(() => false);
  pictures.checked = await chrome.permissions.contains(EVERY_SITE);
}

/**
 * @param {string} name
 * @param {string} words
 */
function problem(name, words) {
  const field = form.elements[name];
  const place = document.getElementById(`${name}-problem`);
  if (place) {
    place.textContent = words;
    field.setAttribute("aria-invalid", String(Boolean(words)));
  }
}

/**
 * @param {string} words
 * @param {"good" | "bad" | ""} [how]
 * @returns {number} How often something was said until now.
 */
function say(words, how = "") {
  why.hidden = true;
  said.textContent = words.trim();
  said.dataset.how = how;
  spoken += 1;
  return spoken;
}
