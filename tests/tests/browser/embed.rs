//! A live feed in pages of other sites.

use crate::windows::{fits, with_pages};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen, Theme};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::Transport;
use nowcast_tests::proxy::Proxy;
use nowcast_tests::server::{Server, Setup, TOKEN, repository};
use nowcast_tests::site::Site;
use nowcast_tests::token::{self, KEY};
use serde_json::{Value, json};
use std::time::Duration;

over_every_transport![
    a_feed_in_another_sites_page_follows_through_kills,
    a_user_of_another_sites_page_has_the_rights_of_their_token,
];

/// A server, and a website whose pages may read it.
async fn neighbours() -> (Server, Site) {
    let site = Site::start().await;
    let setup = Setup::new().arg(format!("--allow-origin={}", site.origin()));
    (with_pages(setup).start().await, site)
}

/// A page with this in it.
fn html(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Another site</title>\
         <meta name=viewport content='width=device-width'><body>{body}</body></html>"
    )
}

/// The script tag that puts a feed into a page.
fn tag(server: &str, attributes: &str) -> String {
    format!("<script type=module src='{server}/embed.js' data-room=main {attributes}></script>")
}

/// What stands in the shadow root of the first feed.
const ROOT: &str = "const root = document.querySelector('nowcast-feed')?.shadowRoot;
    const texts = selector => [...root?.querySelectorAll(selector) ?? []]
        .filter(it => it.checkVisibility()).map(it => it.innerText.trim());";

/// Waits until these are the items' contents, newest first.
async fn shows(browser: &Browser, contents: &[&str]) {
    let script = format!(
        "{ROOT} return JSON.stringify(texts('.content')) === JSON.stringify({})",
        json!(contents)
    );
    let limit = Duration::from_secs(40);
    browser.until_within(limit, &format!("the feed shows {contents:?}"), &script).await;
}

/// Waits until the feed says this beside its title.
async fn says(browser: &Browser, word: &str) {
    let script = format!("{ROOT} return texts('.pill')[0] === {}", json!(word));
    let limit = Duration::from_secs(40);
    browser.until_within(limit, &format!("the feed says {word:?}"), &script).await;
}

/// Waits until the feed says this in the place of items.
async fn explains(browser: &Browser, sentence: &str) {
    let script = format!("{ROOT} return texts('.said')[0]?.includes({})", json!(sentence));
    browser.until(&format!("the feed explains {sentence:?}"), &script).await;
}

/// A transport as attributes name it, and as the feed does.
fn named(transport: Transport) -> (&'static str, &'static str) {
    match transport {
        Transport::WebSocket => ("websocket", "Live by WebSocket"),
        Transport::Sse => ("sse", "Live by server-sent events"),
        Transport::LongPoll => ("poll", "Live by long polling"),
    }
}

async fn a_feed_in_another_sites_page_follows_through_kills(transport: Transport) {
    let (mut server, site) = neighbours().await;
    let (name, title) = named(transport);
    let page = html(&tag(&server.origin(), &format!("data-transport={name}")));
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", page, "")).await;
    says(&browser, "Live").await;
    explains(&browser, "Nothing here yet").await;
    let how = browser.run(&format!("{ROOT} return root.querySelector('.pill').title")).await;
    assert_eq!(how, title);

    let publisher = server.publisher();
    let wrong = publisher.say("wrong").await;
    publisher.say("stays").await;
    shows(&browser, &["stays", "wrong"]).await;
    let edit = json!({"kind": "edit", "item": wrong.id, "data": {"text": "right"}});
    assert_eq!(publisher.command(edit).await.status(), 200);
    shows(&browser, &["stays", "right"]).await;
    let marks = browser.run(&format!("{ROOT} return texts('header i')")).await;
    assert_eq!(marks, json!(["edited"]));
    let delete = json!({"kind": "delete", "item": wrong.id});
    assert_eq!(publisher.command(delete).await.status(), 200);
    shows(&browser, &["stays"]).await;

    server.kill().await;
    says(&browser, "Reconnecting…").await;
    shows(&browser, &["stays"]).await;
    server.restart().await;
    publisher.say("missed").await;
    shows(&browser, &["missed", "stays"]).await;
    publisher.say("live again").await;
    shows(&browser, &["live again", "missed", "stays"]).await;
    says(&browser, "Live").await;
    browser.close().await;
}

async fn a_user_of_another_sites_page_has_the_rights_of_their_token(transport: Transport) {
    let site = Site::start().await;
    let setup = Setup::new().arg(format!("--allow-origin={}", site.origin()));
    let mut server = with_pages(setup.env("NOWCAST_USER_KEY", KEY)).start().await;
    let options = json!({"token": token::of("ana"), "transport": named(transport).0});
    let page = format!(
        "<script type=module>
             import {{connect}} from '{origin}/nowcast.js';
             const room = window.room = connect('{origin}', {options});
             window.told = [];
             room.on('push', data => told.push(data));
             room.on('event', ({{event}}) => told.push(event.text));
         </script>",
        origin = server.origin()
    );
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html(&page), "")).await;
    browser.until("the script runs", "return window.room").await;
    let taken = browser.run("return room.say('Hello').then(it => it.offset)").await;
    assert_eq!(taken, 1);
    let refused = "return room.publish('message', {text: 'x'}).catch(error => error.code)";
    assert_eq!(browser.run(refused).await, "forbidden");

    // What was being said when the server died is said once.
    server.kill().await;
    browser
        .run("window.said = room.say('through a kill').then(it => it.offset); return true")
        .await;
    server.restart().await;
    assert_eq!(browser.run("return said").await, 2);
    let push = json!({"destination": "ana", "data": "for Ana alone", "store": true});
    let push = server.publisher().post("/api/push").json(&push).send().await.unwrap();
    assert_eq!(push.status(), 202);
    let told = "return JSON.stringify(told) === '[\"Hello\",\"through a kill\",\"for Ana alone\"]'";
    browser.until("each came once", told).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_is_not_allowed_says_so_and_shows_nothing() {
    let server =
        with_pages(Setup::new().arg("--allow-origin=https://friend.example")).start().await;
    server.publisher().say("not for everybody").await;
    let site = Site::start().await;
    let browser = Browser::open(Screen::Desk).await;
    for transport in ["auto", "websocket", "sse", "poll"] {
        let page = html(&tag(&server.origin(), &format!("data-transport={transport}")));
        browser.go(&site.page("/", page, "")).await;
        explains(&browser, "This live feed is not open to this site").await;
        explains(&browser, &format!("--allow-origin {}", site.origin())).await;
        says(&browser, "Not available").await;
        shows(&browser, &[]).await;
    }
    browser.picture("embed-not-allowed").await;
}

#[tokio::test]
async fn every_kind_is_shown_under_a_strict_policy_and_nothing_of_it_runs() {
    let (server, site) = neighbours().await;
    publish_all_kinds(&server.publisher()).await;
    let hostile = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "[x](javascript:window.hacked=3)",
        "<iframe srcdoc=\"<script>parent.hacked=7</script>\"></iframe>",
    ];
    for text in hostile {
        server.publisher().say(text).await;
    }
    let origin = server.origin();
    let socket = origin.replace("http", "ws");
    let policy = format!(
        "default-src 'none'; script-src {origin}; connect-src {origin} {socket}; img-src {origin}; \
         require-trusted-types-for 'script'; trusted-types nowcast"
    );
    let page = html(&tag(&origin, "data-limit=30"));
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", page, &policy)).await;
    let shown = format!(
        "{ROOT} const found = selector => root.querySelector(`.content ${{selector}}`);
         const picture = found('figure img');
         picture?.scrollIntoView();
         return root?.querySelectorAll('.item').length === {}
             && picture?.naturalWidth === 480 && picture.alt === 'Sunrise over the sea'
             && found('a.card strong').innerText === 'The programme'
             && found('.prose strong').innerText === 'seven'
             && [...root.querySelectorAll('header b')].some(it => it.innerText === 'Ines')
             && found('.from a').innerText === 'Mastodon · example.org'
             && [...root.querySelectorAll('th[scope=row]')].some(it => it.innerText === 'home')",
        8 + hostile.len()
    );
    browser.until("all kinds are shown", &shown).await;
    let links = format!("{ROOT} return [...root.querySelectorAll('a')].map(it => it.protocol)");
    for scheme in browser.run(&links).await.as_array().unwrap() {
        assert!(scheme == "https:" || scheme == "http:", "{scheme}");
    }
    assert_eq!(browser.run("return window.hacked ?? null").await, Value::Null);
    browser.close().await;
}

/// Of each kind one or two, as a newsroom would.
async fn publish_all_kinds(publisher: &Api) {
    publisher.say("Doors open at **seven**. Bring a [ticket](https://example.org/tickets).").await;
    let programme = json!({"url": "https://example.org/programme", "title": "The programme",
        "description": "Who plays when, and where to sit: all three stages on one page."});
    publisher.publish("link", programme).await;
    let bytes = include_bytes!("../../fixtures/sunrise.png").to_vec();
    let upload = publisher.post("/api/rooms/main/uploads").body(bytes).send().await.unwrap();
    let upload: Value = upload.json().await.unwrap();
    let image = json!({"url": upload["url"], "alt": "Sunrise over the sea",
        "width": upload["width"], "height": upload["height"]});
    publisher.publish("image", image).await;
    let post = json!({"user": "Ines", "text": "First in the queue! See https://example.org/queue.",
        "source": "Mastodon", "url": "https://example.org/@ines/1"});
    publisher.publish("post", post).await;
    publisher.publish("custom", json!({"home": 2, "away": 1, "minute": 73})).await;
    let rows = json!([{"team": "Lions", "points": 12}, {"team": "Bears", "points": 9}]);
    publisher.publish("custom", rows).await;
    publisher.say("> A quote, and a list:\n\n- one\n- two with `code`\n").await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
    publisher.say(format!("{long} and a text that goes on for longer than a line is wide.")).await;
}

#[tokio::test]
async fn how_it_looks_light_dark_and_narrow() {
    let (server, site) = neighbours().await;
    let title = server.admin().await.put("/api/rooms/main").json(&json!({"title": "Summer night"}));
    assert!(title.send().await.unwrap().status().is_success());
    publish_all_kinds(&server.publisher()).await;
    let origin = server.origin();
    let feed = |attributes: &str, width: &str| {
        format!(
            "<div style='width:{width}'><nowcast-feed room=main {attributes}></nowcast-feed></div>"
        )
    };
    // In the head it only makes the element known.
    let body = format!(
        "<style>body{{margin:0;display:flex;gap:24px;padding:24px;background:light-dark(#e4e2dc,#000)}}\
         :root{{color-scheme:light dark}}</style>{}{}",
        feed("", "840px"),
        feed("limit=4", "320px")
    );
    let wide = html(&body).replace("<body>", &format!("<head>{}</head><body>", tag(&origin, "")));
    let page = site.page("/wide", wide, "");
    let ready = "const feeds = [...document.querySelectorAll('nowcast-feed')];
         return feeds.length === 2 && feeds.every(it => it.state === 'live'
             && [...it.shadowRoot.querySelectorAll('img')].every(it => it.complete))";
    let browser = Browser::open(Screen::Desk).await;
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        browser.prefer(theme).await;
        browser.go(&page).await;
        browser.until("both are live", ready).await;
        browser.picture(&format!("embed-{name}")).await;
    }
    let narrow = format!("<style>body{{margin:0}}</style>{}", tag(&origin, "data-theme=dark"));
    let phone = Browser::open(Screen::Phone).await;
    phone.prefer(Theme::Light).await;
    phone.go(&site.page("/phone", html(&narrow), "")).await;
    says(&phone, "Live").await;
    phone.picture("embed-phone-dark-by-attribute").await;
    let small = format!(
        "<style>body{{margin:0}}nowcast-feed{{width:320px;--nowcast-live:#0a7d4f;--nowcast-radius:0;\
         --nowcast-max-height:640px}}nowcast-feed::part(head){{border-bottom:2px solid #0a7d4f}}</style>{}",
        tag(&origin, "data-heading='What happens'")
    );
    phone.go(&site.page("/small", html(&small), "")).await;
    says(&phone, "Live").await;
    fits(&phone).await;
    phone.picture("embed-320-styled-by-its-page").await;
    let scrolls = format!(
        "{ROOT} const body = root.querySelector('.body');
        return body.tabIndex === 0 && body.scrollHeight > body.clientHeight"
    );
    phone.until("what scrolls can be reached by keys", &scrolls).await;
    let arabic = "تفتح الأبواب في الساعة **السابعة**. أحضر [تذكرة](https://example.org).";
    server.publisher().say(arabic).await;
    let right_to_left = html(&tag(&origin, "data-limit=5")).replace("<html", "<html dir=rtl");
    phone.go(&site.page("/rtl", right_to_left, "")).await;
    says(&phone, "Live").await;
    fits(&phone).await;
    phone.picture("embed-right-to-left").await;
    phone.close().await;
    browser.close().await;
}

#[tokio::test]
async fn a_custom_item_has_the_limits_and_the_words_of_the_page() {
    let (server, site) = neighbours().await;
    let publisher = server.publisher();
    let (deep, rows): (Value, Vec<_>) = (
        (0..60).fold(json!(1), |deep, _| json!({"a": deep})),
        (0..40).map(|n| json!({"n": n})).collect(),
    );
    for data in [
        json!({"k": (0..50).map(|n| (format!("k{n}"), n.into())).collect::<serde_json::Map<_, _>>()}),
        json!({"extra": true, "none": null, "": "", "no": [], "nil": {}, "tags": ["a", 1, false],
            "b": "<b>x</b>", "mixed": [1, {"a": 2}]}),
        json!([{"team": "A", "points": 3}, {"team": "B", "note": "late"}]),
        deep,
        vec![json!(rows); 40].into(),
        json!("x".repeat(5000)),
        json!((0..25).collect::<Vec<_>>()),
        json!("two\nlines"),
    ] {
        publisher.publish("custom", data).await;
    }
    let origin = server.origin();
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/tables", html(&tag(&origin, "data-limit=20")), "")).await;
    let shown = |place: &str, all: &str| {
        format!(
            "{place}; const all = [...root?.querySelectorAll('{all}') ?? []];
             return all.length === 8 && all.map(it => it.textContent)"
        )
    };
    let embedded = shown(ROOT, "[part~=content] > :is(.table, .prose)");
    let embedded = browser.until("the feed shows all", &embedded).await;
    browser.go(&origin).await;
    let page = shown("const root = document", ".feed .custom");
    let page = browser.until("the page shows all", &page).await;
    assert_eq!(embedded, page);
    browser.close().await;
}

#[tokio::test]
async fn feeds_of_one_room_share_a_connection_and_scripts_draw_items_of_their_own() {
    let (server, site) = neighbours().await;
    let proxy = Proxy::start(server.address()).await;
    let origin = proxy.origin();
    server.publisher().publish("custom", json!({"goal": "Lions"})).await;
    server.publisher().say("plain").await;
    let body = format!(
        "<script>document.addEventListener('nowcast:item', event => {{
             const {{item, element}} = event.detail;
             if (item.kind !== 'custom') return;
             event.preventDefault();
             element.append(`GOAL for the ${{item.data.goal}}`);
         }});</script>
         <main></main>{}{}<nowcast-feed room=main limit=1></nowcast-feed>",
        tag(&origin, ""),
        tag(&origin, "data-limit=1")
    );
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/", html(&body), "")).await;
    shows(&browser, &["plain", "GOAL for the Lions"]).await;
    let counts = "return JSON.stringify([...document.querySelectorAll('nowcast-feed')]
         .map(it => it.shadowRoot.querySelectorAll('.item').length))";
    browser.until("each shows as many as it should", &format!("{counts} === '[2,1,1]'")).await;
    let sockets = |seen: Vec<String>| seen.iter().filter(|path| path.contains("/ws?")).count();
    assert_eq!(sockets(proxy.seen()), 1, "{:?}", proxy.seen());

    // A script that is added later is no other module, and still asks for a feed.
    let added = format!(
        "const script = Object.assign(document.createElement('script'),
             {{type: 'module', src: '{origin}/embed.js'}});
         script.dataset.limit = 2;
         document.body.append(script)"
    );
    browser.run(&added).await;
    browser.until("there is one more", &format!("{counts} === '[2,1,1,2]'")).await;

    // Moving one keeps it, removing one does not end the others'.
    browser
        .run("document.querySelector('main').append(document.querySelector('nowcast-feed'))")
        .await;
    browser.run("document.querySelectorAll('nowcast-feed')[1].remove()").await;
    server.publisher().say("to those that are left").await;
    shows(&browser, &["to those that are left", "plain", "GOAL for the Lions"]).await;
    assert_eq!(sockets(proxy.seen()), 1);
    // Whoever is far from the server is told so, and sees what there is.
    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    says(&browser, "Reconnecting…").await;
    let unreachable =
        "const feed = document.body.appendChild(document.createElement('nowcast-feed'));
         feed.setAttribute('transport', 'poll');";
    browser.run(unreachable).await;
    let told = "return [...document.querySelectorAll('nowcast-feed')].at(-1).shadowRoot
         .querySelector('.said').innerText.startsWith('This live feed cannot be reached')";
    browser.until("one that shows nothing says why", told).await;
    browser.picture("embed-unreachable").await;
    proxy.set(|rules| rules.refuse_all = false);
    says(&browser, "Live").await;
    // Another room is another connection; one that is not there is said.
    browser.run("document.querySelector('nowcast-feed').setAttribute('room', 'nowhere')").await;
    explains(&browser, "There is no such live feed").await;
    browser.close().await;
}

#[tokio::test]
async fn the_library_works_in_other_sites_pages_as_a_module_and_as_a_classic_script() {
    let (server, site) = neighbours().await;
    let origin = server.origin();
    let told = "room.on('item', item => document.body.append(` ${item.data.text}.`));
         room.on('state', ({state, transport}) => window.state = `${state} ${transport}`);";
    let pages = [
        format!(
            "<script type=module>import {{connect}} from '{origin}/nowcast.js';
             const room = window.room = connect('{origin}'); {told}</script>"
        ),
        format!(
            "<script src='{origin}/nowcast.classic.js'></script>
             <script>const room = window.room = nowcast.connect('{origin}'); {told}</script>"
        ),
    ];
    let browser = Browser::open(Screen::Desk).await;
    for (number, page) in pages.iter().enumerate() {
        browser.go(&site.page(&format!("/{number}"), html(page), "")).await;
        browser.until("it is open", "return window.state === 'open websocket'").await;
        server.publisher().say(format!("Hello {number}")).await;
        let heard = format!("return document.body.innerText.includes('Hello {number}.')");
        browser.until("the item comes", &heard).await;
        // Whoever visits another site has no rights here by that.
        let refused = "return room.publish('message', {text: 'x'}).catch(error => error.code)";
        assert_eq!(browser.run(refused).await, "foreign_origin");
    }
    // Where there is no page at all.
    let worker = format!(
        "const code = `import {{connect}} from '{origin}/nowcast.js';
             const room = connect('{origin}', {{transport: 'sse'}});
             room.on('snapshot', ({{items}}) => postMessage(items.length));`;
         const address = URL.createObjectURL(new Blob([code], {{type: 'text/javascript'}}));
         const worker = new Worker(address, {{type: 'module'}});
         return new Promise((resolve, reject) => {{
             worker.onmessage = ({{data}}) => resolve(data);
             worker.onerror = reject;
         }}).finally(() => worker.terminate())"
    );
    assert_eq!(browser.run(&worker).await, 2);
    // Without the library, too.
    let plain = format!(
        "const at = path => fetch('{origin}/api/rooms/main/' + path);
         return Promise.all([
             at('items').then(it => it.json()).then(it => it.items.length),
             at('chat').then(it => it.json()).then(it => it.said.length),
             at('chat/lines?wait=0').then(it => it.headers.get('nowcast-next') !== null),
         ])"
    );
    assert_eq!(browser.run(&plain).await, json!([2, 0, true]));
    let published = format!(
        "return import('{origin}/nowcast.js').then(({{connect}}) => {{
             const program = connect('{origin}', {{token: '{TOKEN}'}});
             return program.publish('message', {{text: 'by token'}}).finally(() => program.close());
         }})"
    );
    assert_eq!(browser.run(&published).await["offset"], 3);
    browser.close().await;
}

/// An example, as somebody would adapt it: with the address of their server.
fn example(name: &str, server: &Server) -> String {
    let text = std::fs::read_to_string(repository().join("examples").join(name)).unwrap();
    text.replace("http://127.0.0.1:8080", &server.origin())
}

#[tokio::test]
async fn the_examples_show_what_is_published() {
    let (server, site) = neighbours().await;
    let publisher = server.publisher();
    publisher.say("Doors open at seven").await;
    publisher.publish("custom", json!({"home": 2, "away": 1})).await;
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/embed", example("embed.html", &server), "")).await;
    shows(&browser, &["It stands 2 : 1", "Doors open at seven"]).await;
    browser.picture("embed-example").await;

    browser.go(&site.page("/page", example("page.html", &server), "")).await;
    let texts =
        "return JSON.stringify([...document.querySelectorAll('li')].map(it => it.innerText))
         === JSON.stringify(['live', '{\"away\":1,\"home\":2}', 'Doors open at seven'])";
    browser
        .until("it is live", "return document.body.innerText.includes('Live by websocket')")
        .await;
    publisher.say("live").await;
    browser.until("the page shows all", texts).await;
    browser.fill("input[name=text]", "Hello\u{e007}").await;
    let why = "return document.querySelector('output').value.includes('another site')";
    browser.until("why nothing was said stands beside the form", why).await;
    browser.close().await;
}
