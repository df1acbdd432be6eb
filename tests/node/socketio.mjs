// A page that speaks Socket.IO, led by a test: commands come in as lines of JSON, and what happens
// goes out as such.
//
// Environment: URL, PACKAGE (the npm name), TRANSPORTS (separated by commas).

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.env.NOWCAST_NODE_MODULES}/`);
const { Manager } = require(process.env.PACKAGE);
const transports = process.env.TRANSPORTS.split(",");

const say = (line) => console.log(JSON.stringify(line));
const manager = new Manager(process.env.URL, {
  transports,
  reconnectionDelay: 50,
  reconnectionDelayMax: 200,
});
const sockets = new Map();

const commands = {
  // Connects to a namespace; goes on from where it is when it comes back by itself.
  open(name, namespace, auth) {
    const known = sockets.get(name);
    if (known) {
      Object.assign(known.from, { said: auth, position: undefined });
      known.connect();
      return;
    }
    const from = { said: auth, position: undefined };
    const resuming = (tell) =>
      tell(from.position ? { ...from.said, since: from.position } : from.said);
    const socket = Object.assign(manager.socket(namespace, { auth: resuming }), { from });
    sockets.set(name, socket);
    socket.on("connect", () => say({ name, event: "connect", args: [] }));
    socket.on("disconnect", (why) => say({ name, event: "disconnect", args: [why] }));
    socket.on("connect_error", (error) =>
      say({ name, event: "connect_error", args: [error.message, error.data ?? null] }),
    );
    socket.onAny((event, ...args) => {
      const reached = event === "welcome" ? args[0].position : args[1]?.position;
      from.position = reached ?? from.position;
      say({ name, event, args });
    });
  },
  emit(name, event, ...args) {
    sockets.get(name).emit(event, ...args);
  },
  // Emits and tells the answer.
  ask(name, event, ...args) {
    sockets.get(name).emit(event, ...args, (answer) => say({ name, event: "answer", args: [answer] }));
  },
  close(name) {
    sockets.get(name).disconnect();
  },
  transport() {
    say({ name: "", event: "transport", args: [manager.engine.transport.name] });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = JSON.parse(line);
  commands[command](...args);
}
process.exit(0);
