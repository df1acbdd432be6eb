//! The library in scripts of other sites' pages, and the examples.

use super::{html, named, neighbours, shows};
use crate::windows::with_pages;
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::Transport;
use nowcast_tests::server::{Server, Setup, TOKEN, repository};
use nowcast_tests::site::Site;
use nowcast_tests::token::{self, KEY};
use serde_json::json;

over_every_transport![a_user_of_another_sites_page_has_the_rights_of_their_token];

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
