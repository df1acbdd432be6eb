//! Who may do what: logins, cookies, other sites' pages, `--open`.

use futures_util::{SinkExt, StreamExt};
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{PASSWORD, Server, Setup};
use nowcast_tests::wait::in_time;
use reqwest::Response;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

over_every_transport![
    an_open_house_says_so_and_lets_anyone_publish,
    a_page_with_the_admins_cookie_and_a_foreign_origin_is_not_the_admin,
];

pub(super) const ITEMS: &str = "/api/rooms/main/items";

pub(super) fn message() -> Value {
    json!({"kind": "message", "data": {"text": "Hi"}})
}

pub(super) async fn try_login(api: &Api, password: &str) -> Response {
    let request = api.post("/api/login").json(&json!({"password": password}));
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn a_login_gives_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let server = Server::start().await;
    let answer = expect_status(try_login(&server.visitor(), PASSWORD).await, 204).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let attributes: Vec<_> =
        cookie.split(';').skip(1).map(|part| part.trim().to_lowercase()).collect();
    for attribute in ["httponly", "samesite=strict", "path=/"] {
        assert!(attributes.iter().any(|has| has == attribute), "{cookie} has no {attribute}");
    }
    assert!(!attributes.iter().any(|has| has == "secure"), "without TLS it would not come back");
    assert!(!attributes.iter().any(|has| has.starts_with("domain")), "{cookie}");
    let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
    assert!(value.len() >= 22, "a session has at least 128 random bits");
    let again = expect_status(try_login(&server.visitor(), PASSWORD).await, 204).await;
    assert_ne!(again.headers()["set-cookie"], cookie, "every login is another session");
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_tls_alone() {
    let server = Server::start().await;
    let request = server.visitor().post("/api/login").json(&json!({"password": PASSWORD}));
    let answer = request.header("x-forwarded-proto", "https").send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_lowercase();
    assert!(cookie.contains("; secure"), "{cookie}");
}

#[tokio::test]
async fn a_login_survives_a_restart_and_ends_with_the_logout() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    server.kill().await;
    server.restart().await;
    assert_eq!(admin.json("/api/me").await["role"], "admin");
    admin.say("after the restart").await;

    let other = server.admin().await;
    let answer = expect_status(admin.post("/api/logout").send().await.unwrap(), 204).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_lowercase();
    assert!(cookie.contains("max-age=0") || cookie.contains("1970"), "{cookie}");
    assert_eq!(admin.json("/api/me").await["role"], "viewer", "the cookie is worth nothing now");
    let answer = admin.post(ITEMS).json(&message()).send().await.unwrap();
    expect_problem(answer, 401, "unauthorized").await;
    assert_eq!(other.json("/api/me").await["role"], "admin", "another login goes on");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_guessing_is_slowed_down() {
    let server = Server::start().await;
    let visitor = server.visitor();
    expect_problem(try_login(&visitor, "wrong").await, 401, "wrong_password").await;
    expect_problem(try_login(&visitor, "").await, 401, "wrong_password").await;
    for _ in 0..50 {
        let answer = try_login(&visitor, "still wrong").await;
        if answer.status() == 429 {
            let wait = answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
            assert!((1..=3600).contains(&wait), "{wait} s");
            expect_problem(answer, 429, "rate_limited").await;
            // A guess that would be right is not told so either.
            expect_problem(try_login(&visitor, PASSWORD).await, 429, "rate_limited").await;
            // What does not need the password goes on.
            server.publisher().say("undisturbed").await;
            return;
        }
        expect_problem(answer, 401, "wrong_password").await;
    }
    panic!("fifty guesses were answered");
}

#[tokio::test]
async fn me_says_who_one_is_and_what_one_may() {
    let server = Server::start().await;
    let me = server.visitor().json("/api/me").await;
    assert_eq!(
        (&me["role"], &me["may"], &me["open"]),
        (&json!("viewer"), &json!([]), &json!(false))
    );

    let me = server.publisher().json("/api/me").await;
    assert_eq!(me["role"], "publisher");
    let may: Vec<_> = me["may"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(may.contains(&"publish") && may.contains(&"upload"), "{may:?}");
    assert!(!may.contains(&"buttons") && !may.contains(&"settings"), "{may:?}");

    let admin = server.admin().await;
    let me = admin.json("/api/me").await;
    assert_eq!(me["role"], "admin");
    let may = me["may"].as_array().unwrap();
    for what in ["publish", "edit", "delete", "upload", "buttons", "settings"] {
        assert!(may.contains(&json!(what)), "{may:?} lacks {what}");
    }
    assert!(me["id"].as_str().unwrap().starts_with('p'));
    let features = me["features"].as_array().unwrap();
    assert!(features.contains(&json!("stats")) && !features.contains(&json!("compat")));

    let stranger = Api::new(server.origin(), Credential::Token("not a token of ours".to_owned()));
    let answer = stranger.get("/api/me").send().await.unwrap();
    expect_problem(answer, 401, "unauthorized").await;
}

#[tokio::test]
async fn what_is_published_carries_its_senders_name_and_role() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let answer = admin.put("/api/me").json(&json!({"name": "Ana"})).send().await.unwrap();
    let me: Value = expect_status(answer, 200).await.json().await.unwrap();
    assert_eq!(me["name"], "Ana");
    // What a sender says about itself in the body does not matter.
    let body =
        json!({"kind": "message", "data": {"text": "Hi"}, "by": {"role": "user", "id": "p1"}});
    let answer = admin.post(ITEMS).json(&body).send().await.unwrap();
    expect_status(answer, 201).await;
    server.publisher().say("Ho").await;

    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let by: Vec<_> =
        page.snapshot().items.iter().map(|item| serde_json::to_value(&item.by).unwrap()).collect();
    assert_eq!((&by[0]["role"], &by[0]["name"]), (&json!("admin"), &json!("Ana")));
    assert_eq!(by[0]["id"], me["id"]);
    assert_eq!(by[1]["role"], "publisher");
    assert_ne!(by[0]["id"], by[1]["id"]);
}

#[tokio::test]
async fn requests_with_a_cookie_from_another_sites_page_are_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let bare = |method, path: &str| {
        let request = server.visitor().request(method, path).header("cookie", admin.cookie());
        request.json(&message())
    };
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in foreign {
        for (method, path) in [
            (reqwest::Method::POST, ITEMS),
            (reqwest::Method::POST, "/api/rooms/main/commands"),
            (reqwest::Method::POST, "/api/rooms/main/uploads"),
            (reqwest::Method::POST, "/api/rooms/main/buttons"),
            (reqwest::Method::PUT, "/api/rooms/main"),
            (reqwest::Method::PUT, "/api/me"),
            (reqwest::Method::POST, "/api/logout"),
        ] {
            let answer = bare(method, path).header(name, value).send().await.unwrap();
            expect_problem(answer, 403, "foreign_origin").await;
        }
    }
    let ours = bare(reqwest::Method::POST, ITEMS).header("sec-fetch-site", "same-origin");
    let ours = ours.header("origin", server.origin()).send().await.unwrap();
    expect_status(ours, 201).await;

    let program = server.publisher().post(ITEMS).header("origin", "https://evil.example");
    let answer = program.json(&message()).send().await.unwrap();
    expect_status(answer, 201).await;
}

async fn a_page_with_the_admins_cookie_and_a_foreign_origin_is_not_the_admin(transport: Transport) {
    let server = Setup::new().arg("--allow-origin=https://evil.example").start().await;
    let admin = server.admin().await;
    // The page thinks that it is elsewhere, and so sends that as its origin; the request still
    // arrives here, as one does that another site's page makes.
    let foreign = format!("http://localhost:{}", server.address().port());
    let request = server
        .visitor()
        .post("/api/rooms/main/commands?client=0123456789abcdef")
        .header("cookie", admin.cookie())
        .header("origin", &foreign)
        .json(&json!({"command": {"kind": "publish", "item": message()}}));
    expect_problem(request.send().await.unwrap(), 403, "foreign_origin").await;

    if transport == Transport::WebSocket {
        let address = format!("ws://{}/api/rooms/main/ws", server.address());
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", admin.cookie().parse().unwrap());
        headers.insert("origin", "https://evil.example".parse().unwrap());
        headers.insert("sec-websocket-protocol", "nowcast.v1".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let command = json!({"t": "command", "id": "k1",
            "command": {"kind": "publish", "item": message()}});
        socket.send(Message::text(command.to_string())).await.unwrap();
        let answer = in_time("the answer to the command", async {
            loop {
                let message = socket.next().await.expect("the socket is open").unwrap();
                let frame: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
                if frame["command"] == "k1" {
                    return frame;
                }
            }
        })
        .await;
        assert_eq!((&answer["t"], &answer["code"]), (&json!("reject"), &json!("foreign_origin")));
    }
    let page = Joining::new(transport, server.origin()).open().await;
    assert!(page.snapshot().items.is_empty(), "nothing of it was published");
}

async fn an_open_house_says_so_and_lets_anyone_publish(transport: Transport) {
    let server = Setup::new().arg("--open").start().await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    assert!(page.open_house());
    let answer = page.command(json!({"kind": "publish", "item": message()})).await;
    assert_eq!(answer.offset(), 1);
    let published = server.visitor().say("without a token").await;
    let edit = json!({"kind": "edit", "item": published.id, "data": {"text": "edited"}});
    assert_eq!(page.command(edit).await.offset(), 3);
    let delete = json!({"kind": "delete", "item": published.id});
    assert_eq!(page.command(delete).await.offset(), 4);
    assert_eq!(page.next_events(4).await.len(), 4);

    let me = server.visitor().json("/api/me").await;
    assert_eq!((&me["role"], &me["open"]), (&json!("viewer"), &json!(true)));
    let may: Vec<_> = me["may"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for what in ["publish", "edit", "delete", "upload"] {
        assert!(may.contains(&what), "{may:?}");
    }
    assert!(!may.contains(&"settings") && !may.contains(&"buttons"), "{may:?}");
    let answer = server.visitor().put("/api/rooms/main").json(&json!({"title": "Mine"}));
    let answer = answer.send().await.unwrap();
    assert!(matches!(answer.status().as_u16(), 401 | 403), "settings stay the admin's");
}
