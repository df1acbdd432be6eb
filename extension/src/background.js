// The extension's service worker; in Firefox, its background page. Whatever wakes it has to be
// listened to before this file has run.

import { Session } from "./session.js";

/** How often the browser looks whether this still runs, in minutes: as often as it allows. */
const LOOK_EVERY = 0.5;

const session = new Session();

chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") {
    chrome.runtime.openOptionsPage();
  }
});
chrome.runtime.onStartup.addListener(() => session.wake());
chrome.alarms.onAlarm.addListener(() => session.wake());
chrome.storage.onChanged.addListener(({ settings }, area) => {
  if (area === "local" && settings) {
    session.settle(settings.newValue);
  }
});
chrome.runtime.onConnect.addListener((port) => session.attend(port));
chrome.notifications.onClicked.addListener((note) => session.follow(note));

// Browsers may forget alarms when they end.
chrome.alarms.get("look").then((alarm) => {
  if (!alarm) {
    chrome.alarms.create("look", { periodInMinutes: LOOK_EVERY });
  }
});
session.wake();
