import assert from "node:assert/strict";
import { test } from "node:test";
import { badge } from "../src/badge.js";

const show = (now) => badge({ unread: 0, problem: null, title: "", ...now });

test("the button counts to 99", () => {
  assert.deepEqual([show({}).text, show({}).title], ["", "Nowcast"]);
  assert.equal(show({ unread: 99 }).text, "99");
  const many = show({ unread: 100, title: "Final" });
  assert.deepEqual([many.text, many.title], ["99+", "Nowcast: Final\nmore than 99 new"]);
});

test("a problem is shown before what is new, and said with it", () => {
  const broken = show({ unread: 3, problem: "Nothing answers.", title: "Final" });
  assert.deepEqual([broken.text, broken.title], ["!", "Nowcast: Final\n3 new\nNothing answers."]);
});
