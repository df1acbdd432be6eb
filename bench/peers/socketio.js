// Socket.IO over WebSocket alone: each body that is posted goes to every page, as the event `m`.
const http = require("node:http");
const { Server } = require("socket.io");

const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    pages.emit("m", body);
    response.writeHead(204).end();
  });
});
const pages = new Server(server, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
