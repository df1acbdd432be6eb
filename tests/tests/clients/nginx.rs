//! Behind nginx, by the recipes of `docs/nginx.md`, which are read from there.

use super::compat::{self, feed, read, stamp, texts, waits};
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::document::example;
use nowcast_tests::nginx::{self, Nginx};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{PASSWORD, Server, Setup, TOKEN};
use nowcast_tests::wait::{eventually, in_time};
use reqwest::Client;
use serde_json::{Value, json};

over_every_transport![pages_follow_the_room_behind_nginx_and_resume_when_the_server_was_killed,];

const SUNRISE: &[u8] = include_bytes!("../../fixtures/sunrise.png");

/// A server, and nginx before all of it.
async fn site(setup: Setup) -> (Server, Nginx) {
    let server = setup.arg("--trust-proxy").start().await;
    let nginx = Nginx::start("site", &server).await;
    (server, nginx)
}

fn at(nginx: &Nginx, credential: Credential) -> Api {
    Api::new(nginx.origin(), credential)
}

fn publisher(nginx: &Nginx) -> Api {
    at(nginx, Credential::Token(TOKEN.to_owned()))
}

async fn pages_follow_the_room_behind_nginx_and_resume_when_the_server_was_killed(
    transport: Transport,
) {
    let (mut server, nginx) = site(Setup::new()).await;
    let mut page = Joining::new(transport, nginx.origin()).open().await;
    // Each is there before the next is published: nothing is held back on the way.
    for text in ["one", "two", "three"] {
        publisher(&nginx).say(text).await;
        assert_eq!(page.next_texts(1).await, [text]);
    }
    page.command(json!({"kind": "say", "text": "Hello"})).await.offset();
    page.next_event().await;
    server.kill().await;
    server.restart().await;
    publisher(&nginx).say("while it was away").await;
    let back = eventually("the page is back", async || page.resuming().try_open().await.ok());
    let mut page = back.await;
    assert!(page.recovered());
    assert_eq!(page.next_texts(1).await, ["while it was away"]);
}

#[tokio::test]
async fn uploads_as_large_as_may_be_and_logins_go_through_nginx() {
    let (_server, nginx) = site(Setup::new()).await;
    let mut picture = SUNRISE.to_vec();
    picture.resize(10 * 1024 * 1024, 0);
    let upload = publisher(&nginx).post("/api/rooms/main/uploads").body(picture.clone());
    let told: Value = expect_status(upload.send().await.unwrap(), 201).await.json().await.unwrap();
    let shown = at(&nginx, Credential::None).get(told["url"].as_str().unwrap()).send().await;
    assert_eq!(shown.unwrap().bytes().await.unwrap(), picture);
    picture.push(0);
    let upload = publisher(&nginx).post("/api/rooms/main/uploads").body(picture).send().await;
    expect_problem(upload.unwrap(), 413, "too_large").await;

    // The origin that browsers send is the one that nginx passes on.
    let admin = at(&nginx, Credential::None).login(PASSWORD).await;
    assert_eq!(admin.json("/api/me").await["role"], "admin");
    admin.say("by cookie").await;
    let foreign = admin.post("/api/rooms/main/items").header("sec-fetch-site", "cross-site");
    let item = json!({"kind": "message", "data": {"text": "x"}});
    expect_problem(foreign.json(&item).send().await.unwrap(), 403, "foreign_origin").await;
}

#[tokio::test]
async fn wrong_passwords_behind_nginx_are_counted_for_each_visitor() {
    let (_server, nginx) = site(Setup::new()).await;
    let login = async |from: &str, forged: &str, password: &str| {
        let client = Client::builder().local_address(Some(from.parse().unwrap())).build().unwrap();
        let request = client.post(format!("{}/api/login", nginx.origin()));
        let request = request.header("x-forwarded-for", forged);
        let answer = request.json(&json!({"password": password})).send().await.unwrap();
        answer.status().as_u16()
    };
    // Whatever whoever guesses says of where it is.
    for guess in 0..5 {
        assert_eq!(login("127.0.0.2", &format!("10.0.0.{guess}"), "wrong").await, 401);
    }
    assert_eq!(login("127.0.0.2", "10.0.0.9", PASSWORD).await, 429);
    assert_eq!(login("127.0.0.3", "127.0.0.2", PASSWORD).await, 204);
}

#[tokio::test]
async fn only_the_older_pages_addresses_reach_the_server() {
    let server = compat::setup().arg("--trust-proxy").start().await;
    let nginx = Nginx::start("older", &server).await;
    let visitor = at(&nginx, Credential::None);
    let page = visitor.get("/").send().await.unwrap();
    assert_eq!(page.text().await.unwrap(), nginx::PAGE, "the site's own");
    for path in ["/api/rooms/main/items", "/admin", "/real_time_feed/x", "/healthz"] {
        let answer = visitor.get(path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
        assert!(answer.headers()["server"].to_str().unwrap().starts_with("nginx"), "{path}");
    }

    let send = async |path: &str, fields: &[(&str, &str)]| {
        let fields: Vec<_> = fields.iter().chain(&[("token", TOKEN)]).collect();
        let answer = visitor.post(path).form(&fields).send().await.unwrap();
        expect_status(answer, 200).await.text().await.unwrap()
    };
    let waiting = tokio::spawn({
        let visitor = visitor.clone();
        async move { read(compat::ask(&visitor, "?_=123").await).await }
    });
    waits(&server, 1).await;
    let item = [("type", "message"), ("text", "one")];
    assert_eq!(send("/send_feed_item", &item).await, "{}");
    let shown = in_time("news", waiting).await.unwrap();
    assert_eq!(texts(&shown), ["one"]);
    let multipart =
        "--XX\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nweather\r\n--XX--\r\n";
    let request = visitor.post("/send_feed_item").header("token", TOKEN).body(multipart);
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    expect_status(request.send().await.unwrap(), 200).await;
    assert_eq!(feed(&visitor, stamp(&shown[0])).await[0]["type"], "weather");

    let line = format!("/chat?name=Ana&message=Hello%20%C3%A4ll&token={TOKEN}");
    let said = expect_status(visitor.get(&line).send().await.unwrap(), 200).await;
    assert_eq!(said.text().await.unwrap(), "");
    let lines = visitor.get("/chat?name=Ana").send().await.unwrap().text().await.unwrap();
    assert_eq!(lines, "Ana : Hello \u{e4}ll\n");
    let lines = visitor.get("/chat?name=Ana").send().await.unwrap();
    assert_eq!(expect_status(lines, 200).await.text().await.unwrap(), "", "after 4.5 s");

    for path in ["/push", "/"] {
        assert_eq!(send(path, &[("destination", "ana"), ("data", "x")]).await, "");
        let refused = visitor.post(path).form(&[("destination", "ana"), ("data", "x")]);
        expect_problem(refused.send().await.unwrap(), 401, "unauthorized").await;
    }
}

#[tokio::test]
async fn a_page_behind_nginx_that_is_gone_does_not_wait_any_more() {
    let server = compat::setup().start().await;
    let nginx = Nginx::start("older", &server).await;
    let visitor = at(&nginx, Credential::None);
    let waiting = tokio::spawn(async move { compat::ask(&visitor, "").await });
    waits(&server, 1).await;
    waiting.abort();
    waits(&server, 0).await;
}

#[test]
fn the_recipes_wait_longer_than_any_request_does() {
    for recipe in ["site", "older"] {
        let text = example("docs/nginx.md", recipe);
        let seconds = text.lines().find_map(|line| {
            line.trim().strip_prefix("proxy_read_timeout ")?.strip_suffix("s;")?.parse().ok()
        });
        // As long as a request for items waits, if nobody says otherwise; nothing else waits longer.
        let longest = 60;
        assert!(seconds.is_some_and(|seconds: u32| seconds > longest), "{recipe}: {seconds:?}");
    }
}
