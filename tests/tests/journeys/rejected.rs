//! Commands that are rejected, and frames that cannot be read: the session goes on.

use super::refused::{COMMANDS, publish, send};
use nowcast_shared::error::Code;
use nowcast_shared::frame::ServerFrame;
use nowcast_tests::api::expect_problem;
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::server::Server;
use serde_json::json;

over_every_transport![
    commands_of_strangers_and_for_what_is_not_there_are_rejected,
    items_that_do_not_fit_are_rejected,
];

async fn commands_of_strangers_and_for_what_is_not_there_are_rejected(transport: Transport) {
    let server = Server::start().await;
    let item = server.admin().await.say("the admin's").await.id;
    let mut viewer = Joining::new(transport, server.origin()).open().await;
    for command in [
        json!({"kind": "publish", "item": {"kind": "message", "data": {"text": "a"}}}),
        json!({"kind": "edit", "item": item, "data": {"text": "a"}}),
        json!({"kind": "delete", "item": item}),
    ] {
        assert_eq!(viewer.command(command).await.code(), Code::Unauthorized);
    }

    let publisher = server.publisher();
    let mut program = Joining::new(transport, server.origin()).as_who(&publisher).open().await;
    let delete = |item: &str| json!({"kind": "delete", "item": item});
    assert_eq!(program.command(delete(&item)).await.code(), Code::Forbidden, "not its own");
    let own = publisher.say("its own").await.id;
    program.command(json!({"kind": "edit", "item": own, "data": {"text": "b"}})).await.offset();
    program.command(delete(&own)).await.offset();
    assert_eq!(program.command(delete(&own)).await.code(), Code::UnknownItem, "it is gone");
    assert_eq!(program.command(delete("inone")).await.code(), Code::UnknownItem);
    let edit = json!({"kind": "edit", "item": own, "data": {"text": "c"}});
    assert_eq!(program.command(edit).await.code(), Code::UnknownItem);
    assert_eq!(program.command(json!({"kind": "explode"})).await.code(), Code::UnknownKind);
    assert_eq!(program.command(json!({"kind": "delete"})).await.code(), Code::BadRequest);

    assert_eq!(viewer.next_events(3).await.len(), 3, "and the page sees what did take effect");
}

async fn items_that_do_not_fit_are_rejected(transport: Transport) {
    let server = Server::start().await;
    let publisher = server.publisher();
    let mut page = Joining::new(transport, server.origin()).as_who(&publisher).open().await;
    let bad_item = [
        ("message", json!({})),
        ("message", json!({"text": 7})),
        ("message", json!({"text": ""})),
        ("message", json!({"text": " \n\t "})),
        ("message", json!("text")),
        ("link", json!({"title": "without an address"})),
        ("link", json!({"url": 7})),
        ("link", json!({"url": "https://example.org", "title": 7})),
        ("image", json!({"url": "https://example.org/a.png"})),
        ("image", json!({"url": "https://example.org/a.png", "alt": ""})),
        ("image", json!({"url": "https://example.org/a.png", "alt": "  "})),
        ("image", json!({"alt": "without an address"})),
    ];
    for (kind, data) in bad_item {
        let command = json!({"kind": "publish", "item": {"kind": kind, "data": data}});
        assert_eq!(page.command(command).await.code(), Code::BadItem, "{kind} {data}");
        let answer = publish(&publisher, &json!({"kind": kind, "data": data})).await;
        expect_problem(answer, 422, "bad_item").await;
    }
    let bad_urls = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.org",
        "//example.org",
        "/admin",
        "example.org",
        "https://",
        "/uploads/../admin",
        "/uploads/..%2fadmin",
        "",
    ];
    for url in bad_urls {
        for kind in ["link", "image"] {
            let data = json!({"url": url, "title": "t", "alt": "a"});
            let command = json!({"kind": "publish", "item": {"kind": kind, "data": data}});
            let code = page.command(command).await.code();
            assert!(
                code == Code::BadUrl || (url.is_empty() && code == Code::BadItem),
                "{kind} {url:?} was refused with {code}"
            );
        }
    }

    let first = publisher.publish("link", json!({"url": "http://example.org/ä?q=1#x"})).await;
    assert_eq!(first.offset, 1, "nothing of it took effect");
    let edit = json!({"kind": "edit", "item": first.id, "data": {"url": "javascript:alert(1)"}});
    assert_eq!(page.command(edit).await.code(), Code::BadUrl, "nor by an edit");
}

/// The next `reject` of this page.
async fn reject(page: &mut Page) -> (Option<String>, Code) {
    loop {
        let frame = page.next_frame().await.expect("the session goes on");
        if let ServerFrame::Reject { command, code, message } = frame {
            assert!(!message.is_empty());
            return (command.map(|command| command.0), code);
        }
    }
}

#[tokio::test]
async fn bad_frames_on_a_websocket_are_rejected_by_name_and_the_session_goes_on() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let none = None::<String>;
    let k1 = Some("k1".to_owned());
    for (text, command, code) in [
        ("nonsense", &none, Code::BadJson),
        ("", &none, Code::BadJson),
        ("[]", &none, Code::BadRequest),
        ("7", &none, Code::BadRequest),
        ("{}", &none, Code::UnknownKind),
        (r#"{"t":7}"#, &none, Code::UnknownKind),
        (r#"{"t":"dance"}"#, &none, Code::UnknownKind),
        (r#"{"t":"welcome"}"#, &none, Code::UnknownKind),
        (r#"{"t":"command","id":"k1"}"#, &k1, Code::BadRequest),
        (r#"{"t":"command","id":"k1","command":{"kind":"explode"}}"#, &k1, Code::UnknownKind),
        (r#"{"t":"command","id":"k1","command":{"kind":"delete"}}"#, &k1, Code::BadRequest),
        (
            r#"{"t":"command","id":7,"command":{"kind":"delete","item":"i"}}"#,
            &none,
            Code::BadRequest,
        ),
    ] {
        page.send_text(text).await;
        assert_eq!(reject(&mut page).await, (command.clone(), code), "{text}");
    }
    server.publisher().say("still here").await;
    assert_eq!(page.next_texts(1).await, ["still here"]);
}

#[tokio::test]
async fn a_binary_frame_and_one_that_is_too_large_are_named() {
    let server = Server::start().await;
    let text = "x".repeat(16 * 1024);
    let item = json!({"kind": "message", "data": {"text": text}});
    let large = json!({"t": "command", "id": "k1", "command": {"kind": "publish", "item": item}});
    for binary in [true, false] {
        let admin = server.admin().await;
        let mut page =
            Joining::new(Transport::WebSocket, server.origin()).as_who(&admin).open().await;
        if binary {
            page.send_binary(br#"{"t":"ping"}"#).await;
        } else {
            page.send_text(&large.to_string()).await;
        }
        // Either the frame is rejected, or the session ends with the reason.
        let named = loop {
            match page.next_frame().await {
                Some(ServerFrame::Reject { code, .. }) => break code.as_str(),
                Some(ServerFrame::Goodbye { reason, .. }) => break reason.as_str(),
                Some(ServerFrame::Event(event)) => panic!("it took effect: {event:?}"),
                Some(_) => {}
                None => panic!("the session ended without a word"),
            }
        };
        let expected: &[&str] =
            if binary { &["bad_frame", "bad_request"] } else { &["too_large", "bad_frame"] };
        assert!(expected.contains(&named), "{named}");
    }
    // By POST the limit is the same for viewers; who may publish may send as much as by a form.
    let path = format!("{COMMANDS}?client={}", new_client_id());
    let answer = send(&server.visitor(), &path, "application/json", large.to_string()).await;
    expect_problem(answer, 413, "too_large").await;
}

#[tokio::test]
async fn hostile_pages_do_not_disturb_the_others() {
    let server = Server::start().await;
    let mut well = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for _ in 0..10 {
        let mut hostile = Joining::new(Transport::WebSocket, server.origin()).open().await;
        hostile.send_binary(&[0xff; 4096]).await;
        let mut hostile = Joining::new(Transport::WebSocket, server.origin()).open().await;
        hostile.send_text(&"[".repeat(15_000)).await;
        assert_eq!(reject(&mut hostile).await, (None, Code::BadJson));
    }
    server.publisher().say("undisturbed").await;
    assert_eq!(well.next_texts(1).await, ["undisturbed"]);
}
