// A room against servers that do what no good one does.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { connect } from "../src/nowcast.js";

/** A server whose answers are drawn up here: `answer(path, query, body, response)`. */
async function serve(context, answer) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    let body = "";
    for await (const piece of request) body += piece;
    answer(url.pathname.split("/").pop(), url.searchParams, body, response, request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Begins a stream of frames; it stays open. */
function stream(response, ...frames) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const frame of frames) {
    response.write(`data: ${typeof frame === "string" ? frame : JSON.stringify(frame)}\n\n`);
  }
}

const welcome = (offset, snapshot = null) => ({
  t: "welcome",
  you: "pAna",
  epoch: "e1",
  offset,
  recovered: snapshot === null,
  snapshot,
});
const [EXPIRED, FRESH] = ["eyJh.eyJ.old", "eyJh.eyJ.new"];
const event = (offset) => ({ t: "event", offset, event: { kind: "said", text: `${offset}` } });

function open(context, server, options = {}) {
  const room = connect(server, { transport: "sse", ...options });
  context.after(() => room.close());
  return room;
}

/** What `room` tells next of `name`, if it fits. */
const next = (room, name, fits = () => true) =>
  new Promise((resolve) => {
    const stop = room.on(name, (told) => fits(told) && (stop(), resolve(told)));
  });

test("after a gap it asks again from where it is, and what comes twice is told once", async (context) => {
  const asked = [];
  const server = await serve(context, (path, query, body, response) => {
    if (path !== "sse") return response.writeHead(404).end();
    asked.push(query.get("since"));
    if (asked.length === 1) stream(response, welcome(2, { items: [] }), event(3), event(5), event(6));
    else stream(response, welcome(3), event(3), event(4), event(4), event(5), event(6));
  });
  const room = open(context, server);
  const told = [];
  room.on("event", ({ offset }) => told.push(offset));
  await next(room, "event", ({ offset }) => offset === 6);
  assert.deepEqual(told, [3, 4, 5, 6]);
  assert.deepEqual(asked, [null, "e1:3"]);
  assert.equal(room.position, "e1:6");
});

test("what cannot be read or is not known is passed over", async (context) => {
  const odd = ["not JSON", "null", "7", "[]", '"text"', "{}", '{"t":"dance"}', '{"t":"signal"}', '{"t":"ack"}'];
  const server = await serve(context, (path, query, body, response) =>
    stream(response, ...odd, welcome(0, {}), ...odd, { t: "push", id: "n1", data: 1 }, { t: "push", id: "n1", data: 1 }, event(1)));
  const room = open(context, server);
  const pushes = [];
  room.on("push", (data) => pushes.push(data));
  await next(room, "event");
  assert.deepEqual(pushes, [1], "a push is told once");
  assert.equal(room.you, "pAna");
});

test("a command goes out again with its id until it is answered", async (context) => {
  const ids = [];
  const server = await serve(context, (path, query, body, response, request) => {
    if (path === "sse") return stream(response, welcome(0, {}));
    const { id } = JSON.parse(body);
    ids.push([id, request.headers.authorization]);
    if (ids.length === 1) return request.socket.destroy();
    if (ids.length === 2) return response.writeHead(502).end("<h1>Bad gateway</h1>");
    response.end(JSON.stringify({ t: "ack", command: id, offset: 1 }));
  });
  const room = open(context, server, { token: "nc_program" });
  assert.deepEqual(await room.publish("message", { text: "Hello" }), { offset: 1, held: undefined });
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids.map(([id]) => id)).size, 1);
  assert(ids.every(([, authorization]) => authorization === "Bearer nc_program"));
});

test("the patience that a busy server asks for is had", async (context) => {
  const asked = [];
  const server = await serve(context, (path, query, body, response) => {
    asked.push(Date.now());
    if (asked.length > 1) return stream(response, welcome(0, {}));
    response.writeHead(503, { "retry-after": "1", "content-type": "application/problem+json" });
    response.end(JSON.stringify({ code: "unavailable", detail: "The server is stopping." }));
  });
  const room = open(context, server);
  const waiting = await next(room, "state", ({ state }) => state === "waiting");
  assert(waiting.retryIn > 900, `${waiting.retryIn}`);
  await next(room, "state", ({ state }) => state === "open");
  assert(asked[1] - asked[0] >= 1000);
});

test("the log-in page of a hotel is no server", async (context) => {
  let hotel = true;
  const server = await serve(context, (path, query, body, response) => {
    if (hotel) return response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>");
    stream(response, welcome(0, {}));
  });
  const room = open(context, server, { transport: "auto" });
  await next(room, "state", ({ state }) => state === "waiting");
  hotel = false;
  await next(room, "state", ({ state }) => state === "open");
});

test("who is sent away stays away, and says why", async (context) => {
  const server = await serve(context, (path, query, body, response) =>
    stream(response, welcome(0, {}), { t: "goodbye", reason: "blocked", reconnect: false }));
  const room = open(context, server);
  const state = await next(room, "state", ({ state }) => state === "closed");
  assert.deepEqual(state, { state: "closed", transport: null, reason: "blocked" });
  await assert.rejects(room.say("Hello"), { code: "closed", name: "NowcastError" });
});

test("who was turned away with an expired token comes back with a fresh one", async (context) => {
  const [knocked, registered] = [[], []];
  const server = await serve(context, (path, query, body, response) => {
    if (path === "commands") {
      const { id, command } = JSON.parse(body);
      registered.push([command.kind, command.token, query.get("token")]);
      return response.end(JSON.stringify({ t: "ack", command: id }));
    }
    knocked.push(query.get("token"));
    if (query.get("token") === FRESH) return stream(response, welcome(0, {}));
    if (knocked.length === 1) return stream(response, welcome(0, {}), { t: "goodbye", reason: "reauthorize", reconnect: true });
    const expired = { code: "token_expired", detail: "The token has expired." };
    response.writeHead(401, { "content-type": "application/problem+json" }).end(JSON.stringify(expired));
  });
  const room = open(context, server, { token: EXPIRED });
  const { code } = await next(room, "error");
  assert.equal(code, "token_expired");
  await assert.rejects(room.register({ token: EXPIRED }), { code: "token_expired" });
  await room.register({ token: FRESH });
  assert.equal(room.state.state, "open");
  assert.deepEqual(registered, [["register", FRESH, FRESH]]);
  assert.deepEqual(knocked, [EXPIRED, EXPIRED, EXPIRED, FRESH]);
});

test("a fresh token that comes while the old one is being refused is not refused with it", async (context) => {
  const held = [];
  const server = await serve(context, (path, query, body, response) => {
    if (path === "commands") return response.end(JSON.stringify({ t: "ack", command: JSON.parse(body).id }));
    if (query.get("token") === FRESH) return stream(response, welcome(0, {}));
    held.push(response);
  });
  const room = open(context, server, { token: EXPIRED });
  const registered = room.register({ token: FRESH });
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  held[0].writeHead(401, { "content-type": "application/problem+json" });
  held[0].end(JSON.stringify({ code: "token_expired", detail: "The token has expired." }));
  await registered;
  assert.equal(room.state.state, "open");
});

test("a room that has ended leaves nothing behind that listens", async (context) => {
  const listening = new Set();
  for (const [name, listens] of [["addEventListener", true], ["removeEventListener", false]]) {
    const change = (event, then) => (listens ? listening.add(then) : listening.delete(then));
    Object.defineProperty(globalThis, name, { value: change, configurable: true });
    context.after(() => delete globalThis[name]);
  }
  const server = await serve(context, (path, query, body, response) =>
    stream(response, welcome(0, {}), { t: "goodbye", reason: "room_closed", reconnect: false }));
  const room = open(context, server);
  assert.equal(listening.size, 1);
  await next(room, "state", ({ state }) => state === "closed");
  assert.equal(listening.size, 0);
});

test("what waits is rejected when the room is closed", async (context) => {
  const server = await serve(context, () => {});
  const room = open(context, server);
  const said = room.say("Hello");
  room.close();
  await assert.rejects(said, { code: "closed" });
  assert.equal(room.state.state, "closed");
});
