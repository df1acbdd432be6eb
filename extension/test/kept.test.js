import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MOST, asWelcome, looked, nothing, restored, takeEvent, takeSnapshot, toTell, unread, wasTold,
} from "../src/kept.js";

const PLACE = { server: "https://live.example", room: "main" };
const item = (offset, more = {}) =>
  ({ id: `i${offset}`, offset, at: 1000 + offset, kind: "post", data: { text: `${offset}` }, ...more });
const as = (offset, epoch = "e1") => `${epoch}:${offset}`;
const published = (offset) => ({ offset, event: { kind: "item_published", item: item(offset) } });
const ids = (kept) => kept.items.map(({ id }) => id);

/** A room that was looked at for the first time, with items up to `offset`. */
function room(offset) {
  const items = Array.from({ length: offset }, (_, index) => item(index + 1));
  return takeSnapshot(nothing(PLACE), as(offset), { title: "Final", items, more: true }).kept;
}

test("who sees a room for the first time has missed nothing", () => {
  const first = takeSnapshot(nothing(PLACE), as(2), { items: [item(1), item(2)] });
  assert.deepEqual(ids(first.kept), ["i2", "i1"]);
  assert.deepEqual([unread(first.kept), first.fresh], [0, []]);
  const empty = takeSnapshot(nothing(PLACE), as(0), { items: [] });
  assert.equal(unread(takeEvent(empty.kept, published(1)).kept), 1);
});

test("events are taken once and in order", () => {
  const one = takeEvent(room(2), published(3));
  assert.deepEqual(ids(one.kept), ["i3", "i2", "i1"]);
  assert.deepEqual(one.fresh.map(({ id }) => id), ["i3"]);
  assert.equal(takeEvent(one.kept, published(3)), null, "a repeat");
  assert.equal(takeEvent(one.kept, published(5)), null, "a gap");
  assert.equal(takeEvent(nothing(PLACE), published(1)), null, "before the first word");
});

test("edits, deletions and titles follow; what is not known takes its place in the order", () => {
  let kept = room(3);
  const apply = (offset, event) => {
    const taken = takeEvent(kept, { offset, event });
    kept = taken.kept;
    return taken;
  };
  apply(4, { kind: "item_edited", item: item(2, { data: { text: "right" } }) });
  assert.equal(kept.items[1].data.text, "right");
  assert.equal(apply(5, { kind: "item_deleted", item: "i3" }).deleted, "i3");
  assert.deepEqual(ids(kept), ["i2", "i1"]);
  apply(6, { kind: "room_titled", title: "Semifinal" });
  apply(7, { kind: "said", text: "hello" });
  assert.deepEqual([kept.title, kept.position], ["Semifinal", "e1:7"]);
});

test("looking clears what is unread, and only what was there", () => {
  let kept = takeEvent(room(2), published(3)).kept;
  kept = takeEvent(kept, published(4)).kept;
  assert.equal(unread(kept), 2);
  kept = looked(kept);
  assert.equal(unread(kept), 0);
  assert.equal(unread(takeEvent(kept, published(5)).kept), 1);
});

test("a deleted item is not unread any more", () => {
  const kept = takeEvent(room(2), published(3)).kept;
  const event = { kind: "item_deleted", item: "i3" };
  assert.equal(unread(takeEvent(kept, { offset: 4, event }).kept), 0);
});

test("a snapshot after a long time tells what is new by the offset", () => {
  const kept = takeEvent(room(2), published(3)).kept;
  const items = [item(3), item(70), item(71)];
  const now = takeSnapshot(kept, as(71), { items, more: true });
  assert.deepEqual(now.fresh.map(({ id }) => id), ["i71", "i70"], "what was told before is not new");
  assert.equal(unread(now.kept), 3);
});

test("a room that began anew tells what is new by the time", () => {
  const items = [item(1), item(2, { at: 5000 })];
  const now = takeSnapshot(room(9), as(2, "e2"), { items });
  assert.equal(unread(now.kept), 1);
  assert.deepEqual(now.fresh.map(({ id }) => id), ["i2"]);
});

test("so many items are kept, and no more than there is room for", () => {
  let kept = room(MOST);
  kept = takeEvent(kept, published(MOST + 1)).kept;
  assert.deepEqual([kept.items.length, kept.items.at(-1).id], [MOST, "i2"]);
  const long = { ...item(1), data: { text: "x".repeat(60_000) } };
  const items = Array.from({ length: MOST }, (_, index) => ({ ...long, offset: index + 1 }));
  const heavy = takeSnapshot(nothing(PLACE), as(MOST), { items }).kept;
  assert.ok(JSON.stringify(heavy).length < 3_100_000);
  assert.ok(heavy.more && heavy.items.length > 40);
});

test("what is to be announced is kept until it was, is deleted or was looked at", () => {
  let { kept, fresh } = takeEvent(room(2), published(3));
  kept = toTell(kept, fresh);
  ({ kept, fresh } = takeEvent(kept, published(4)));
  kept = toTell(kept, fresh);
  assert.deepEqual(kept.untold, ["i3", "i4"]);
  assert.deepEqual(wasTold(kept, ["i3"]).untold, ["i4"]);
  const event = { kind: "item_deleted", item: "i4" };
  assert.deepEqual(takeEvent(kept, { offset: 5, event }).kept.untold, ["i3"]);
  assert.deepEqual(looked(kept).untold, []);
});

test("the popup is told the same in a frame of the server's", () => {
  const frame = JSON.parse(asWelcome(room(2)));
  assert.deepEqual([frame.t, frame.epoch, frame.offset, frame.recovered], ["welcome", "e1", 2, false]);
  assert.deepEqual(frame.snapshot.items.map(({ id }) => id), ["i1", "i2"]);
  assert.equal(asWelcome(nothing(PLACE)), null);
});

test("what is stored is taken for what was kept only if it is that, of this room", () => {
  const kept = room(3);
  assert.deepEqual(restored(kept, { ...PLACE }), kept);
  assert.deepEqual(restored({ ...kept, untold: undefined }, PLACE).untold, [], "of an older version");
  const other = { ...PLACE, room: "other" };
  assert.deepEqual(restored(kept, other), nothing(other));
  for (const bad of [undefined, null, 5, {}, { ...kept, items: 1 }, { ...kept, position: "x" }]) {
    assert.deepEqual(restored(bad, PLACE), nothing(PLACE));
  }
});
