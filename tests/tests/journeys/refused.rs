//! Bad requests get a clear answer, and nothing is lost by them.

use nowcast_tests::api::{Api, Credential, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::{Server, Setup};
use reqwest::Response;
use serde_json::{Value, json};

pub(super) const ITEMS: &str = "/api/rooms/main/items";
pub(super) const COMMANDS: &str = "/api/rooms/main/commands";
const FORM: &str = "application/x-www-form-urlencoded";

over_every_transport![
    a_page_in_a_room_that_is_not_there_is_refused,
    a_client_id_that_can_be_guessed_is_refused,
];

pub(super) async fn send(
    api: &Api,
    path: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> Response {
    let request = api.post(path).header("content-type", content_type).body(body.into());
    request.send().await.expect("an answer")
}

pub(super) async fn publish(api: &Api, item: &Value) -> Response {
    send(api, ITEMS, "application/json", item.to_string()).await
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for path in [ITEMS, COMMANDS, "/api/login", "/api/rooms/main/preview"] {
        for body in ["", "{", "nonsense"] {
            let answer = send(&publisher, path, "application/json", body).await;
            expect_problem(answer, 400, "bad_json").await;
        }
    }
    let more = r#"{"kind":"message","data":{"text":"a"}} and more"#;
    let answer = send(&publisher, ITEMS, "application/json", more).await;
    expect_problem(answer, 400, "bad_json").await;
}

#[tokio::test]
async fn json_of_the_wrong_types_is_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for item in [
        json!(null),
        json!([]),
        json!("message"),
        json!({}),
        json!({"kind": "message"}),
        json!({"data": {"text": "a"}}),
        json!({"kind": 7, "data": {"text": "a"}}),
        json!({"kind": null, "data": {"text": "a"}}),
    ] {
        expect_problem(publish(&publisher, &item).await, 400, "bad_request").await;
    }
    for command in [json!({}), json!({"command": 7}), json!({"command": {"kind": "delete"}})] {
        let answer = send(&publisher, COMMANDS, "application/json", command.to_string()).await;
        expect_problem(answer, 400, "bad_request").await;
    }
    let answer = send(&publisher, "/api/login", "application/json", r#"{"password":1}"#).await;
    expect_problem(answer, 400, "bad_request").await;
}

#[tokio::test]
async fn deep_json_is_refused_and_does_no_harm() {
    let server = Server::start().await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let body = format!(r#"{{"kind":"message","data":{{"text":"a","x":{deep}}}}}"#);
    let answer = send(&server.publisher(), ITEMS, "application/json", body).await;
    expect_problem(answer, 400, "bad_json").await;
}

#[tokio::test]
async fn unknown_kinds_are_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let item = json!({"kind": "hologram", "data": {}});
    expect_problem(publish(&publisher, &item).await, 422, "unknown_kind").await;
    let answer = publisher.command(json!({"kind": "explode"})).await;
    expect_problem(answer, 422, "unknown_kind").await;
    let answer = publisher.post(ITEMS).form(&[("kind", "hologram")]).send().await.unwrap();
    expect_problem(answer, 422, "unknown_kind").await;
}

#[tokio::test]
async fn an_item_may_have_64_kib_and_no_more() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let sized = |size: usize| {
        let frame = json!({"text": ""}).to_string().len();
        json!({"kind": "message", "data": {"text": "a".repeat(size - frame)}})
    };
    assert_eq!(publish(&publisher, &sized(64 * 1024)).await.status(), 201);
    let answer = publish(&publisher, &sized(64 * 1024 + 1)).await;
    expect_problem(answer, 413, "too_large").await;
}

#[tokio::test]
async fn a_body_may_have_128_kib_and_no_more() {
    let server = Server::start().await;
    let publisher = server.publisher();
    // Percent-encoded, the text takes three times its size.
    let sized = |size: usize| {
        let frame = "kind=message&text=";
        let text = "%61".repeat((size - frame.len()) / 3);
        format!("{frame}{text}{}", "a".repeat((size - frame.len()) % 3))
    };
    let fits = sized(128 * 1024);
    assert_eq!(fits.len(), 128 * 1024);
    expect_status(send(&publisher, ITEMS, FORM, fits).await, 201).await;
    let large = sized(128 * 1024 + 1);
    expect_problem(send(&publisher, ITEMS, FORM, large).await, 413, "too_large").await;

    let padded = format!("{{\"kind\":\"message\",{}\"data\":{{}}}}", " ".repeat(128 * 1024));
    let answer = send(&publisher, ITEMS, "application/json", padded).await;
    expect_problem(answer, 413, "too_large").await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let json = b"{\"kind\":\"message\",\"data\":{\"text\":\"\xff\xfe\"}}";
    let answer = send(&publisher, ITEMS, "application/json", json).await;
    expect_problem(answer, 400, "bad_utf8").await;
    for form in ["kind=message&text=%FF%FE", "kind=message&text=caf%E9", "kind=message&%C3=a"] {
        expect_problem(send(&publisher, ITEMS, FORM, form).await, 400, "bad_utf8").await;
    }
    let raw = b"kind=message&text=\xff";
    expect_problem(send(&publisher, ITEMS, FORM, raw).await, 400, "bad_utf8").await;
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    assert!(page.snapshot().items.is_empty(), "nothing of it was published");
}

#[tokio::test]
async fn a_form_without_a_kind_and_a_body_of_another_type_are_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    expect_problem(send(&publisher, ITEMS, FORM, "text=a").await, 422, "bad_item").await;
    let answer = send(&publisher, ITEMS, "text/plain", "kind=message").await;
    expect_problem(answer, 415, "unsupported_type").await;
    let answer = send(&publisher, ITEMS, "application/xml", "<item/>").await;
    expect_problem(answer, 415, "unsupported_type").await;
}

#[tokio::test]
async fn forms_publish_with_kind_or_type_and_json_may_name_its_charset() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for (number, form) in
        ["kind=message&text=caf%C3%A9+1", "type=message&text=two"].iter().enumerate()
    {
        let answer = expect_status(send(&publisher, ITEMS, FORM, *form).await, 201).await;
        assert_eq!(answer.json::<Value>().await.unwrap()["offset"], number + 1);
    }
    let form = "kind=link&url=https%3A%2F%2Fexample.org&title=There&extra=kept";
    let charset = format!("{FORM}; charset=UTF-8");
    expect_status(send(&publisher, ITEMS, &charset, form).await, 201).await;
    let item = json!({"kind": "message", "data": {"text": "json"}}).to_string();
    expect_status(send(&publisher, ITEMS, "application/json; charset=utf-8", item).await, 201)
        .await;
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let data: Vec<_> = page.snapshot().items.iter().map(|item| item.data.clone()).collect();
    assert_eq!(data[0], json!({"text": "café 1"}));
    assert_eq!(
        data[2],
        json!({"url": "https://example.org", "title": "There", "extra": "kept"}),
        "all fields become data, as strings"
    );
}

#[tokio::test]
async fn rooms_that_are_not_there_and_names_that_are_none_are_refused() {
    let server = Server::start().await;
    let publisher = server.publisher();
    let item = json!({"kind": "message", "data": {"text": "a"}}).to_string();
    let long = "x".repeat(65);
    for endpoint in ["items", "commands"] {
        let path = format!("/api/rooms/nowhere/{endpoint}");
        let answer = send(&publisher, &path, "application/json", item.clone()).await;
        expect_problem(answer, 404, "unknown_room").await;
        for name in ["Main", "a_b", "a%20b", "%C3%A4", "%FF", "..%2Fmain", &long] {
            let path = format!("/api/rooms/{name}/{endpoint}");
            let answer = send(&publisher, &path, "application/json", item.clone()).await;
            expect_problem(answer, 400, "bad_room").await;
        }
    }
    for path in ["items", "buttons", ""] {
        let path = format!("/api/rooms/nowhere/{path}");
        let answer = publisher.get(path.trim_end_matches('/')).send().await.unwrap();
        expect_problem(answer, 404, "unknown_room").await;
    }
}

#[tokio::test]
async fn unknown_addresses_and_wrong_methods_are_named() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for path in ["/api", "/api/", "/api/nothing", "/api/rooms/main/nothing"] {
        let answer = publisher.get(path).send().await.unwrap();
        expect_problem(answer, 404, "not_found").await;
    }
    for (path, method) in [
        (ITEMS, reqwest::Method::DELETE),
        (COMMANDS, reqwest::Method::GET),
        ("/api/login", reqwest::Method::GET),
        ("/api/rooms/main/ws", reqwest::Method::POST),
        ("/healthz", reqwest::Method::POST),
        ("/", reqwest::Method::POST),
    ] {
        let answer = publisher.request(method, path).send().await.unwrap();
        let allowed = answer.headers().get("allow").cloned();
        expect_problem(answer, 405, "method_not_allowed").await;
        assert!(allowed.is_some(), "{path}: a 405 says which methods there are");
    }
}

#[tokio::test]
async fn query_parameters_that_cannot_be_read_are_named() {
    let server = Server::start().await;
    for query in ["before=x", "before=-1", "limit=x", "limit=-1", "before=%FF"] {
        let answer = server.visitor().get(&format!("{ITEMS}?{query}")).send().await.unwrap();
        expect_problem(answer, 400, "bad_query").await;
    }
}

#[tokio::test]
async fn a_publish_needs_a_token_that_is_known() {
    let server = Server::start().await;
    let item = json!({"kind": "message", "data": {"text": "a"}});
    let answer = publish(&server.visitor(), &item).await;
    let challenge = answer.headers().get("www-authenticate").cloned();
    expect_problem(answer, 401, "unauthorized").await;
    assert!(challenge.is_some(), "a 401 says what is asked for (RFC 9110, 15.5.2)");
    for token in ["wrong", "nc_test_token_0123456789abcdeg", ""] {
        let stranger = Api::new(server.origin(), Credential::Token(token.to_owned()));
        expect_problem(publish(&stranger, &item).await, 401, "unauthorized").await;
    }
    let stranger = Api::new(server.origin(), Credential::Cookie("nowcast=made-up".to_owned()));
    expect_problem(publish(&stranger, &item).await, 401, "unauthorized").await;
    let basic = server.visitor().post(ITEMS).basic_auth("user", Some("password")).json(&item);
    expect_problem(basic.send().await.unwrap(), 401, "unauthorized").await;
}

async fn a_page_in_a_room_that_is_not_there_is_refused(transport: Transport) {
    let server = Server::start().await;
    for (room, status, code) in
        [("nowhere", 404, "unknown_room"), ("Bad_Room", 400, "bad_room"), ("%FF", 400, "bad_room")]
    {
        let refused = Joining::new(transport, server.origin()).room(room).try_open().await;
        let Err(problem) = refused else { panic!("{room} was opened") };
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{room}");
    }
}

async fn a_client_id_that_can_be_guessed_is_refused(transport: Transport) {
    let server = Server::start().await;
    let long = "x".repeat(65);
    for client in ["short", "with%20a%20space%20in%20it", &long] {
        let refused = Joining::new(transport, server.origin()).client(client).try_open().await;
        let Err(problem) = refused else { panic!("{client} was taken") };
        assert_eq!((problem.status, problem.code.as_str()), (400, "bad_client"), "{client}");
    }
    let path = format!("{COMMANDS}?client=short");
    let answer = send(&server.publisher(), &path, "application/json", "{}").await;
    expect_problem(answer, 400, "bad_client").await;
}

#[tokio::test]
async fn a_websocket_address_without_an_upgrade_says_what_it_is() {
    let server = Server::start().await;
    let path = "/api/rooms/main/ws";
    let answer = server.visitor().get(path).send().await.unwrap();
    let version = answer.headers().get("sec-websocket-version").cloned();
    assert_eq!(version.expect("it says what to come back with"), "13");
    expect_problem(answer, 426, "upgrade_required").await;

    // What asks for the upgrade and makes a mistake is told so.
    let asked = server.visitor().get(path).header("Connection", "Upgrade");
    let asked = asked.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13");
    let answer = asked.header("Sec-WebSocket-Key", "short").send().await.unwrap();
    expect_problem(answer, 400, "bad_request").await;
}

#[tokio::test]
async fn json_that_hides_json_in_its_text_is_refused_before_it_unfolds() {
    // What the server's own library takes for JSON to be read anew: each layer begins to count the
    // depth from nothing.
    let key = "$serde_json::private::RawValue";
    let around = |inner: &str| format!("{}{inner}{}", "[".repeat(118), "]".repeat(118));
    let bomb = (0..11).fold(around(""), |text, _| around(&json!({ key: text }).to_string()));
    let server = Server::start().await;
    let frame = format!(r#"{{"command":{{"kind":"typing","z":{bomb}}}}}"#);
    let answer = send(&server.visitor(), COMMANDS, "application/json", frame).await;
    expect_problem(answer, 400, "bad_json").await;
    let publisher = server.publisher();
    let item = format!(r#"{{"kind":"message","data":{{"text":"x","z":{bomb}}}}}"#);
    let answer = send(&publisher, "/api/rooms/main/items", "application/json", item).await;
    expect_problem(answer, 400, "bad_json").await;
    let form = [("kind", "message"), ("text", "x"), (key, "1")];
    let answer = publisher.post("/api/rooms/main/items").form(&form).send().await.unwrap();
    expect_problem(answer, 400, "bad_form").await;
    let value = publisher.put("/api/rooms/main/vars/x").body(json!({ key: "1" }).to_string());
    let answer = value.header("content-type", "application/json").send().await.unwrap();
    expect_problem(answer, 400, "bad_json").await;
    assert_eq!(server.visitor().get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn limits_can_be_set() {
    let server = Setup::new()
        .arg("--max-item=200")
        .arg("--max-form=1000")
        .arg("--max-upload=100")
        .start()
        .await;
    let publisher = server.publisher();
    let item = |size: usize| json!({"kind": "message", "data": {"text": "a".repeat(size)}});
    assert_eq!(publish(&publisher, &item(150)).await.status(), 201);
    expect_problem(publish(&publisher, &item(250)).await, 413, "too_large").await;
    expect_problem(publish(&publisher, &item(1000)).await, 413, "too_large").await;
    let path = "/api/rooms/main/uploads";
    let answer = send(&publisher, path, "image/png", vec![0; 101]).await;
    expect_problem(answer, 413, "too_large").await;
}
