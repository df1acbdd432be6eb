//! Starting the binary: first-run credentials, flags, tasks beside serving.

use super::access::{ITEMS, message, try_login};
use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{PASSWORD, Server, Setup, TOKEN};
use nowcast_tests::wait::eventually;
use serde_json::json;
use std::path::Path;

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
