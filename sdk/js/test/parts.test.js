import assert from "node:assert/strict";
import { test } from "node:test";
import { Address } from "../src/address.js";
import { Emitter } from "../src/emitter.js";
import { NowcastError, problem } from "../src/errors.js";
import { Lines } from "../src/event_stream.js";
import { connect } from "../src/nowcast.js";
import { whyNot } from "../src/request.js";

const JWT = "eyJh.bb.cc";

test("addresses are those of the room, wherever the server stands", () => {
  const address = new Address("https://live.example/behind?x#y", { room: "a", client: "c", name: "Ana & Bo" });
  assert.equal(address.server, "https://live.example/behind/");
  assert.equal(
    address.of("sse", { since: "e1:5", pushed: null }),
    "https://live.example/behind/api/rooms/a/sse?client=c&name=Ana+%26+Bo&since=e1%3A5",
  );
  assert.equal(new Address("ws://127.0.0.1:8080", {}).of("ws"), "http://127.0.0.1:8080/api/rooms/main/ws");
});

test("a user's token goes into addresses, a program's into headers and nowhere else", () => {
  const user = new Address("http://a", { token: JWT });
  assert.match(user.of("ws"), /token=eyJh\.bb\.cc/);
  assert.deepEqual([user.headers, user.isProgram], [{}, false]);
  for (const token of ["nc_secret", "live.example.secret-2026", "aa.bb.cc", "eyJ.secret"]) {
    const program = new Address("http://a", { token });
    assert.doesNotMatch(program.of("sse"), /token|secret/);
    assert.deepEqual([program.headers, program.isProgram], [{ authorization: `Bearer ${token}` }, true]);
  }
});

test("what cannot work is refused at once, with a code", () => {
  const refused = (server, options) => {
    try {
      connect(server, options).close();
    } catch (error) {
      assert(error instanceof NowcastError && error instanceof Error);
      return error.code;
    }
    return null;
  };
  assert.equal(refused("nowhere", {}), "bad_option");
  assert.equal(refused("ftp://a", {}), "bad_option");
  assert.equal(refused("http://a", { transport: "pigeon" }), "bad_option");
  assert.equal(refused("http://a", { since: "yesterday" }), "bad_option");
  assert.equal(refused("http://a", {}), null);
});

test("a stream is read whichever way it is cut into pieces", () => {
  const text = ': hello\nid: e1:1\ndata: {"a":1}\n\ndata:two\r\ndata: lines\r\n\r\nevent: x\n\ndata: rest';
  for (let length = 1; length <= text.length; length++) {
    const told = [];
    const lines = new Lines((data) => told.push(data));
    for (let at = 0; at < text.length; at += length) assert(lines.take(text.slice(at, at + length)));
    assert.deepEqual(told, ['{"a":1}', "two\nlines"]);
  }
});

test("a problem becomes an error that programs can tell from others", async () => {
  const body = { code: "slow_mode", detail: "Wait another 5 s." };
  const error = await problem(Response.json(body, { status: 429, headers: { "retry-after": "5" } }));
  assert.deepEqual([error.code, error.message, error.status, error.retryAfter], ["slow_mode", body.detail, 429, 5]);
  const foreign = await problem(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  assert.deepEqual([foreign.code, foreign.status, foreign.retryAfter], ["unreachable", 502, undefined]);
});

test("only a page of the web that may not read an answer is told that its site is not allowed", async (context) => {
  // The browser keeps the room's answer, but not the library, which anybody may read.
  const cannotRead = async (url) => {
    if (new URL(url).pathname === "/nowcast.js") return new Response();
    throw new TypeError("Failed to fetch");
  };
  const why = async (location) => {
    Object.defineProperty(globalThis, "location", { value: location, configurable: true });
    const error = await whyNot(new Address("https://live.example", {}));
    return error && error.code;
  };
  context.after(() => delete globalThis.location);
  context.mock.method(globalThis, "fetch", cannotRead);
  const page = { origin: "https://festival.example", protocol: "https:" };
  assert.equal(await why(page), "foreign_origin");
  assert.equal(await why({ origin: "https://live.example", protocol: "https:" }), null);
  assert.equal(await why({ origin: "chrome-extension://abc", protocol: "chrome-extension:" }), null);
  assert.equal(await why({ origin: "moz-extension://abc", protocol: "moz-extension:" }), null);
  context.mock.method(globalThis, "fetch", async () => new Response("", { status: 503 }));
  assert.equal(await why(page), null);
});

test("a listener that fails does not keep an event from the others", (context) => {
  const reported = [];
  context.mock.method(globalThis, "queueMicrotask", (report) => reported.push(report));
  const emitter = new Emitter();
  const heard = [];
  emitter.on("x", () => {
    throw new Error("mine");
  });
  const stop = emitter.on("x", (value) => heard.push(value));
  emitter.tell("x", 1);
  stop();
  emitter.tell("x", 2);
  assert.deepEqual(heard, [1]);
  assert.throws(reported[0], /mine/, "it is reported as usual");
});
