import assert from "node:assert/strict";
import { test } from "node:test";
import { Popups } from "../src/popups.js";

/** One end of a line, as the browser gives it. */
function port() {
  const heard = [];
  const on = () => {
    const listeners = [];
    return { addListener: (then) => listeners.push(then), fire: () => listeners.forEach((it) => it()) };
  };
  return {
    heard,
    onMessage: on(),
    onDisconnect: on(),
    postMessage: (message) => heard.push(message),
  };
}

test("a popup is told the whole first, then what is new", () => {
  const popups = new Popups();
  const one = port();
  popups.add(one, () => "whole");
  popups.send("too early");
  assert.deepEqual([popups.open, one.heard], [true, []]);
  popups.greet(one, { state: "live" });
  popups.send("next");
  assert.deepEqual(one.heard, [{ frame: "whole" }, { status: { state: "live" } }, { frame: "next" }]);
});

test("a popup that lacks something gets the whole again, and no other does", () => {
  const popups = new Popups();
  const [one, other] = [port(), port()];
  for (const it of [one, other]) {
    popups.add(it, () => "whole");
    popups.greet(it, {});
  }
  one.onMessage.fire();
  assert.deepEqual([one.heard.length, other.heard.length], [3, 2]);
});

test("a popup that is closed is nobody, also before it was greeted", () => {
  const popups = new Popups();
  const one = port();
  popups.add(one, () => null);
  one.onDisconnect.fire();
  popups.greet(one, {});
  popups.tell({});
  assert.deepEqual([popups.open, one.heard], [false, []]);
});
