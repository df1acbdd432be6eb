// The session in a browser and with a server that are drawn up here.
import assert from "node:assert/strict";
import { register } from "node:module";
import { test } from "node:test";

// The library lies beside the extension only where it was built.
const LIBRARY = new URL("../../sdk/js/src/nowcast.js", import.meta.url).href;
const resolve = `export const resolve = (name, context, next) =>
  name === "../nowcast.js" ? { url: ${JSON.stringify(LIBRARY)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);

let stored = {};
let rung = [];
globalThis.chrome = {
  storage: {
    local: {
      get: async (name) => structuredClone({ [name]: stored[name] }),
      set: async (values) => void Object.assign(stored, structuredClone(values)),
      remove: async (name) => void delete stored[name],
    },
  },
  notifications: { create: async (id) => void rung.push(id), clear: async () => {}, getAll: async () => ({}) },
  action: { setBadgeText() {}, setBadgeBackgroundColor() {}, setBadgeTextColor() {}, setTitle() {} },
  runtime: { getURL: (path) => path },
};

/** What the server says to whoever connects. */
let says = [];
const sockets = [];
globalThis.WebSocket = class {
  readyState = 1;
  constructor() {
    sockets.push(this);
    queueMicrotask(() => says.forEach((frame) => this.hear(frame)));
  }
  hear(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  send() {}
  close() {}
};

const listening = new Set();
globalThis.addEventListener = (event, then) => listening.add(then);
globalThis.removeEventListener = (event, then) => listening.delete(then);

const { Session } = await import("../src/session.js");

const PLACE = { server: "https://live.example", room: "main" };
const item = (offset) => ({ id: `i${offset}`, offset, at: offset, kind: "post", data: { text: `${offset}` } });
const welcome = { t: "welcome", you: "p", epoch: "e1", offset: 1, recovered: false, snapshot: { title: "", items: [item(1)] } };
const published = (offset) => ({ t: "event", offset, event: { kind: "item_published", item: item(offset) } });

/** Waits for what comes within moments. */
async function until(holds) {
  for (const end = Date.now() + 5_000; !holds(); ) {
    assert(Date.now() < end, `it does not come: ${holds}`);
    await new Promise((then) => setTimeout(then, 5));
  }
}

async function following(context, frames, kept) {
  stored = { settings: { place: PLACE, notify: "posts" }, kept };
  rung = [];
  says = frames;
  const session = new Session();
  await session.wake();
  context.after(() => session.settle({ place: null }));
  return session;
}

test("a room that ended is let go, however often it is tried again", async (context) => {
  const end = { t: "goodbye", reason: "blocked", reconnect: false };
  const session = await following(context, [welcome, end]);
  for (let times = 1; times <= 3; times++) {
    await until(() => sockets.length >= times && listening.size === 0);
    await session.wake();
  }
});

test("what is to be announced is stored with the item until it was", async (context) => {
  await following(context, [welcome]);
  await until(() => stored.kept?.position === "e1:1");
  sockets.at(-1).hear(published(2));
  await until(() => stored.kept.position === "e1:2");
  assert.deepEqual([stored.kept.untold, rung], [["i2"], []], "a worker that ends now has not told it");
  await until(() => rung.length > 0 && stored.kept.untold.length === 0);
  assert.deepEqual(rung, ["item i2"]);
});

test("a worker announces what the one before it did not come to", async (context) => {
  const kept = {
    place: PLACE, position: "e1:2", title: "", more: false, items: [item(2), item(1)],
    seen: { epoch: "e1", offset: 1, at: 1 }, untold: ["i2"],
  };
  await following(context, [{ ...welcome, offset: 2, recovered: true, snapshot: null }], kept);
  await until(() => rung.length > 0 && stored.kept.untold.length === 0);
  assert.deepEqual(rung, ["item i2"]);
});
