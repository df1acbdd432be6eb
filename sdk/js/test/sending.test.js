import assert from "node:assert/strict";
import { test } from "node:test";
import { NowcastError } from "../src/errors.js";
import { AGAIN, MOST, PATIENCE, Sending } from "../src/sending.js";

/** Adds a command, and says what it came to. */
function add(sending, now, id, frame, about) {
  const answers = [];
  const then = { resolve: (taken) => answers.push(taken), reject: (error) => answers.push(error.code) };
  sending.add(now, { id, frame, about, then });
  return answers;
}

const frames = (...texts) => texts.map((frame) => ({ frame, request: false, id: null }));
const request = (id, frame) => [{ frame, request: true, id }];

test("what waits goes out in order and once over one socket", () => {
  const sending = new Sending();
  add(sending, 0, "k1", "a");
  add(sending, 0, "k2", "b");
  assert.deepEqual(sending.due(0, null, false), []);
  assert.deepEqual(sending.due(0, 1, true), frames("a", "b"));
  assert.deepEqual(sending.due(0, 1, true), []);
});

test("what was under way goes out again over the next connection, with the same id", () => {
  const sending = new Sending();
  const answers = add(sending, 0, "k1", "a");
  add(sending, 0, "k2", "b");
  sending.due(0, 1, true);
  sending.answered("k1").resolve({ offset: 1 });
  assert.deepEqual(answers, [{ offset: 1 }]);
  assert.equal(sending.answered("k1"), undefined, "a second answer is for nobody");
  assert.deepEqual(sending.due(0, 2, true), frames("b"));
  assert.deepEqual(sending.due(0, 3, false), request("k2", "b"));
});

test("requests go one after the other, and again when they did not get through", () => {
  const sending = new Sending();
  add(sending, 0, "k1", "a");
  add(sending, 0, "k2", "b");
  assert.deepEqual(sending.due(0, 1, false), request("k1", "a"));
  assert.deepEqual(sending.due(0, 1, false), []);
  sending.requestEnded(10, "k1", false);
  assert.deepEqual(sending.due(11, 1, false), [], "not at once");
  assert.equal(sending.wakeAt(11), 10 + AGAIN);
  assert.deepEqual(sending.due(10 + AGAIN, 1, false), request("k1", "a"));
  sending.requestEnded(3_000, "k1", true);
  sending.answered("k1");
  assert.deepEqual(sending.due(3_000, 1, false), request("k2", "b"));
  // A socket that opens meanwhile does not send it a second time.
  assert.deepEqual(sending.due(3_001, 2, true), []);
});

test("of moves of one piece the newest goes out, and all of them are answered", () => {
  const sending = new Sending();
  const [first, second] = [add(sending, 0, "k1", "x1", "x"), add(sending, 0, "k2", "x2", "x")];
  add(sending, 0, "k3", "y1", "y");
  assert.deepEqual(sending.due(0, 1, true), frames("x2", "y1"));
  add(sending, 0, "k4", "x3", "x");
  assert.deepEqual(sending.due(0, 1, true), frames("x3"), "what is under way is not taken back");
  sending.answered("k2").resolve({});
  assert.deepEqual([first, second], [[{ superseded: true }], [{}]]);
});

test("a move never overtakes what was asked for after an earlier one", () => {
  const sending = new Sending();
  add(sending, 0, "k1", "move x1", "x");
  add(sending, 0, "k2", "drop x1");
  add(sending, 0, "k3", "grab");
  add(sending, 0, "k4", "move x2", "x");
  add(sending, 0, "k5", "move y", "y");
  add(sending, 0, "k6", "move x3", "x");
  assert.deepEqual(sending.due(0, 1, true), frames("move x1", "drop x1", "grab", "move x3", "move y"));
});

test("who moves on and on without a connection is told, and does not fill the memory", () => {
  const sending = new Sending();
  let told = 0;
  const then = { resolve: () => told++, reject: () => told++ };
  for (let number = 0; number < 30_000; number++) {
    sending.add(number * 16, { id: `k${number}`, frame: "f", about: "x", then });
  }
  assert.equal(told, 29_999, "only the newest still waits");
  const refused = [];
  for (let number = 0; number <= MOST; number++) {
    refused.push(...add(sending, 0, `s${number}`, "say"));
  }
  assert.deepEqual(refused, ["too_many", "too_many"]);
});

test("of hints the newest goes out, and none waits for a connection", () => {
  const sending = new Sending();
  sending.hint("typing", "t1");
  assert.deepEqual(sending.due(0, null, false), []);
  assert.deepEqual(sending.due(0, 1, true), []);
  add(sending, 0, "k1", "a");
  sending.due(0, 1, false);
  for (const frame of ["t2", "t3"]) sending.hint("typing", frame);
  assert.deepEqual(sending.due(0, 1, false), []);
  sending.answered("k1");
  sending.requestEnded(0, "k1", true);
  assert.deepEqual(sending.due(0, 1, false), request(null, "t3"));
});

test("nothing waits for ever", () => {
  const sending = new Sending();
  const answers = [add(sending, 0, "k1", "a"), add(sending, 5, "k2", "b")];
  assert.equal(sending.wakeAt(0), PATIENCE);
  sending.giveUp(PATIENCE);
  assert.deepEqual(answers, [["unanswered"], []]);
  sending.giveUp(PATIENCE, new NowcastError("closed", "It is over."));
  assert.deepEqual(answers, [["unanswered"], ["closed"]]);
  assert.equal(sending.wakeAt(0), null);
});
