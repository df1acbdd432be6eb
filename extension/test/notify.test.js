import assert from "node:assert/strict";
import { test } from "node:test";
import { nothing } from "../src/kept.js";
import { linkOf, noteOf, notes, wanted } from "../src/notify.js";

const PLACE = { server: "https://live.example", room: "main" };
const KEPT = { ...nothing(PLACE), title: "Final" };
const post = (id, data) => ({ id, offset: 1, at: 1, kind: "post", data });
const say = (fresh, choice = "posts") => notes(wanted(fresh, choice), KEPT);

test("a post is told with who, where from, its text and its picture", () => {
  const data = { user: "Ana", source: "Mastodon", text: "Doors\n open", picture: "/uploads/a.png" };
  assert.deepEqual(say([post("i1", data)]), [{
    id: noteOf("i1"),
    title: "Ana · Mastodon",
    message: "Doors open",
    context: "Final",
    picture: "https://live.example/uploads/a.png",
  }]);
  const [bare] = say([post("i1", { picture: "javascript:x" })]);
  assert.deepEqual([bare.title, bare.message, bare.picture], ["Final", "A picture", undefined]);
});

test("people choose what they are told of", () => {
  const message = { id: "i2", kind: "message", data: { text: "hello" }, by: { name: "Ben" } };
  assert.deepEqual(say([message]), []);
  assert.equal(say([message], "everything")[0].title, "Ben");
  assert.deepEqual(say([post("i1", { text: "x" })], "nothing"), []);
});

test("several at once are one summary", () => {
  const fresh = [1, 2, 3, 4, 5, 6].map((number) => post(`i${number}`, { user: "Ana", text: `${number}` }));
  const [summary, ...rest] = say(fresh);
  assert.deepEqual(rest, []);
  assert.equal(summary.title, "6 new posts");
  assert.equal(summary.message, "Ana: 1\nAna: 2\nAna: 3\nAna: 4");
  const link = { id: "i7", kind: "link", data: { url: "https://x.example" } };
  assert.equal(say([...fresh, link], "everything")[0].title, "7 new items");
  assert.equal(say([fresh[0], link])[0].id, noteOf("i1"), "of what is not wanted nothing is said");
});

test("every kind has words, whatever is in it", () => {
  const of = (kind, data) => say([{ id: "i", kind, data }], "everything")[0].message;
  assert.equal(of("link", { url: "https://x.example", title: "Programme" }), "Programme");
  assert.equal(of("image", { url: "/uploads/a.png", alt: "Sunrise" }), "Sunrise");
  assert.equal(of("custom", { score: "2:1", minute: 90, by: { a: 1 } }), 'score: 2:1, minute: 90, by: {"a":1}');
  assert.equal(of("custom", [1, 2]), "0: 1, 1: 2");
  assert.equal(of("custom", null), "Something new");
  assert.equal(of("custom", "words"), "words");
  assert.equal(of("message", { text: 5 }), "");
});

test("long words are cut between letters", () => {
  const [note] = say([post("i1", { text: "👩‍🚀".repeat(200) })]);
  assert.ok(note.message.length <= 241 && note.message.endsWith("👩‍🚀…"));
});

test("a click leads to where a post comes from, or to the page", () => {
  const items = [post("i1", { url: "https://x.example/1" }), post("i2", { url: "javascript:x" })];
  const kept = { ...KEPT, items };
  assert.equal(linkOf(noteOf("i1"), kept), "https://x.example/1");
  assert.equal(linkOf(noteOf("i2"), kept), null);
  assert.equal(linkOf("summary", kept), null);
});
