import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "../src/progress.js";

test("every event counts once and in order", () => {
  const progress = new Progress(null);
  assert.equal(progress.position, null);
  assert.equal(progress.event(1), "gap", "nothing is known before the welcome");
  assert(progress.begin({ epoch: "e1", offset: 4, snapshot: {} }));
  assert.deepEqual([4, 5, 5, 7, 6, 7].map((it) => progress.event(it)), ["old", "next", "old", "gap", "next", "next"]);
  assert.equal(progress.position, "e1:7");
  for (const none of [undefined, null, "8", NaN]) assert.equal(progress.event(none), "gap");
  assert.equal(progress.position, "e1:7");
});

test("a welcome goes on where the client is, or earlier, but not after a gap or in another life", () => {
  for (const [epoch, offset, fine] of [["e1", 7, true], ["e1", 3, true], ["e1", 8, false], ["e2", 7, false]]) {
    const progress = new Progress("e1:7");
    assert.equal(progress.begin({ epoch, offset, snapshot: null }), fine, `${epoch}:${offset}`);
    assert.equal(progress.position, "e1:7");
  }
  const progress = new Progress("e1:7");
  assert(progress.begin({ epoch: "e2", offset: 2, snapshot: {} }), "a snapshot replaces all");
  assert.equal(progress.position, "e2:2");
});

test("a poll without events moves on in the same life alone", () => {
  const progress = new Progress("e1:7");
  for (const [next, position] of [["e1:6", "e1:7"], ["e2:9", "e1:7"], [null, "e1:7"], ["x", "e1:7"], ["e1:9", "e1:9"]]) {
    progress.goOn(next);
    assert.equal(progress.position, position);
  }
});

test("a push is told once, and the server is told of the newest", () => {
  const progress = new Progress(null);
  assert.equal(progress.pushed, null);
  assert.equal(new Progress("e1:7").pushed, "0", "one may have broken on its way");
  assert.deepEqual(["n1", "n2", "n1"].map((id) => progress.push(id)), [true, true, false]);
  assert.equal(progress.pushed, "n2");
  for (let number = 0; number < 1000; number++) assert(progress.push(`m${number}`));
  assert(!progress.push("m999"));
});
