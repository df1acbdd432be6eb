//! Who may do what: logins, tokens, first-run credentials, `--open`.

use futures_util::{SinkExt, StreamExt};
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{PASSWORD, Server, Setup, TOKEN};
use nowcast_tests::wait::{eventually, in_time};
use reqwest::Response;
use serde_json::{Value, json};
use std::path::Path;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

over_every_transport![
    an_open_house_says_so_and_lets_anyone_publish,
    a_page_with_the_admins_cookie_and_a_foreign_origin_is_not_the_admin,
];

const ITEMS: &str = "/api/rooms/main/items";

fn message() -> Value {
    json!({"kind": "message", "data": {"text": "Hi"}})
}

async fn try_login(api: &Api, password: &str) -> Response {
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
    let server = Server::start().await;
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

#[tokio::test]
async fn the_first_run_draws_credentials_and_says_them_once() {
    let mut server = Setup::new().without_credentials().start().await;
    let said = eventually("the credentials are printed", async || {
        let said = server.stdout();
        said.contains("curl").then_some(said)
    })
    .await;
    let token = word_after(&said, "Bearer ");
    let program = Api::new(server.origin(), Credential::Token(token.clone()));
    program.say("with the drawn token").await;

    let password = drawn_password(&server, &said).await;
    server.visitor().login(&password).await.say("with the drawn password").await;

    for secret in [token.as_bytes(), password.as_bytes()] {
        assert!(!folder_contains(&server.data(), secret), "only hashes are stored");
    }
    server.kill().await;
    server.restart().await;
    server.ready().await;
    program.say("the token is still good").await;
    let said = server.stdout();
    assert!(!said.contains(&token) && !said.contains(&password), "{said}");
}

/// The text after `label` up to the first character that no token has.
fn word_after(said: &str, label: &str) -> String {
    let rest = &said[said.find(label).expect(label) + label.len()..];
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
}

/// The password among what was said: the last word of the line that speaks of it.
async fn drawn_password(server: &Server, said: &str) -> String {
    let line = said.lines().find(|line| line.to_lowercase().contains("password"));
    let line = line.unwrap_or_else(|| panic!("no password in:\n{said}"));
    for word in line.split_whitespace().rev() {
        if try_login(&server.visitor(), word).await.status() == 204 {
            return word.to_owned();
        }
    }
    panic!("no word of {line:?} is the password");
}

fn folder_contains(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("the data folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return folder_contains(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn a_lost_password_is_replaced_and_every_login_ends() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    assert!(server.stop().await.success());
    let ended = server.task(&["password"]).await;
    assert!(ended.status.success(), "{}", ended.stderr);

    // The variable that set the first password does not set it again.
    server.restart().await;
    assert_eq!(admin.json("/api/me").await["role"], "viewer");
    expect_problem(try_login(&server.visitor(), PASSWORD).await, 401, "wrong_password").await;
    let password = ended.stdout.split_whitespace().last().expect("it is printed").to_owned();
    server.visitor().login(&password).await.say("with the new password").await;
}

#[tokio::test]
async fn a_token_may_do_what_its_scopes_and_rooms_allow() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let side = admin.put("/api/rooms/side").json(&json!({"title": "Side"})).send().await;
    assert_eq!(side.unwrap().status(), 201);
    assert!(server.stop().await.success());
    let mut tokens = Vec::new();
    for arguments in [
        &["token", "--rooms", "side", "--name", "Side desk"][..],
        &["token", "--scopes", "push"],
        &["token", "--scopes", "admin"],
    ] {
        let ended = server.task(arguments).await;
        assert!(ended.status.success(), "{}", ended.stderr);
        tokens.push(ended.stdout.split_whitespace().last().expect("it is printed").to_owned());
    }
    server.restart().await;
    let [side, push, admin] = [0, 1, 2]
        .map(|index: usize| Api::new(server.origin(), Credential::Token(tokens[index].clone())));

    side.publish_in("side", "message", json!({"text": "Hi"})).await;
    let answer = side.post(ITEMS).json(&message()).send().await.unwrap();
    expect_problem(answer, 403, "forbidden").await;
    let page = Joining::new(Transport::Sse, server.origin()).room("side").open().await;
    assert_eq!(page.snapshot().items[0].by.name.as_deref(), Some("Side desk"));

    let answer = push.post(ITEMS).json(&message()).send().await.unwrap();
    expect_problem(answer, 403, "forbidden").await;

    let item = server.publisher().say("anyone's").await.id;
    let deleted = admin.command(json!({"kind": "delete", "item": item})).await;
    expect_status(deleted, 200).await;
    let answer = admin.put("/api/rooms/main").json(&json!({"title": "Ours"})).send().await;
    expect_status(answer.unwrap(), 200).await;
}

#[tokio::test]
async fn credentials_that_are_too_short_are_refused_with_a_reason() {
    for (name, value) in [("NOWCAST_ADMIN_PASSWORD", "short"), ("NOWCAST_PUBLISH_TOKEN", "short")] {
        let ended = Setup::new().env(name, value).run_to_the_end().await;
        assert!(!ended.status.success());
        let said = ended.stderr.to_lowercase();
        assert!(said.contains("password") || said.contains("token"), "{said}");
        assert!(said.contains("characters"), "{said}");
    }
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

#[tokio::test]
async fn an_open_house_that_others_can_reach_has_to_be_meant() {
    let open = || Setup::new().listen("0.0.0.0:0").arg("--open");
    let ended = open().run_to_the_end().await;
    assert!(!ended.status.success());
    assert!(ended.stderr.contains("--open"), "it says what to do: {}", ended.stderr);
    let server = open().arg("--open").start().await;
    assert_ne!(server.address().port(), 0);
}

#[tokio::test]
async fn an_address_that_is_taken_ends_the_start_with_a_reason() {
    let server = Server::start().await;
    let address = server.address().to_string();
    let ended = Setup::new().listen(&address).run_to_the_end().await;
    assert!(!ended.status.success());
    assert!(ended.stderr.contains(&address), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test]
async fn help_documents_every_variable() {
    let ended = Setup::new().arg("--help").run_to_the_end().await;
    assert!(ended.status.success());
    for word in [
        "NOWCAST_LISTEN",
        "NOWCAST_DATA",
        "NOWCAST_ADMIN_PASSWORD",
        "NOWCAST_PUBLISH_TOKEN",
        "--open",
        "--assets",
        "--durability",
    ] {
        assert!(ended.stdout.contains(word), "{word} is not in the help");
    }
    assert!(!ended.stdout.contains(TOKEN) && !ended.stdout.contains(PASSWORD), "nor any secret");
}
