// Keeps the report true while it is open: asks for it again and puts in place what is different.
// What did not change is not touched, and what changed stays the element that it was: whoever reads
// a table by keyboard, has scrolled or opened it, or points at a chart goes on doing so.
(() => {
  const every = Number(document.body.dataset.keeps) || 0;

  const address = new URL(location.href);
  const zone = String(-new Date().getTimezoneOffset());
  let due = false;
  if (!address.searchParams.has("zone") && zone !== document.body.dataset.zone) {
    // The server does not know where this clock stands before it is told.
    address.searchParams.set("zone", zone);
    history.replaceState(null, "", address);
    due = true;
  }

  // Parts of the report go by their names, the rest by what it is.
  const alike = (now, next) => now.nodeName === next.nodeName && (now.id || "") === (next.id || "");

  // Makes `now` what `next` is.
  function put(now, next) {
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.data !== next.data) now.data = next.data;
      return;
    }
    for (const { name } of [...now.attributes]) {
      // What somebody opened stays open.
      if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    let at = now.firstChild;
    for (const child of [...next.childNodes]) {
      let same = at;
      while (same && !alike(same, child)) same = same.nextSibling;
      if (!same) {
        now.insertBefore(child, at);
        continue;
      }
      while (at !== same) at = leave(at);
      put(same, child);
      at = same.nextSibling;
    }
    while (at) at = leave(at);
  }

  function leave(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  async function renew() {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const news = new DOMParser().parseFromString(await answer.text(), "text/html");
    // The addresses and fields of `nav` name the clock. Once they do, what is typed there is left alone.
    for (const part of due ? ["nav", ".when", "main"] : [".when", "main"]) {
      put(document.querySelector(part), news.querySelector(part));
    }
    document.body.dataset.zone = news.body.dataset.zone;
    due = false;
  }

  let asking = false;
  async function look() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      await renew();
    } catch {
      // The server is away: the next look may find it.
    }
    asking = false;
  }

  if (due) look();
  if (every) {
    setInterval(look, every);
    document.addEventListener("visibilitychange", look);
  }
})();
