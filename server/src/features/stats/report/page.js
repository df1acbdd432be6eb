// Keeps the report true while it is open: asks for it again and puts in place what is different.
// What somebody opened stays open, and what did not change is not touched.
(() => {
  const every = Number(document.body.dataset.keeps) || 0;
  const parts = (root) => new Map([...root.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));

  const address = new URL(location.href);
  const zone = String(-new Date().getTimezoneOffset());
  let due = false;
  if (!address.searchParams.has("zone") && zone !== document.body.dataset.zone) {
    // The server does not know where this clock stands before it is told.
    address.searchParams.set("zone", zone);
    history.replaceState(null, "", address);
    due = true;
  }

  async function renew() {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const news = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = parts(document);
    const next = parts(news);
    const same = now.size === next.size && [...now.keys()].every((name) => next.has(name));
    if (!same) {
      // There is a part that was not there: all of it is new, and what was open is open again.
      const open = [...document.querySelectorAll("details[open]")].map((one) => one.closest("section")?.id);
      document.querySelector("main").replaceWith(document.adoptNode(news.querySelector("main")));
      for (const id of open) {
        const table = id && document.getElementById(id)?.querySelector("details");
        if (table) table.open = true;
      }
      return;
    }
    for (const [name, part] of now) {
      const html = next.get(name).innerHTML;
      if (part.innerHTML !== html) part.innerHTML = html;
    }
    if (due) {
      // Addresses and fields name the clock, too.
      const nav = document.querySelector("nav");
      nav?.replaceWith(document.adoptNode(news.querySelector("nav")));
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
