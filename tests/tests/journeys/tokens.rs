//! Who users are: tokens that the owner of the page signs.

use nowcast_shared::error::{Code, Reason};
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Answer, Joining, Page, Transport};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::token::{self, KEY, in_seconds, key_pair, signed, signed_with};
use serde_json::{Value, json};

over_every_transport![
    a_page_registers_by_its_address_and_by_a_command,
    wrong_tokens_are_refused_by_name,
    a_token_that_may_be_used_once_is_good_for_the_same_page_again,
    a_visit_that_is_refused_uses_no_token_up,
    a_registration_ends_with_its_token,
    plain_ids_are_for_open_servers,
    a_name_in_a_token_is_not_the_pages_to_choose,
];

async fn server() -> Server {
    Setup::new().env("NOWCAST_USER_KEY", KEY).start().await
}

fn joining(server: &Server, transport: Transport) -> Joining {
    Joining::new(transport, server.origin())
}

async fn register(page: &mut Page, token: &str) -> Answer {
    page.command(json!({"kind": "register", "token": token})).await
}

async fn refusal(joining: Joining) -> (u16, String) {
    match joining.try_open().await {
        Ok(_) => panic!("the page was let in"),
        Err(problem) => (problem.status, problem.code),
    }
}

async fn a_page_registers_by_its_address_and_by_a_command(transport: Transport) {
    let server = server().await;
    let mut one = joining(&server, transport).saying("token", token::of("ana")).open().await;
    let you = one.is_told(|_| true).await;
    assert_eq!(you.user.as_deref(), Some("ana"));

    let mut other = joining(&server, transport).saying("name", "Ana").open().await;
    register(&mut other, &token::of("ana")).await.done();
    let also = other.is_told(|you| you.user.is_some()).await;
    assert_eq!(also.id, you.id, "the same user, wherever");
    assert_eq!(also.name.as_deref(), Some("Ana"), "it keeps its name");
    one.is_told(|you| you.name.as_deref() == Some("Ana")).await;
    one.sees_names(&["Ana"]).await;
    one.presence(|presence| presence.count == 1).await;

    register(&mut other, &token::of("eva")).await.done();
    let eva = other.is_told(|you| you.user.as_deref() == Some("eva")).await;
    assert_ne!(eva.id, you.id);
    one.presence(|presence| presence.count == 2).await;
}

async fn wrong_tokens_are_refused_by_name(transport: Transport) {
    let server = server().await;
    let claims = |more: Value| {
        let mut claims = json!({"sub": "ana", "exp": in_seconds(60)});
        for (name, value) in more.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        claims
    };
    let hs256 = json!({"alg": "HS256"});
    let good = token::of("ana");
    let (_, eddsa) = key_pair(1);
    let other_key = "another secret, of 32 bytes or more";
    for (token, code) in [
        ("no token".to_owned(), Code::TokenInvalid),
        ("a.b.c".to_owned(), Code::TokenInvalid),
        (good[..good.len() - 2].to_owned(), Code::TokenInvalid),
        (signed_with(other_key, &hs256, &claims(json!({}))), Code::TokenInvalid),
        (signed_with(KEY, &json!({"alg": "none"}), &claims(json!({}))), Code::TokenInvalid),
        (signed_with(KEY, &json!({"alg": "HS512"}), &claims(json!({}))), Code::TokenInvalid),
        (eddsa(&claims(json!({}))), Code::TokenInvalid),
        (signed(&json!({"sub": "ana"})), Code::TokenInvalid),
        (signed(&json!([])), Code::TokenInvalid),
        (signed(&claims(json!({"sub": "x".repeat(129)}))), Code::TokenInvalid),
        (signed(&claims(json!({"exp": in_seconds(-1)}))), Code::TokenExpired),
        (signed(&claims(json!({"nbf": in_seconds(3600)}))), Code::TokenExpired),
        (signed(&claims(json!({"aud": "elsewhere"}))), Code::TokenForeign),
        (signed(&claims(json!({"rooms": ["other"]}))), Code::TokenForeign),
    ] {
        let refused = refusal(joining(&server, transport).saying("token", &token)).await;
        assert_eq!(refused, (401, code.as_str().to_owned()), "{token}");
        let mut page = joining(&server, transport).open().await;
        assert_eq!(register(&mut page, &token).await.code(), code, "{token}");
    }
    for good in [
        json!({"aud": ["nowcast", "more"]}),
        json!({"rooms": ["main"]}),
        json!({"nbf": in_seconds(-5)}),
    ] {
        let token = signed(&claims(good));
        joining(&server, transport).saying("token", token).open().await;
    }
}

async fn a_token_that_may_be_used_once_is_good_for_the_same_page_again(transport: Transport) {
    let mut server = server().await;
    let once = signed(&json!({"sub": "ana", "exp": in_seconds(600), "jti": "first"}));
    let page = joining(&server, transport).saying("token", &once).open().await;
    let (mine, theirs) = (page.resuming(), joining(&server, transport).saying("token", &once));
    let mut back = mine.clone().anew().open().await;
    assert_eq!(back.is_told(|_| true).await.user.as_deref(), Some("ana"));
    assert_eq!(refusal(theirs.clone()).await, (401, "token_replayed".to_owned()));
    let mut other = joining(&server, transport).open().await;
    assert_eq!(register(&mut other, &once).await.code(), Code::TokenReplayed);
    register(&mut back, &once).await.done();

    server.kill().await;
    server.restart().await;
    assert_eq!(refusal(theirs.at(server.origin())).await, (401, "token_replayed".to_owned()));
    mine.at(server.origin()).open().await;
}

async fn a_visit_that_is_refused_uses_no_token_up(transport: Transport) {
    let server = server().await;
    let room = json!({"title": "Secret", "settings": {"private": true}});
    let made = server.admin().await.put("/api/rooms/secret").json(&room).send().await.unwrap();
    expect_status(made, 201).await;
    let once = signed(&json!({"sub": "ana", "exp": in_seconds(600), "jti": "once"}));
    let visit = || joining(&server, transport).saying("token", &once);
    for _ in 0..2 {
        assert_eq!(refusal(visit().room("secret")).await, (403, "not_invited".to_owned()));
    }
    let mut page = visit().open().await;
    assert_eq!(page.is_told(|_| true).await.user.as_deref(), Some("ana"));
    for theirs in [visit(), visit().room("secret")] {
        assert_eq!(refusal(theirs).await, (401, "token_replayed".to_owned()));
    }
}

async fn a_registration_ends_with_its_token(transport: Transport) {
    let server = server().await;
    let short = signed(&json!({"sub": "ana", "exp": in_seconds(3)}));
    let mut page = joining(&server, transport).saying("token", &short).open().await;
    let ending = page.ending().await;
    assert_eq!(ending.goodbye, Some((Reason::Reauthorize, true)));
    assert_eq!(refusal(page.resuming()).await, (401, "token_expired".to_owned()));
    let renewed = page.resuming().saying("token", token::of("ana")).open().await;
    assert!(renewed.recovered());
}

async fn plain_ids_are_for_open_servers(transport: Transport) {
    let closed = server().await;
    let by_id = |server: &Server, id: &str| joining(server, transport).saying("id", id);
    assert_eq!(refusal(by_id(&closed, "ana")).await, (403, "forbidden".to_owned()));
    let mut page = joining(&closed, transport).open().await;
    let command = json!({"kind": "register", "id": "ana"});
    assert_eq!(page.command(command.clone()).await.code(), Code::Forbidden);
    for bad in [json!({"kind": "register"}), json!({"kind": "register", "id": "a", "token": "b"})] {
        assert_eq!(page.command(bad).await.code(), Code::BadRequest);
    }

    let open = Setup::new().arg("--open").start().await;
    let mut page = by_id(&open, "ana").open().await;
    assert_eq!(page.is_told(|_| true).await.user.as_deref(), Some("ana"));
    let mut other = joining(&open, transport).open().await;
    other.command(command).await.done();
    other.is_told(|you| you.user.as_deref() == Some("ana")).await;
    let long = json!({"kind": "register", "id": "x".repeat(129)});
    assert_eq!(other.command(long).await.code(), Code::BadRequest);
    assert_eq!(refusal(by_id(&open, "a\u{7}b")).await, (400, "bad_request".to_owned()));
}

async fn a_name_in_a_token_is_not_the_pages_to_choose(transport: Transport) {
    let server = server().await;
    let named = |user: &str| signed(&json!({"sub": user, "exp": in_seconds(60), "name": "Ana"}));
    let ana = joining(&server, transport).saying("name", "Somebody").saying("token", named("ana"));
    let mut ana = ana.open().await;
    assert_eq!(ana.is_told(|_| true).await.name.as_deref(), Some("Ana"));
    let rename = json!({"kind": "name", "name": "Eva"});
    assert_eq!(ana.command(rename).await.code(), Code::Forbidden);
    let mut other = joining(&server, transport).saying("token", named("other")).open().await;
    assert_eq!(other.is_told(|_| true).await.name.as_deref(), Some("Ana 2"));
    ana.sees_names(&["Ana", "Ana 2"]).await;
}

#[tokio::test]
async fn a_public_key_opens_what_its_private_key_signed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pem, sign) = key_pair(7);
    let path = folder.path().join("key.pem");
    std::fs::write(&path, &pem).expect("a file");
    let path = path.to_str().expect("a plain path");
    let server = Setup::new().env("NOWCAST_USER_PUBLIC_KEY", path).start().await;
    let claims = json!({"sub": "ana", "exp": in_seconds(60)});
    let by = |token: String| joining(&server, Transport::Sse).saying("token", token);
    let mut page = by(sign(&claims)).open().await;
    assert_eq!(page.is_told(|_| true).await.user.as_deref(), Some("ana"));
    let (_, other) = key_pair(8);
    assert_eq!(refusal(by(other(&claims))).await.1, "token_invalid");
    // The public key is no secret: it must not do for one.
    for text in [pem.as_str(), pem.trim()] {
        let confused = signed_with(text, &json!({"alg": "HS256"}), &claims);
        assert_eq!(refusal(by(confused)).await.1, "token_invalid");
        let confused = signed_with(text, &json!({"alg": "EdDSA"}), &claims);
        assert_eq!(refusal(by(confused)).await.1, "token_invalid");
    }
}

#[tokio::test]
async fn tokens_are_tried_out_from_the_command_line() {
    let mut server = Server::start().await;
    let token = server.task(&["user-token", "--user", "ana", "--name", "Ana", "--once"]).await;
    assert!(token.status.success(), "{token:?}");
    let key = server.task(&["user-key"]).await;
    assert!(key.stdout.trim().len() >= 32, "{key:?}");
    let by = |server: &Server, token: &str| joining(server, Transport::Sse).saying("token", token);
    let mut page = by(&server, token.stdout.trim()).open().await;
    let you = page.is_told(|_| true).await;
    assert_eq!((you.user.as_deref(), you.name.as_deref()), (Some("ana"), Some("Ana")));
    // What the key is printed for: others sign with it.
    let claims = json!({"sub": "eva", "exp": in_seconds(60)});
    let own = signed_with(key.stdout.trim(), &json!({"alg": "HS256"}), &claims);
    by(&server, &own).open().await;

    server.stop().await;
    let replaced = server.task(&["user-key", "--replace"]).await;
    assert_ne!(replaced.stdout, key.stdout);
    server.restart().await;
    assert_eq!(refusal(by(&server, &own)).await.1, "token_invalid");
}

#[tokio::test]
async fn a_server_with_a_key_that_is_none_does_not_start() {
    for (name, value) in [
        ("NOWCAST_USER_KEY", "short"),
        ("NOWCAST_USER_PUBLIC_KEY", "/nowhere/key.pem"),
        ("NOWCAST_USER_PUBLIC_KEY", "Cargo.toml"),
    ] {
        let ended = Setup::new().env(name, value).run_to_the_end().await;
        assert!(!ended.status.success() && !ended.stderr.is_empty(), "{name}={value}: {ended:?}");
    }
}

#[tokio::test]
async fn a_plain_id_of_another_sites_page_counts_nowhere() {
    let server = Setup::new().arg("--open").start().await;
    let path = "/api/rooms/main/poll?wait=0&id=ana&client=client-of-another-site";
    let foreign = server.visitor().get(path).header("sec-fetch-site", "cross-site");
    expect_problem(foreign.send().await.unwrap(), 403, "foreign_origin").await;
    expect_status(server.visitor().get(path).send().await.unwrap(), 200).await;
}
