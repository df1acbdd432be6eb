import assert from "node:assert/strict";
import { test } from "node:test";
import { NowcastError } from "../src/errors.js";
import { addressOf } from "../src/feed_html.js";
import { authorOf, relative, tell } from "../src/feed_words.js";

test("how long ago something was is said shortly", () => {
  const now = Date.UTC(2026, 5, 15, 12);
  const ago = (seconds) => relative(now - seconds * 1000, now);
  assert.deepEqual(
    [-100, 0, 59, 60, 3599, 3600, 86_399, 86_400, 6 * 86_400].map(ago),
    ["now", "now", "now", "1 min", "59 min", "1 h", "23 h", "1 day", "6 days"],
  );
  assert.match(ago(8 * 86_400), /7/, "a date");
});

test("whoever gave no name is called by what they may", () => {
  assert.equal(authorOf({ role: "admin", id: "p", name: "Ana" }), "Ana");
  assert.equal(authorOf({ role: "admin", id: "p" }), "Host");
  assert.equal(authorOf({ role: "viewer", id: "p" }), "Someone");
});

test("every state of a feed has its word, and where nothing is shown its sentence", () => {
  const plain = { connected: false, refusal: null, ended: null, known: false, failing: false };
  const said = (source, online = true) => {
    const { word, heading } = tell({ ...plain, ...source }, online);
    return [word, heading];
  };
  assert.deepEqual(said({}), ["Connecting…", undefined]);
  assert.deepEqual(said({ connected: true, known: true }), ["Live", "Nothing here yet"]);
  assert.deepEqual(said({ known: true }), ["Reconnecting…", undefined]);
  assert.deepEqual(said({ failing: true }), ["Connecting…", "This live feed cannot be reached right now"]);
  assert.deepEqual(said({ known: true }, false), ["Offline", "You are offline"]);
  assert.deepEqual(said({ ended: "room_closed", known: true }), ["Ended", "This live feed has ended"]);
  const refusal = (code) => ({ refusal: new NowcastError(code, "A sentence.") });
  assert.deepEqual(said(refusal("not_invited")), ["Not available", "This live feed is private"]);
  assert.deepEqual(said(refusal("toString")), ["Not available", "This live feed does not open"]);
  assert.equal(tell({ ...plain, ...refusal("foreign_origin") }, true).sentence, "A sentence.");
});

test("addresses lead to pages, pictures and uploads, and nowhere else", () => {
  const server = "https://live.example/behind/";
  assert.equal(addressOf("https://a.example/x?y#z", server), "https://a.example/x?y#z");
  assert.equal(addressOf("/uploads/a-B_9.png", server), "https://live.example/behind/uploads/a-B_9.png");
  const bad = [
    "", "javascript:alert(1)", " https://a", "data:text/html,x", "//a.example/", "/api/logout", "/uploads/",
    "/uploads/..", "/uploads/../api/logout", "/uploads/%2e%2e/api", "/uploads/..\\api", "/uploads/a.png?x",
    "https://", null, undefined, 7, {},
  ];
  for (const address of bad) assert.equal(addressOf(address, server), null, String(address));
});
