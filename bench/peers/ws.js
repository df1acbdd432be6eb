// `ws` on Node: each body that is posted goes to every page.
const http = require("node:http");
const { WebSocketServer } = require("ws");

const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    for (const page of pages.clients) page.send(body);
    response.writeHead(204).end();
  });
});
const pages = new WebSocketServer({ server, perMessageDeflate: false });
pages.on("connection", (page) => page.on("error", () => page.terminate()));
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
