import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_WAIT } from "../src/backoff.js";
import { NowcastError } from "../src/errors.js";
import {
  BRIEF,
  OPENING,
  PING_EVERY,
  PONG_WITHIN,
  PONG_WITHIN_AFTER_SLEEP,
  Plan,
  POLL_SILENCE,
  RESTART,
  STREAM_SILENCE,
  TAKEN_BACK,
  TRIAL_LONGEST,
  TRIAL_SOON,
  TURNED_AWAY,
} from "../src/plan.js";

/** @type {import("../src/plan.js").Way[]} */
const ALL = ["websocket", "sse", "poll"];

/** A plan, a clock and a list of what it asked for. */
class Story {
  constructor(ways = ALL) {
    this.plan = new Plan(12345, ways);
    this.now = 1_000_000;
    /** @type {any[]} */
    this.did = [];
    this.tell({ type: "start" });
  }

  /** @param {any} input */
  tell(input) {
    this.did = this.plan.handle(this.now, input);
    return this;
  }

  lost(conn, after) {
    return this.tell({ type: "lost", conn, after });
  }

  /** Lets time pass, waking the plan exactly when it asks for it, until it opens something. */
  pass(span) {
    const end = this.now + span;
    this.did = [];
    for (let at; (at = this.plan.wakeAt) !== null && at <= end; ) {
      this.now = Math.max(this.now, at);
      const did = this.plan.handle(this.now, { type: "tick" });
      assert(did.length > 0 || this.plan.wakeAt === null || this.plan.wakeAt > at, "it spins");
      this.did.push(...did);
      if (this.did.some((it) => it.do === "open")) return this;
    }
    this.now = end;
    return this;
  }

  /** Lets time pass on a lower way, which stays alive, until the next trial. */
  trialBeside(conn) {
    for (let second = 0; second < 1000; second++) {
      this.pass(1000);
      if (this.did.length > 0) return this.opened("websocket");
      this.tell({ type: "alive", conn });
      assert.deepEqual(this.did, []);
    }
    throw assert.fail("it never tries");
  }

  /** The one connection that was opened last. */
  opened(way) {
    const opens = this.did.filter((it) => it.do === "open");
    assert.deepEqual(opens.map((it) => it.way), [way]);
    return opens[0].conn;
  }

  static on(way, ways = ALL) {
    const story = new Story(ways);
    let conn = story.opened(ways[0]);
    for (const next of ways.slice(1, ways.indexOf(way) + 1)) conn = story.lost(conn).opened(next);
    story.tell({ type: "opened", conn });
    assert.equal(story.plan.state, "open");
    assert.equal(story.plan.way, way);
    return { story, conn };
  }
}

const replaced = (conn) => ({ type: "goodbye", conn, reason: "replaced", reconnect: false });
const restarting = (conn) => ({ type: "goodbye", conn, reason: "restarting", reconnect: true });

test("a way that does not open gives way to the next, and then it starts over", () => {
  const story = new Story();
  let conn = story.opened("websocket");
  conn = story.lost(conn).opened("sse");
  conn = story.lost(conn).opened("poll");
  story.lost(conn);
  assert.deepEqual(story.did, [{ do: "close", conn }], "after all three it waits");
  story.pass(LONGEST_WAIT).opened("websocket");
});

test("a way that takes the connection and says nothing has not opened", () => {
  const story = new Story();
  story.opened("websocket");
  const conn = story.pass(OPENING).opened("sse");
  story.tell({ type: "opened", conn });
  assert.equal(story.plan.state, "open");
});

test("it never gives up and never waits longer than ten seconds", () => {
  const story = new Story();
  for (let round = 0; round < 50; round++) {
    let conn = story.opened("websocket");
    for (const way of ["sse", "poll"]) conn = story.lost(conn).opened(way);
    story.lost(conn);
    const wait = story.plan.wakeAt - story.now;
    assert(wait <= LONGEST_WAIT, `round ${round} waits ${wait}`);
    story.pass(wait);
  }
});

test("where only one way may be used, it is tried again after a wait", () => {
  for (const way of ALL) {
    const story = new Story([way]);
    for (let round = 0; round < 5; round++) {
      const conn = story.opened(way);
      story.lost(conn);
      assert.equal(story.plan.state, "waiting");
      story.pass(LONGEST_WAIT);
    }
  }
});

test("without a WebSocket there is nothing to go back up to", () => {
  const { story, conn } = Story.on("poll", ["sse", "poll"]);
  for (let second = 0; second < 3600; second += 30) {
    story.pass(30_000);
    assert.deepEqual(story.did, []);
    story.tell({ type: "alive", conn });
  }
});

test("a connection that lasted is opened again at once by the same way", () => {
  for (const way of ALL) {
    let { story, conn } = Story.on(way);
    for (let time = 0; time < 5; time++) {
      story.now += BRIEF;
      conn = story.lost(conn).opened(way);
      story.tell({ type: "opened", conn });
    }
  }
});

test("a way that is cut twice within seconds gives way", () => {
  const { story, conn: first } = Story.on("websocket");
  story.now += 1000;
  const second = story.lost(first).opened("websocket");
  story.tell({ type: "opened", conn: second });
  story.now += 1000;
  story.lost(second).opened("sse");
});

test("from a lower way it moves up when the WebSocket is welcome and not before", () => {
  for (const way of ["sse", "poll"]) {
    const { story, conn: old } = Story.on(way);
    const trial = story.trialBeside(old);
    assert.equal(story.plan.mainConn, old);
    story.tell({ type: "opened", conn: trial });
    assert.deepEqual(story.did, [{ do: "close", conn: old }]);
    assert.equal(story.plan.mainConn, trial);
    assert.equal(story.plan.way, "websocket");
  }
});

test("being replaced by the own trial does not stop it", () => {
  const { story, conn: old } = Story.on("sse");
  const trial = story.trialBeside(old);
  story.tell(replaced(old));
  assert.deepEqual(story.did, [{ do: "close", conn: old }]);
  story.tell({ type: "opened", conn: trial });
  assert.equal(story.plan.mainConn, trial);
});

test("a trial that took the place and then failed sends it back to its way", () => {
  const { story, conn: old } = Story.on("sse");
  const trial = story.trialBeside(old);
  story.tell(replaced(old));
  story.lost(trial).opened("sse");
});

test("trials become rarer up to five minutes", () => {
  const { story, conn } = Story.on("sse");
  const gaps = [];
  let last = story.now;
  while (gaps.length < 8) {
    const trial = story.trialBeside(conn);
    gaps.push(story.now - last);
    last = story.now;
    story.lost(trial);
    assert.equal(story.plan.mainConn, conn);
  }
  assert(gaps[0] >= 15_000 && gaps[0] <= 46_000, `${gaps}`);
  assert(gaps.every((gap) => gap <= (TRIAL_LONGEST * 3) / 2 + 1000), `${gaps}`);
  assert(gaps[6] > 140_000, `${gaps}`);
});

test("a trial that is cut early leads straight back to the way that worked", () => {
  const { story, conn: old } = Story.on("poll");
  const trial = story.trialBeside(old);
  story.tell({ type: "opened", conn: trial });
  story.now += 1000;
  story.lost(trial).opened("poll");
});

test("after a WebSocket that worked the first trial comes soon", () => {
  const { story, conn } = Story.on("websocket");
  story.now += 60_000;
  const socket = story.tell({ type: "alive", conn }).lost(conn).opened("websocket");
  const stream = story.lost(socket).opened("sse");
  story.tell({ type: "opened", conn: stream });
  story.pass(5_000).opened("websocket");
});

test("a silent WebSocket is asked and then left", () => {
  const { story, conn } = Story.on("websocket");
  story.pass(PING_EVERY);
  assert.deepEqual(story.did, [{ do: "ping", conn }]);
  story.tell({ type: "alive", conn }).pass(PING_EVERY);
  assert.deepEqual(story.did, [{ do: "ping", conn }], "an answer keeps it");
  story.pass(PONG_WITHIN).opened("websocket");
  assert(story.did.some((it) => it.do === "close" && it.conn === conn));
});

test("silence on the other ways means dead", () => {
  for (const [way, silence] of [["sse", STREAM_SILENCE], ["poll", POLL_SILENCE]]) {
    const { story, conn } = Story.on(way, [way]);
    story.now += silence - 1;
    story.tell({ type: "alive", conn }).pass(silence - 1);
    assert.deepEqual(story.did, []);
    story.pass(1).opened(way);
    assert(story.did.some((it) => it.do === "close" && it.conn === conn));
  }
});

test("after a night of sleep a WebSocket has three seconds to answer", () => {
  const { story, conn } = Story.on("websocket");
  story.now += 8 * 3_600_000;
  story.tell({ type: "visible" });
  assert(story.did.some((it) => it.do === "ping" && it.conn === conn));
  story.pass(PONG_WITHIN_AFTER_SLEEP).opened("websocket");
});

test("one that waits tries at once when it is looked at or the network returns", () => {
  for (const type of ["visible", "online"]) {
    const story = new Story();
    let conn = story.opened("websocket");
    for (const way of ["sse", "poll"]) conn = story.lost(conn).opened(way);
    story.lost(conn).tell({ type }).opened("websocket");
  }
});

test("the network returning renews streams that cannot be asked", () => {
  const { story, conn } = Story.on("sse");
  story.tell({ type: "online" }).opened("sse");
  assert(story.did.some((it) => it.do === "close" && it.conn === conn));
});

test("a goodbye without return ends it and says why", () => {
  const { story, conn } = Story.on("websocket");
  story.tell({ type: "goodbye", conn, reason: "room_closed", reconnect: false });
  assert.deepEqual(story.did, [{ do: "close", conn }]);
  assert.equal(story.plan.ended, "room_closed");
  assert.equal(story.plan.wakeAt, null);
  story.tell({ type: "visible" });
  assert.deepEqual(story.did, []);
  story.tell({ type: "start" }).opened("websocket");
});

test("a restarting server is given a moment", () => {
  const { story, conn } = Story.on("websocket");
  story.tell(restarting(conn));
  assert.deepEqual(story.did, [{ do: "close", conn }]);
  story.pass(2 * RESTART).opened("websocket");
});

test("one that was turned away says so and looks again", () => {
  const story = new Story();
  let conn = story.opened("websocket");
  for (const way of ["sse", "poll"]) conn = story.lost(conn).opened(way);
  const refusal = new NowcastError("unknown_room", "There is no such room.", { status: 404 });
  story.tell({ type: "refused", conn, refusal });
  assert.equal(story.plan.refusal, refusal);
  const socket = story.pass(2 * TURNED_AWAY).opened("websocket");
  assert.equal(story.plan.refusal, refusal, "until it is let in");
  story.tell({ type: "opened", conn: socket });
  assert.equal(story.plan.refusal, null);
});

test("the patience that a server asks for is had, and no other way is tried meanwhile", () => {
  const { story, conn } = Story.on("sse");
  story.lost(conn, 7_000);
  assert.equal(story.plan.state, "waiting");
  story.pass(6_999);
  assert.deepEqual(story.did, []);
  story.pass(1_000).opened("sse");
  const longest = Story.on("poll");
  longest.story.lost(longest.conn, 24 * 3_600_000);
  longest.story.pass(61_000).opened("poll");
});

test("one that replaced itself takes its connection back, but does not fight for ever", () => {
  let { story, conn } = Story.on("websocket");
  for (let time = 0; time < TAKEN_BACK; time++) {
    conn = story.tell(replaced(conn)).opened("websocket");
    story.tell({ type: "opened", conn });
  }
  story.tell(replaced(conn));
  assert.equal(story.plan.ended, "replaced");
});

test("a way that falls silent after its first bytes gives way to the next", () => {
  const { story } = Story.on("sse");
  for (let time = 0; time < 100; time++) {
    story.pass(STREAM_SILENCE);
    const last = story.did.at(-1);
    if (last?.do !== "open") continue;
    if (last.way === "poll") return;
    if (last.way === "sse") story.tell({ type: "opened", conn: last.conn });
    // The trials beside it fail.
    else story.lost(last.conn);
  }
  assert.fail("it stays where nothing comes through");
});

test("a restart does not forget that the connection had lasted", () => {
  const { story, conn } = Story.on("websocket");
  story.now += 3_600_000;
  story.tell({ type: "alive", conn }).tell(restarting(conn));
  const socket = story.pass(2 * RESTART).opened("websocket");
  const stream = story.lost(socket).opened("sse");
  story.tell({ type: "opened", conn: stream });
  const begin = story.now;
  story.trialBeside(stream);
  assert(story.now - begin <= 2 * TRIAL_SOON, `it tries again after ${story.now - begin}`);
});

test("the word of a connection that was left changes nothing", () => {
  const { story, conn: first } = Story.on("websocket");
  story.now += 10_000;
  const second = story.lost(first).opened("websocket");
  story.tell({ type: "opened", conn: second });
  for (const late of [
    { type: "lost", conn: first },
    { type: "lost", conn: first, after: 5_000 },
    { type: "opened", conn: first },
    { type: "broken", conn: first },
    replaced(first),
  ]) {
    story.tell(late);
    assert.deepEqual(story.did, []);
    assert.equal(story.plan.mainConn, second);
  }
});
