// Prints the versions of the packages that the tests use.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.NOWCAST_NODE_MODULES}/`);
const versions = ["socket.io-client", "socket.io-client-3", "typescript"].map(
  (name) => require(`${name}/package.json`).version,
);
console.log(versions.join(" "));
