// Publishes a message, and prints what is in a room and what comes, each item once, also when this
// program was away. For Node 20 or newer; the library is beside it:
//
//     curl -so nowcast.mjs http://127.0.0.1:8080/nowcast.js
//     NOWCAST_TOKEN=… node follow.mjs
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "./nowcast.mjs";

const server = process.env.NOWCAST_URL ?? "http://127.0.0.1:8080";
const token = process.env.NOWCAST_TOKEN;
const since = await readFile("position.txt", "utf8").catch(() => undefined);

const room = connect(server, { token, since });
const print = (item) => console.log(item.kind, JSON.stringify(item.data));

room.on("snapshot", ({ items }) => items.forEach(print));
room.on("item", print);
room.on("state", ({ state, transport, reason }) => console.error(state, transport ?? reason ?? ""));
room.on("error", (error) => console.error(error.code, error.message));

if (token) {
  // Sent again until it is answered, and takes effect once.
  const { offset } = await room.publish("message", { text: "Hello from Node" });
  console.error("published at", offset);
}

process.once("SIGINT", async () => {
  // The next run goes on from here.
  await writeFile("position.txt", room.position ?? "");
  room.close();
});
