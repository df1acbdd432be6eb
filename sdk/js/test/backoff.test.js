import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, LONGEST_WAIT } from "../src/backoff.js";

test("waits grow and never exceed ten seconds", () => {
  for (let seed = 0; seed < 200; seed++) {
    const backoff = new Backoff(seed * 7919);
    for (let failures = 0; failures < 100; failures++) {
      const wait = backoff.after(failures);
      const longest = [500, 1000, 2000, 4000, 8000][failures] ?? LONGEST_WAIT;
      assert(wait >= longest / 2 && wait <= longest, `${failures}: ${wait}`);
      const around = backoff.around(1000);
      assert(around >= 500 && around <= 1500, `${around}`);
    }
  }
});

test("two clients do not come back together", () => {
  const waits = Array.from({ length: 100 }, (_, seed) => new Backoff(seed * 104_729).after(6));
  assert(new Set(waits).size > 50, `${waits}`);
});
