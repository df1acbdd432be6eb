// Bun's own server and its native publish: each body that is posted goes to every page.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request, server) {
    if (request.method === "POST") {
      server.publish("main", await request.text());
      return new Response(null, { status: 204 });
    }
    if (server.upgrade(request)) return;
    return new Response("A page opens a WebSocket; a publish is a POST.", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    open(page) {
      page.subscribe("main");
    },
    message() {},
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
