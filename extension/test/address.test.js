import assert from "node:assert/strict";
import { test } from "node:test";
import { openable, pageOf, readPlace, samePlace, socketOf } from "../src/address.js";

const place = (text, room) => readPlace(text, room).place;

test("a name, an address or the address of a room is enough", () => {
  assert.deepEqual(place("live.example"), { server: "https://live.example", room: "main" });
  assert.deepEqual(place(" http://live.example:8080/ ", "final"), {
    server: "http://live.example:8080",
    room: "final",
  });
  assert.deepEqual(place("https://live.example/r/final-2026/?x=1", "other"), {
    server: "https://live.example",
    room: "final-2026",
  });
  assert.equal(place("live.example/r/final/admin").room, "final");
  assert.equal(place("https://live.example/r/x?invitation=a%20b").invitation, "a b");
});

test("a machine of one's own is asked without TLS, every other with it", () => {
  for (const own of ["localhost:8080", "127.0.0.1", "192.168.1.5:1", "[::1]:8080", "a.localhost"]) {
    assert.equal(place(own).server, new URL(`http://${own}`).origin, own);
  }
  assert.equal(place("live.example:8443").server, "https://live.example:8443");
});

test("what is no server or no room is said at its field", () => {
  for (const bad of ["", "  ", "ftp://live.example", "https://", "https://ana:x@live.example", "a b"]) {
    assert.equal(readPlace(bad).field, "server", bad);
  }
  for (const bad of ["Über", "a b", "a/b", "A", "a".repeat(65)]) {
    assert.equal(readPlace("live.example", bad).field, "room", bad);
  }
});

test("a place has a page and a socket", () => {
  const room = { server: "https://live.example", room: "main" };
  assert.equal(pageOf(room), "https://live.example/");
  assert.equal(socketOf(room), "wss://live.example/api/rooms/main/ws?page=extension");
  const other = { server: "http://localhost:8080", room: "x", invitation: "a b" };
  assert.equal(pageOf(other), "http://localhost:8080/r/x?invitation=a%20b");
  const socket = "ws://localhost:8080/api/rooms/x/ws?page=extension&invitation=a+b";
  assert.equal(socketOf(other), socket);
});

test("only pages and pictures are opened", () => {
  const server = "https://live.example";
  assert.equal(openable("/uploads/a-b.png", server), "https://live.example/uploads/a-b.png");
  assert.equal(openable("https://x.example/y", server), "https://x.example/y");
  const bad = ["javascript:alert(1)", "data:text/html,x", "/api/logout", "/uploads/../api", "", 5,
    "//x.example", "/uploads/a.png?x", "https://"];
  for (const url of bad) {
    assert.equal(openable(url, server), null, String(url));
  }
});

test("places are the same by what they say", () => {
  const one = { server: "https://live.example", room: "main" };
  assert.ok(samePlace(one, { ...one }));
  assert.ok(!samePlace(one, { ...one, room: "x" }));
  assert.ok(!samePlace(one, { ...one, invitation: "x" }));
  assert.ok(!samePlace(one, null));
});
