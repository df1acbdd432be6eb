//! What an admin does about sources: a stream outside is followed, looked at first, stopped, and
//! says why it fails.

use crate::pictures::pictures;
use crate::statistics::total;
use crate::windows::{Desk, Feed, fits, with_pages};
use nowcast_tests::api::Api;
use nowcast_tests::browser::{Browser, Screen};
use nowcast_tests::outside::{Answer, Live, Outside};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

/// A server that may follow what runs on this machine.
pub(crate) async fn following() -> Server {
    with_pages(Setup::new().arg("--allow-private-sources")).start().await
}

/// A post as a microblog has it.
pub(crate) fn post(id: u32, who: &str, text: &str) -> Value {
    json!({"id_str": id.to_string(), "user": {"screen_name": who}, "text": text})
}

/// A source of lines of JSON; `more` is what else it is set to.
pub(crate) async fn made(admin: &Api, name: &str, url: &str, more: Value) -> String {
    let mut body = json!({"room": "main", "name": name, "kind": "ndjson", "format": "microblog",
        "url": url, "running": true});
    let more = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(more);
    let answer = admin.post("/api/sources").json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 201, "{body}");
    let made: Value = answer.json().await.expect("JSON");
    made["id"].as_str().expect("an id").to_owned()
}

/// Goes to the sources.
pub(crate) async fn to_sources(desk: &Desk, screen: Screen) {
    if screen == Screen::Phone {
        desk.press("nav", "Room").await;
        desk.press(".side-tabs", "Sources").await;
    } else {
        desk.press(".modes", "Sources").await;
    }
}

/// Waits until something stands somewhere in the sources.
async fn says(browser: &Browser, text: &str) {
    let script =
        format!("return document.querySelector('.sources')?.innerText.includes({})", json!(text));
    browser.until(&format!("the sources say {text:?}"), &script).await;
}

/// Waits until the source of this name is in this state.
async fn is(browser: &Browser, name: &str, state: &str) {
    let script = format!(
        "return [...document.querySelectorAll('.source')]
             .some(it => it.dataset.state === {} && it.querySelector('h3').innerText === {})",
        json!(state),
        json!(name)
    );
    browser.until(&format!("{name} is {state}"), &script).await;
}

/// Waits until a figure of the only source has this value.
async fn counts(browser: &Browser, figure: &str, value: &str) {
    let script = format!(
        "return [...document.querySelectorAll('.figures div')]
             .some(it => it.innerText.includes({}) && it.querySelector('dd').innerText === {})",
        json!(figure),
        json!(value)
    );
    browser.until(&format!("{value} {figure}"), &script).await;
}

async fn choose(desk: &Desk, control: &str) {
    let script = format!(
        "const it = document.querySelector({}); it?.click(); return it?.checked",
        json!(control)
    );
    desk.until(&format!("{control} is chosen"), &script).await;
}

/// The form of a new source of lines of JSON.
async fn fill_in(desk: &Desk, url: &str) {
    to_sources(desk, Screen::Desk).await;
    desk.press(".sources", "New source").await;
    choose(desk, "#source-kind-ndjson").await;
    desk.fill("#source-url", url).await;
}

async fn send(stream: &mut Live, posts: &[Value]) {
    for post in posts {
        stream.line(post).await;
    }
}

#[tokio::test]
async fn a_tracked_stream_is_approved_is_seen_by_viewers_and_is_counted() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let feed = Feed::open(&server.origin(), Screen::Phone).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    fill_in(&desk, &outside.url("/stream")).await;
    desk.fill("#source-name", "Harbour").await;
    desk.fill("#source-words", "harbour, ships").await;
    desk.run("document.querySelector('.source-form [role=switch]').click()").await;
    desk.press(".source-form", "Make the source").await;
    let mut stream = outside.live("/stream").await;
    is(&desk, "Harbour", "following").await;
    send(
        &mut stream,
        &[
            post(1, "ana", "Tall ships at the quay"),
            post(2, "ben", "What a day"),
            post(3, "chidi", "Is the HARBOUR open tonight?"),
        ],
    )
    .await;
    counts(&desk, "came", "3").await;
    counts(&desk, "left out", "1").await;
    says(&desk, "1 without your words").await;
    let mark =
        "return document.querySelector('.side-tabs .queued-mark')?.innerText.startsWith('2')";
    desk.until("two wait, and every part of the desk says so", mark).await;
    assert_eq!(feed.run("return document.querySelectorAll('article').length").await, 0);

    desk.run("document.querySelector('#side-tab-queue').click()").await;
    let waits = "return [...document.querySelectorAll('.queued')]
         .map(it => it.querySelector('.item b').innerText).join() === 'ana,chidi'";
    desk.until("each waits as viewers will see it", waits).await;
    desk.run("document.querySelector('.queued .approve').click()").await;
    let shown = "return document.querySelectorAll('article').length === 1
         && document.querySelector('article').innerText.includes('Tall ships at the quay')";
    feed.until("viewers see what was let through", shown).await;
    counts(&desk, "to the queue", "2").await;

    let way = "const way = document.querySelector('.glance-statistics'); return way?.href";
    let way = desk.until("the desk leads to the statistics", way).await;
    desk.go(way.as_str().unwrap()).await;
    desk.until("the statistics count what came of it", &total("Items", 1)).await;
    let words = "return [...document.querySelectorAll('#words tbody th')]
         .some(word => word.textContent === 'quay')";
    desk.until("and know its words", words).await;
    desk.close().await;
    feed.close().await;
}

#[tokio::test]
async fn a_source_that_fails_says_why_and_what_it_did() {
    let outside = Outside::start().await;
    outside.always("/closed", Answer::status(401));
    let server = following().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    fill_in(&desk, &outside.url("/closed")).await;
    desk.fill("#source-name", "Closed").await;
    desk.press(".source-form", "Make the source").await;
    is(&desk, "Closed", "failed").await;
    says(&desk, "Gave up").await;
    let why = "return document.querySelector('.source-error')?.innerText.includes('401')";
    desk.until("it says why", why).await;

    outside.always("/closed", Answer::live("application/json"));
    desk.press(".source", "Try again").await;
    let stream = outside.live("/closed").await;
    is(&desk, "Closed", "following").await;
    desk.press(".source", "Stop").await;
    is(&desk, "Closed", "stopped").await;
    stream.gone().await;
    desk.press(".source", "Start").await;
    outside.live("/closed").await;
    is(&desk, "Closed", "following").await;
    desk.close().await;
}

#[tokio::test]
async fn what_a_source_would_bring_is_shown_before_it_is_made() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    fill_in(&desk, &outside.url("/stream")).await;
    desk.fill("#source-words", "harbour").await;
    desk.press(".source-form", "Show me the next 5").await;
    let mut stream = outside.live("/stream").await;
    let texts = ["The harbour is open", "Rain", "Harbour lights", "Nothing", "A harbour seal"];
    for (n, text) in (1..).zip(texts) {
        stream.line(&post(n, "ana", text)).await;
    }
    let would = "return [...document.querySelectorAll('.trial-list > li')]
         .map(it => it.dataset.would).join() === 'publish,drop,publish,drop,publish'";
    desk.until("each says what would become of it", would).await;
    says(&desk, "Left out: none of your words is in it.").await;
    says(&desk, "The harbour is open").await;
    assert_eq!(desk.run("return document.querySelectorAll('.side article.item').length").await, 0);
    let sources = server.admin().await.json("/api/sources?room=main").await;
    assert_eq!(sources["sources"], json!([]), "nothing was made");
    desk.close().await;
}

#[tokio::test]
async fn a_webhook_is_tested_by_sending_something_to_its_address() {
    let server = with_pages(Setup::new()).start().await;
    let admin = server.admin().await;
    let hook = json!({"kind": "webhook", "format": "post", "url": null, "running": false,
        "auth": {"kind": "bearer"}, "secret": "open-sesame"});
    let id = made(&admin, "Harbour", "", hook).await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    to_sources(&desk, Screen::Desk).await;
    desk.press(".source", "Test").await;
    says(&desk, "Send something to this source now").await;
    let address = format!(
        "return document.querySelector('.trial .hook')?.textContent.includes('/api/sources/{id}')"
    );
    desk.until("it says where to", &address).await;
    let posts = ["one", "two", "three", "four", "five"].map(|text| json!({"text": text}));
    eventually("the test listens", async || {
        let delivery = server.visitor().post(&format!("/api/sources/{id}")).json(&posts);
        let delivery = delivery.header("authorization", "Bearer open-sesame");
        (delivery.send().await.expect("an answer").status() == 202).then_some(())
    })
    .await;
    let would = "return [...document.querySelectorAll('.trial-list > li')]
         .map(it => it.dataset.would).join() === 'publish,publish,publish,publish,publish'";
    desk.until("each says what would become of it", would).await;
    says(&desk, "5 records came.").await;
    pictures(&desk, Screen::Desk, "sources-webhook-tested").await;
    assert_eq!(desk.run("return document.querySelectorAll('.side article.item').length").await, 0);

    desk.press(".sources .panel-head", "All sources").await;
    desk.press(".sources", "New source").await;
    choose(&desk, "#source-kind-webhook").await;
    desk.fill("#source-secret", "another-word").await;
    desk.press(".source-form", "Show me the next 5").await;
    says(&desk, "Nobody can send to it yet.").await;
    desk.close().await;
}

#[tokio::test]
async fn a_secret_is_sent_and_kept_but_never_shown() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    fill_in(&desk, &outside.url("/stream")).await;
    desk.run("document.querySelectorAll('[name=source-auth]')[1].click()").await;
    desk.press(".source-form", "Make the source").await;
    says(&desk, "The token is missing.").await;
    let at_field = "return document.activeElement.id === 'source-secret'";
    desk.until("the cursor is where it is mended", at_field).await;
    desk.fill("#source-secret", "tok-en-of-the-harbour").await;
    desk.press(".source-form", "Make the source").await;
    let stream = outside.live("/stream").await;
    let bearer = Some("Bearer tok-en-of-the-harbour");
    assert_eq!(stream.asked.header("authorization"), bearer);

    desk.press(".source", "Edit").await;
    let kept = "const field = document.querySelector('#source-secret');
         return field?.value === '' && field.placeholder === 'Kept; type to replace'";
    desk.until("it is kept, and not shown", kept).await;
    desk.fill("#source-name", "Another name").await;
    desk.press(".source-form", "Save").await;
    let again = outside.live("/stream").await;
    assert_eq!(again.asked.header("authorization"), bearer, "saving took nothing away");
    is(&desk, "Another name", "following").await;
    let html = desk.run("return document.documentElement.outerHTML").await;
    assert!(!html.as_str().unwrap().contains("tok-en-of-the-harbour"));
    desk.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_source_is_said_at_its_field() {
    let server = with_pages(Setup::new()).start().await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    to_sources(&desk, Screen::Desk).await;
    says(&desk, "No sources yet.").await;
    desk.press(".sources", "New source").await;
    desk.press(".source-form", "Make the source").await;
    says(&desk, "What shall it follow?").await;
    desk.fill("#source-url", "news.example/feed.xml").await;
    desk.press(".source-form", "Make the source").await;
    says(&desk, "An address begins with https://.").await;
    // This one the page cannot judge; the server can.
    desk.fill("#source-url", "http://127.0.0.1:1/feed.xml").await;
    desk.press(".source-form", "Show me the next 5").await;
    let private = "return /private|this machine|allow/i.test(
         document.querySelector('.sources')?.innerText.split('What of it is shown')[0]
         + (document.querySelector('.trial')?.innerText ?? ''))";
    desk.until("private addresses are refused, with the reason", private).await;
    desk.fill("#source-per-minute", "many").await;
    desk.press(".source-form", "Make the source").await;
    says(&desk, "A whole number, or nothing for no limit.").await;
    // What was typed waits while one looks at something else.
    desk.press(".modes", "Publish").await;
    desk.press(".modes", "Sources").await;
    let typed = "return document.querySelector('#source-per-minute')?.value === 'many'";
    desk.until("what was typed is still there", typed).await;
    desk.close().await;
}

#[tokio::test]
async fn a_source_is_deleted_after_one_question() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let admin = server.admin().await;
    made(&admin, "Harbour", &outside.url("/stream"), json!({})).await;
    let stream = outside.live("/stream").await;
    let desk = Desk::log_in(&server.origin(), Screen::Desk).await;
    to_sources(&desk, Screen::Desk).await;
    desk.press(".source", "Delete").await;
    desk.press(".source .ask", "Keep").await;
    is(&desk, "Harbour", "following").await;
    desk.press(".source", "Delete").await;
    desk.press(".source .ask", "Delete").await;
    says(&desk, "No sources yet.").await;
    stream.gone().await;
    desk.close().await;
}

/// Counts what the page asks for, and which of its timers are set.
const WATCHED: &str = "
    window.looks = 0; window.waits = new Set();
    const [ask, set, clear] = [window.fetch, window.setTimeout, window.clearTimeout];
    window.fetch = (url, init) => { looks += String(url).includes('/api/sources?'); return ask(url, init); };
    window.setTimeout = (then, span, ...rest) => {
        const id = set(() => { waits.delete(id); then(...rest); }, span);
        if (span === 2000) waits.add(id);
        return id;
    };
    window.clearTimeout = id => { waits.delete(id); clear(id); };
    window.hide = hidden => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    };";

#[tokio::test]
async fn the_list_follows_while_somebody_looks_and_rests_otherwise() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    let server = following().await;
    let admin = server.admin().await;
    made(&admin, "Harbour", &outside.url("/stream"), json!({})).await;
    let desk = Desk::open(&server.origin(), Screen::Desk).await;
    desk.before_every_page(WATCHED).await;
    desk.reload().await;
    desk.asks_to_log_in().await;
    desk.enter(nowcast_tests::server::PASSWORD).await;
    desk.is_open().await;
    to_sources(&desk, Screen::Desk).await;
    desk.until("it looks again and again", "return looks >= 3").await;
    desk.until("it is about to look again", "return waits.size === 1 && (hide(true), true)").await;
    assert_eq!(desk.run("return waits.size").await, 0, "nobody looks: it rests");
    desk.run("window.before = looks; hide(false)").await;
    desk.until("somebody looks again: it goes on", "return looks >= before + 2").await;
    desk.until("it is about to look again", "return waits.size === 1").await;
    desk.press(".modes", "Publish").await;
    desk.until("another part is shown: it rests", "return waits.size === 0").await;
    desk.close().await;
}

#[tokio::test]
async fn every_state_of_the_sources() {
    let outside = Outside::start().await;
    outside.always("/stream", Answer::live("application/json"));
    outside.always("/closed", Answer::status(401));
    outside.always("/busy", Answer::status(429).header("retry-after", "600"));
    let server = following().await;
    let empty = Desk::log_in(&server.origin(), Screen::Desk).await;
    let phone = Desk::log_in(&server.origin(), Screen::Phone).await;
    for (desk, screen) in [(&empty, Screen::Desk), (&phone, Screen::Phone)] {
        to_sources(desk, screen).await;
        says(desk, "No sources yet.").await;
        pictures(desk, screen, "sources-empty").await;
        desk.press(".sources", "New source").await;
        desk.until("the form is there", "return document.querySelector('#source-url')").await;
        pictures(desk, screen, "sources-new").await;
        desk.press(".source-form", "Make the source").await;
        says(desk, "What shall it follow?").await;
        pictures(desk, screen, "sources-wrong").await;
        desk.press(".sources .panel-head", "All sources").await;
    }

    let admin = server.admin().await;
    let words = json!({"filter": {"words": ["harbour", "tall ships"], "languages": [],
        "blocked": [], "repeats": true}, "approval": true, "per_minute": 60});
    made(&admin, "Harbour on the microblog", &outside.url("/stream"), words).await;
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk";
    made(&admin, long, &outside.url("/closed"), json!({})).await;
    made(&admin, "The town", &outside.url("/busy"), json!({})).await;
    made(&admin, "עיר הנמל", &outside.url("/stream"), json!({"running": false})).await;
    let hook = json!({"kind": "webhook", "format": "github", "url": null,
        "auth": {"kind": "hmac"}, "secret": "a secret of some length"});
    made(&admin, "GitHub", "", hook).await;
    let mut stream = outside.live("/stream").await;
    let posts = [
        post(1, "ana", "Tall ships in the harbour, the first of them at seven"),
        post(2, "ben", "What a day"),
        post(3, "chidi", "Is the harbour open tonight? Nobody here at the gate knows."),
        post(4, "נועה", "harbour: הנמל פתוח הערב"),
    ];
    send(&mut stream, &posts).await;
    for (desk, screen) in [(&empty, Screen::Desk), (&phone, Screen::Phone)] {
        is(desk, "Harbour on the microblog", "following").await;
        is(desk, long, "failed").await;
        is(desk, "The town", "waiting").await;
        let held = "return document.querySelectorAll('.source').length === 5
             && document.querySelector('.figures').innerText.includes('to the queue')";
        desk.until("all that came is counted", held).await;
        pictures(desk, screen, "sources").await;
        fits(desk).await;
        desk.press(".source", "Delete").await;
        pictures(desk, screen, "sources-delete").await;
        desk.press(".source .ask", "Keep").await;
        desk.press(".source", "Edit").await;
        desk.press(".fold", "More: languages, authors, headers, the map").await;
        desk.until(
            "the map is there",
            "return document.querySelector('#source-place-text')?.value",
        )
        .await;
        pictures(desk, screen, "sources-edit").await;
        desk.run("document.querySelector('.map').scrollIntoView({behavior: 'instant'})").await;
        pictures(desk, screen, "sources-map").await;
        fits(desk).await;
        desk.press(".source-form", "Show me the next 5").await;
        let mut tried = outside.live("/stream").await;
        says(desk, "Listening for the next 5").await;
        pictures(desk, screen, "sources-testing").await;
        send(&mut tried, &posts).await;
        tried.line(&post(5, "dana", "The harbour at night")).await;
        let tested = "return document.querySelectorAll('.trial-list > li').length === 5";
        desk.until("it shows the next five", tested).await;
        pictures(desk, screen, "sources-tested").await;
        fits(desk).await;
        desk.press(".sources .panel-head", "All sources").await;
    }
    empty.close().await;
    phone.close().await;
}
