// Holds the library's plan against what the pages' plan did: `node plan.mjs STORIES`, a file with
// stories as JSON, each a seed and what happened when and was done then.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Plan } from "../../sdk/js/src/plan.js";

const stories = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const { seed, steps } of stories) {
  const plan = new Plan(seed, ["websocket", "sse", "poll"]);
  for (const [place, { now, input, did }] of steps.entries()) {
    const before = steps.slice(Math.max(0, place - 5), place + 1);
    assert.deepEqual(plan.handle(now, input), did, JSON.stringify(before, null, 1));
  }
}
console.log(`${stories.length} stories`);
