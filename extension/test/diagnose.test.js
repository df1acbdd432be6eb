import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "../src/diagnose.js";

const PLACE = { server: "https://live.example", room: "final" };
const answer = (status, body) => new Response(JSON.stringify(body), { status });

/** Asks a server that answers some addresses; the others cannot be read or are not there. */
const ask = (answers, place = PLACE) =>
  diagnose(place, async (url, { mode }) => {
    const { pathname } = new URL(url);
    const found = answers[mode === "no-cors" ? "any" : pathname];
    if (!found) {
      throw new TypeError("Failed to fetch");
    }
    return found;
  });

const ITEMS = "/api/rooms/final/items";

test("where the answer can be read, the server's own words are said", async () => {
  const detail = "This room is private.";
  const private_ = { [ITEMS]: answer(403, { code: "not_invited", detail }) };
  assert.deepEqual(await ask(private_), { code: "not_invited", words: detail });
  assert.equal((await ask({ [ITEMS]: answer(200, { items: [] }) })).code, "socket");
  assert.equal((await ask({ [ITEMS]: new Response("<html>", { status: 404 }) })).code, "other");
  assert.equal((await ask({ [ITEMS]: answer(200, { other: 1 }) })).code, "other");
});

test("where it cannot, it is still told who is there", async () => {
  const turned = await ask({ "/nowcast.js": new Response(""), any: new Response("") });
  assert.equal(turned.code, "refused");
  // A room that is private, one that is not there and a proxy look the same from here.
  assert.match(turned.words, /live\.example.*“final”.*may be private.*WebSockets/);
  assert.equal((await ask({ any: new Response("") })).code, "other");
  assert.deepEqual(await ask({}), { code: "away", words: "Nothing answers at live.example." });
});

test("an invitation is shown to its own server alone", async () => {
  const asked = [];
  const invited = { ...PLACE, invitation: "a b" };
  await diagnose(invited, async (url) => {
    asked.push(url);
    throw new TypeError();
  });
  assert.equal(asked[0], `https://live.example${ITEMS}?limit=1&invitation=a%20b`);
  assert.ok(asked.slice(1).every((url) => !url.includes("invitation")));
});
