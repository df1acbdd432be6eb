// The library as a test drives it: commands come as lines of JSON, and what happens goes out as
// such. `node sdk.mjs SERVER OPTIONS`, with OPTIONS as JSON.
import { createInterface } from "node:readline";
import { connect, NowcastError } from "../../sdk/js/src/nowcast.js";

const [server, options] = process.argv.slice(2);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const room = connect(server, JSON.parse(options));

for (const name of ["snapshot", "item", "event", "signal", "push", "state"]) {
  room.on(name, (told, more) => tell({ on: name, told, more: name === "push" ? more : undefined, position: room.position }));
}
room.on("error", (error) => tell({ on: "error", told: plain(error) }));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, args } = JSON.parse(line);
  // Not awaited: several may be under way.
  Promise.resolve()
    .then(() => room[call](...args))
    .then((ok) => tell({ id, ok: ok ?? null }), (error) => tell({ id, error: plain(error) }));
}

function plain(error) {
  const { code, message, status, retryAfter } = error;
  return { typed: error instanceof NowcastError, code, message, status, retryAfter };
}
