//! Who may do what: tokens, cookies, pages of other sites.

use super::page::{Page, Way};
use super::raw::Socket;
use nowcast_shared::error::Code;
use nowcast_tests::server::{PASSWORD, Server, Setup, TOKEN};
use nowcast_tests::token;
use serde_json::{Value, json};

const OURS: &str = "https://ours.example";
const OTHERS: &str = "https://others.example";

/// What a publish over this connection is answered with.
async fn publish(socket: &mut Socket) -> Value {
    socket.send(r#"420["publish",{"kind":"message","data":{"text":"Hello"}}]"#).await;
    loop {
        let text = socket.next().await.expect("an answer");
        if let Some(answer) = text.strip_prefix("430") {
            let answer: Value = serde_json::from_str(answer).expect("JSON");
            return answer[0].clone();
        }
    }
}

async fn joined(server: &Server, headers: &[(&str, &str)]) -> Socket {
    let mut socket = Socket::try_open(server, headers).await.unwrap_or_else(|status| {
        panic!("{headers:?}: {status}");
    });
    socket.send("40").await;
    socket.event("welcome").await;
    socket
}

#[tokio::test]
async fn pages_of_other_sites_go_by_the_list_of_those_that_may() {
    let server = Setup::new().arg(format!("--allow-origin={OURS}")).start().await;
    assert_eq!(Socket::try_open(&server, &[("origin", OTHERS)]).await.err(), Some(403));
    joined(&server, &[("origin", OURS)]).await;
    let address = format!("{}/socket.io/?EIO=4&transport=polling", server.origin());
    for (origin, allowed) in [(OURS, true), (OTHERS, false)] {
        let request = reqwest::Client::new().get(&address).header("origin", origin);
        let answer = request.send().await.unwrap();
        let header = answer.headers().get("access-control-allow-origin");
        assert_eq!(header.is_some(), allowed, "{origin}");
    }
}

#[tokio::test]
async fn an_admins_cookie_counts_on_our_own_pages_alone() {
    let server = Setup::new().arg(format!("--allow-origin={OURS}")).start().await;
    let admin = server.visitor().login(PASSWORD).await;
    let (cookie, origin) = (admin.cookie(), server.origin());
    let mut own = joined(&server, &[("cookie", cookie), ("origin", &origin)]).await;
    assert_eq!(publish(&mut own).await["offset"], 1);
    for headers in [
        [("cookie", cookie), ("origin", OURS)],
        [("cookie", cookie), ("sec-fetch-site", "same-site")],
    ] {
        let mut other = joined(&server, &headers).await;
        assert_eq!(publish(&mut other).await["error"]["code"], "foreign_origin", "{headers:?}");
    }
    // A logout ends what open pages may do.
    let answer = admin.post("/api/logout").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let error = own.event("error_message").await;
    assert_eq!(error["code"], "reauthorize");
    assert!(own.next().await.is_none_or(|text| text == "1"), "the connection ends");
}

#[tokio::test]
async fn a_programs_token_counts_as_a_header_and_in_auth() {
    let server = Server::start().await;
    let bearer = format!("Bearer {TOKEN}");
    let mut header = joined(&server, &[("authorization", &bearer)]).await;
    assert_eq!(publish(&mut header).await["offset"], 1);
    // Also on a page of another site, which had to be given it.
    let mut auth = Socket::open(&server).await;
    auth.send(format!("40{}", json!({"token": TOKEN}))).await;
    auth.event("welcome").await;
    assert_eq!(publish(&mut auth).await["offset"], 2);
    let mut wrong = Socket::open(&server).await;
    wrong.send(r#"40{"token":"of somebody else"}"#).await;
    let refused = wrong.next().await.expect("an answer");
    let refused: Value =
        serde_json::from_str(refused.strip_prefix("44").expect("a refusal")).unwrap();
    assert_eq!(refused["data"]["code"], Code::Unauthorized.as_str());
}

#[tokio::test]
async fn a_users_token_in_auth_registers_and_pushes_that_were_missed_follow() {
    let server = Setup::new().env("NOWCAST_USER_KEY", token::KEY).start().await;
    let mut page = Page::open(&server, Way::V4_WEBSOCKET);
    page.connect("/", json!({"token": token::of("ana")})).await;
    let push = |data: &str| json!({"destination": "ana", "data": data});
    let publisher = server.publisher();
    publisher.post("/api/push").json(&push("one")).send().await.unwrap();
    let (first, id) = page.next("push").await;
    assert_eq!(first, json!({"data": "one"}));
    page.leave().await;
    publisher.post("/api/push").json(&push("two")).send().await.unwrap();
    let auth = json!({"token": token::of("ana"), "pushed": id["id"]});
    page.connect("/", auth).await;
    assert_eq!(page.next("push").await.0, json!({"data": "two"}), "and the first not again");
}
