//! Publishing and pushing by forms: what is kept, and who may.

use super::{feed, publish, send, setup, stamp, texts, waits};
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::request::RequestBuilder;
use nowcast_tests::server::{Server, Setup, TOKEN};
use nowcast_tests::wait::in_time;
use reqwest::Response;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::process::Command;

const MULTIPART: &str = "multipart/form-data; boundary=XX";

/// A form as browsers write those with files.
fn multipart(fields: &[(&str, &str)]) -> String {
    let parts = fields.iter().map(|(name, value)| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    parts.chain(["--XX--\r\n".to_owned()]).collect()
}

async fn posted(request: RequestBuilder) -> Response {
    in_time("an answer", request.send()).await.expect("an answer")
}

/// The one item that there is.
async fn only(server: &Server) -> Value {
    let mut all = feed(&server.visitor(), 0).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[tokio::test]
async fn a_token_counts_wherever_it_is_sent_and_nothing_is_posted_without() {
    let server = setup().start().await;
    let visitor = server.visitor();
    let form = |text: &str, token: Option<&str>| {
        let fields =
            [("type", "message"), ("text", text)].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let token = token.map(|token| ("token".to_owned(), token.to_owned()));
        fields.into_iter().chain(token).collect::<Vec<_>>()
    };
    let path = "/send_feed_item";
    let with_query = format!("{path}?token={TOKEN}");
    let ways = [
        visitor.post(path).form(&form("bearer", None)).bearer_auth(TOKEN),
        visitor.post(path).form(&form("header", None)).header("token", TOKEN),
        visitor.post(path).form(&form("field", Some(TOKEN))),
        visitor.post(&with_query).form(&form("query", None)),
        visitor.post(path).header("content-type", MULTIPART).body(multipart(&[
            ("type", "message"),
            ("text", "multipart"),
            ("token", TOKEN),
        ])),
        // What a proxy in between asks for is none of ours.
        visitor.post(&with_query).form(&form("proxy", None)).basic_auth("ana", Some("secret")),
    ];
    let count = ways.len();
    for way in ways {
        let answer = expect_status(posted(way).await, 200).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.text().await.unwrap(), "{}");
    }
    let shown = feed(&visitor, 0).await;
    assert_eq!(texts(&shown), ["bearer", "header", "field", "query", "multipart", "proxy"]);
    assert!(shown.iter().all(|item| item.get("token").is_none()), "{shown:?}");

    for path in ["/send_feed_item", "/push", "/", "/chat?name=Ana&message=Hello"] {
        for refused in [
            visitor.post(path).form(&form("x", None)),
            visitor.post(path).form(&form("x", Some("a wrong token"))),
            visitor.post(path).form(&form("x", None)).header("token", "wrong"),
            visitor.post(path).form(&form("x", None)).bearer_auth("wrong"),
            visitor.post(path),
        ] {
            expect_problem(posted(refused).await, 401, "unauthorized").await;
        }
    }
    let said = visitor.get("/chat?name=Ana&message=Hello&token=wrong");
    expect_problem(posted(said).await, 401, "unauthorized").await;
    assert_eq!(feed(&visitor, 0).await.len(), count);
}

#[tokio::test]
async fn under_open_nobody_needs_a_token_but_other_sites_pages_have_no_rights() {
    let server = setup().arg("--open").start().await;
    let fields = [("type", "message"), ("text", "open")];
    let visitor = server.visitor();
    expect_status(posted(visitor.post("/send_feed_item").form(&fields)).await, 200).await;
    expect_status(posted(visitor.get("/chat?name=Ana&message=Hello")).await, 200).await;
    let push = [("destination", "ana"), ("data", "x")];
    expect_status(posted(visitor.post("/push").form(&push)).await, 200).await;
    for request in [
        visitor.post("/send_feed_item").form(&fields),
        visitor.post("/push").form(&push),
        visitor.post("/").form(&push),
        visitor.get("/chat?name=Ana&message=Hello"),
    ] {
        let refused = posted(request.header("origin", "https://evil.example")).await;
        expect_problem(refused, 403, "foreign_origin").await;
    }
    // A token of its own counts, and an empty one is none.
    for (token, origin) in [(TOKEN, "https://friend.example"), ("", &server.origin())] {
        let form = [("type", "message"), ("text", "x"), ("token", token)];
        let request = visitor.post("/send_feed_item").form(&form).header("origin", origin);
        expect_status(posted(request).await, 200).await;
    }
}

#[tokio::test]
async fn a_page_that_was_led_here_by_a_name_of_its_own_says_nothing() {
    let server = setup().arg("--open").start().await;
    let visitor = server.visitor();
    let say = "/chat?name=Ana&message=Hello";
    // As browsers ask by GET, who name no origin where it is the page's own.
    let led = posted(visitor.get(say).header("host", "evil.example")).await;
    expect_problem(led, 403, "foreign_origin").await;
    for host in ["localhost:1", "127.0.0.1", "[::1]:1", "live.localhost"] {
        expect_status(posted(visitor.get(say).header("host", host)).await, 200).await;
    }
    let with_token = format!("{say}&token={TOKEN}");
    let program = posted(visitor.get(&with_token).header("host", "evil.example")).await;
    expect_status(program, 200).await;
}

#[tokio::test]
async fn pages_of_other_sites_have_no_rights_by_an_admins_cookie() {
    let server = setup().start().await;
    let admin = server.admin().await;
    let cookie = admin.cookie().to_owned();
    let fields = [("type", "message"), ("text", "x")];
    let visitor = server.visitor();
    for request in
        [visitor.post("/send_feed_item").form(&fields), visitor.get("/chat?name=Ana&message=Hello")]
    {
        let request = request.header("cookie", &cookie).header("sec-fetch-site", "cross-site");
        expect_problem(posted(request).await, 403, "foreign_origin").await;
    }
    // With a token of its own it is a program like any other.
    let request =
        visitor.post("/send_feed_item").form(&fields).header("sec-fetch-site", "cross-site");
    expect_status(posted(request.header("token", TOKEN)).await, 200).await;
}

#[tokio::test]
async fn a_post_of_an_older_page_is_a_post() {
    let server = setup().start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let fields = [
        ("type", "post"),
        ("user", "Ana"),
        ("text", "Doors open <b>at seven</b> \u{1f389}"),
        ("picture", "https://example.org/a.png"),
        ("source", "Mastodon"),
    ];
    let answer = send(&server, "/send_feed_item", &fields).await;
    expect_status(answer, 200).await;
    let mut expected = json!({});
    for (name, value) in fields {
        expected[name] = value.into();
    }
    let mut shown = only(&server).await;
    shown.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(shown, expected);
    let event = serde_json::to_value(page.next_event().await.event).unwrap();
    assert_eq!(event["item"]["kind"], "post");
    expected.as_object_mut().unwrap().remove("type");
    assert_eq!(event["item"]["data"], expected);
}

#[tokio::test]
async fn what_is_of_no_known_type_comes_back_unchanged() {
    for fields in [
        &[("type", "weather"), ("degrees", "07"), ("kind", "x"), ("empty", ""), ("a b", " c ")][..],
        &[("type", "custom"), ("text", "x")],
        &[("type", "Message"), ("text", "x")],
    ] {
        let server = setup().start().await;
        let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
        expect_status(send(&server, "/send_feed_item", fields).await, 200).await;
        let shown = only(&server).await;
        let mut expected = json!({"timestamp": stamp(&shown)});
        for (name, value) in fields {
            expected[*name] = (*value).into();
        }
        assert_eq!(shown, expected);
        let event = serde_json::to_value(page.next_event().await.event).unwrap();
        assert_eq!(event["item"]["kind"], "custom");
    }
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_by_name() {
    let server = setup().start().await;
    let long = "x".repeat(70_000);
    let form = "application/x-www-form-urlencoded";
    for (fields, status, code) in [
        (&[][..], 422, "bad_item"),
        (&[("type", "message")], 422, "bad_item"),
        (&[("type", "link"), ("url", "javascript:alert(1)")], 422, "bad_url"),
        (&[("type", "message"), ("text", &long)], 413, "too_large"),
        (&[("type", "weather"), ("text", &long)], 413, "too_large"),
    ] {
        expect_problem(send(&server, "/send_feed_item", fields).await, status, code).await;
    }
    let publisher = server.publisher();
    for (kind, body, status, code) in [
        (form, "type=message&text=%ff".to_owned(), 400, "bad_utf8"),
        (form, format!("type=message&text={}", "x".repeat(140_000)), 413, "too_large"),
        (MULTIPART, "--XX\r\nnonsense".to_owned(), 400, "bad_form"),
        ("application/json", "{}".to_owned(), 415, "unsupported_type"),
        ("text/plain", "type=message&text=x".to_owned(), 415, "unsupported_type"),
    ] {
        let request = publisher.post("/send_feed_item").header("content-type", kind).body(body);
        expect_problem(posted(request).await, status, code).await;
    }
    publish(&server, "still there").await;
    assert_eq!(only(&server).await["text"], "still there");
}

#[tokio::test]
async fn a_form_sent_again_with_its_key_shows_once() {
    let server = setup().start().await;
    for _ in 0..3 {
        let form = [("type", "message"), ("text", "once")];
        let request = server.publisher().post("/send_feed_item").form(&form);
        expect_status(posted(request.header("idempotency-key", "k1")).await, 200).await;
    }
    only(&server).await;
}

#[tokio::test]
async fn a_push_reaches_the_page_of_its_user_and_is_answered_with_nothing() {
    let server = setup().env("NOWCAST_USER_KEY", nowcast_tests::token::KEY).start().await;
    let page = |user: &str| {
        let token = nowcast_tests::token::of(user);
        Joining::new(Transport::WebSocket, server.origin()).saying("token", token).open()
    };
    let (mut ana, mut eva) = (page("ana").await, page("eva").await);
    for path in ["/push", "/"] {
        let fields = [("destination", "ana"), ("data", "Your table <is> ready")];
        let answer = expect_status(send(&server, path, &fields).await, 200).await;
        assert_eq!(answer.text().await.unwrap(), "");
        assert_eq!(ana.next_push().await, "Your table <is> ready", "{path}");
    }
    let multipart = multipart(&[("destination", "eva"), ("data", "x"), ("token", TOKEN)]);
    let request = server.visitor().post("/").header("content-type", MULTIPART).body(multipart);
    expect_status(posted(request).await, 200).await;
    assert_eq!(eva.next_push().await, "x");
    let nobody = send(&server, "/push", &[("destination", "nobody"), ("data", "x")]).await;
    expect_status(nobody, 200).await;
    for (fields, status, code) in [
        (&[("data", "x")][..], 400, "bad_request"),
        (&[("destination", "ana")], 400, "bad_request"),
        (&[("destination", ""), ("data", "x")], 400, "bad_request"),
        (&[("destination", "ana"), ("data", &"x".repeat(70_000))], 413, "too_large"),
    ] {
        expect_problem(send(&server, "/push", fields).await, status, code).await;
    }
    // The page itself is where it was, also if it was not built.
    let page = server.visitor().get("/").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scopes_and_rooms() {
    let mut server = setup().start().await;
    server.stop().await;
    let mut tokens = Vec::new();
    for arguments in [
        &["token", "--scopes", "publish"][..],
        &["token", "--scopes", "push"],
        &["token", "--scopes", "publish,push", "--rooms", "other"],
    ] {
        let printed = server.task(arguments).await.stdout;
        tokens.push(printed.trim().to_owned());
    }
    server.restart().await;
    let ask = async |path: &str, token: &str| {
        let fields = [("type", "message"), ("text", "x"), ("destination", "a"), ("data", "x")];
        let request = server.visitor().post(path).form(&fields).header("token", token);
        posted(request).await.status().as_u16()
    };
    let say = "/chat?name=Ana&message=Hello";
    for (token, expected) in tokens.iter().zip([[200, 403, 200], [403, 200, 403], [403; 3]]) {
        let got =
            [ask("/send_feed_item", token).await, ask("/push", token).await, ask(say, token).await];
        assert_eq!(got, expected, "{token}");
    }
}

#[tokio::test]
async fn curl_alone_does_all_of_it() {
    let server = setup().start().await;
    let curl = async |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail", "--max-time", "15"]).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = in_time("curl", command.output()).await.expect("there is a curl");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        String::from_utf8(output.stdout).expect("text")
    };
    let at = |path: &str| format!("{}{path}", server.origin());
    let token = format!("token={TOKEN}");
    let waiting = async { curl(&[&at("/real_time_feed")]).await };
    let publishing = async {
        waits(&server, 1).await;
        let (to, text) = (at("/send_feed_item"), "text=Doors open at \u{2467}");
        curl(&[&to, "-d", "type=message", "--data-urlencode", text, "-d", &token]).await
    };
    let (waited, published) = tokio::join!(waiting, publishing);
    assert_eq!(published, "{}");
    let items: Vec<Value> = serde_json::from_str(&waited).unwrap();
    assert_eq!(texts(&items), ["Doors open at \u{2467}"]);
    assert_eq!(curl(&[&at(&format!("/chat?name=Ana&message=Hello%20all&{token}"))]).await, "");
    assert_eq!(curl(&[&at("/chat?name=Ana")]).await, "Ana : Hello all\n");
    let pushed = curl(&[&at("/"), "-F", "destination=ana", "-F", "data=x", "-F", &token]).await;
    assert_eq!(pushed, "");
}

#[tokio::test]
async fn the_setup_by_variables_is_that_by_flags() {
    let server =
        Setup::new().env("NOWCAST_COMPAT", "true").env("NOWCAST_FEED_WAIT", "1").start().await;
    assert_eq!(feed(&server.visitor(), 0).await, Vec::<Value>::new());
}
