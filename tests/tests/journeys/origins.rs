//! Pages of other sites: who may read, and that nobody gets rights by it.

use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::request::RequestBuilder;
use nowcast_tests::server::{Server, Setup, TOKEN};
use reqwest::{Method, Response};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, http};

const FRIEND: &str = "https://friend.example";
const STRANGER: &str = "https://stranger.example";

async fn with_a_friend() -> Server {
    Setup::new().arg(format!("--allow-origin={FRIEND}")).start().await
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().expect("a header is ASCII"))
}

async fn from(request: RequestBuilder, origin: &str) -> Response {
    let request = request.header("origin", origin).header("sec-fetch-site", "cross-site");
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn pages_of_an_allowed_origin_read_and_others_do_not() {
    let server = with_a_friend().await;
    server.publisher().say("Hello").await;
    let visitor = server.visitor();
    let paths = ["items", "poll?wait=0", "sse", "chat", "vars", "chat/lines?wait=0", "nothing"];
    for path in paths.map(|path| format!("/api/rooms/main/{path}")) {
        let answer = from(visitor.get(&path), FRIEND).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(FRIEND), "{path}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{path}");
        let exposed = header(&answer, "access-control-expose-headers").unwrap();
        for name in ["nowcast-next", "etag", "retry-after"] {
            assert!(exposed.contains(name), "{exposed}");
        }
        let varies = |answer: &Response| {
            let mut all = answer.headers().get_all("vary").iter();
            all.any(|value| value.to_str().unwrap().to_lowercase().contains("origin"))
        };
        assert!(varies(&answer), "{path}");

        let answer = from(visitor.get(&path), STRANGER).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{path}");
        assert!(varies(&answer), "{path}");
    }
}

#[tokio::test]
async fn a_server_that_allows_all_origins_says_so_and_still_takes_no_credentials() {
    let server = Setup::new().env("NOWCAST_ALLOW_ORIGIN", "*").start().await;
    let answer = from(server.visitor().get("/api/rooms/main/items"), STRANGER).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&answer, "access-control-allow-credentials"), None);
    assert!(socket(&server, Some("null")).await.is_ok());
}

#[tokio::test]
async fn a_server_that_allows_no_origin_answers_as_if_there_were_none() {
    let server = Server::start().await;
    let answer = from(server.visitor().get("/api/rooms/main/items"), FRIEND).await;
    let answer = expect_status(answer, 200).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    assert_eq!(header(&answer, "vary"), None);
}

#[tokio::test]
async fn a_browser_that_asks_for_permission_gets_it_for_what_a_page_needs() {
    let server = with_a_friend().await;
    let visitor = server.visitor();
    let ask = async |origin: &str, path: &str| {
        let request = visitor.request(Method::OPTIONS, path);
        from(request.header("access-control-request-method", "PUT"), origin).await
    };
    for path in ["/api/rooms/main/items", "/api/rooms/main/vars/score", "/api/push"] {
        let answer = expect_status(ask(FRIEND, path).await, 204).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(FRIEND));
        let methods = header(&answer, "access-control-allow-methods").unwrap();
        assert!(["POST", "PUT", "DELETE"].iter().all(|method| methods.contains(method)));
        let headers = header(&answer, "access-control-allow-headers").unwrap();
        for name in ["authorization", "content-type", "idempotency-key", "if-match"] {
            assert!(headers.contains(name), "{headers}");
        }
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
        expect_problem(ask(STRANGER, path).await, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn an_allowed_origin_gives_a_page_no_rights_but_those_of_its_token() {
    let server = with_a_friend().await;
    let (visitor, admin) = (server.visitor(), server.admin().await);
    let path = "/api/rooms/main/items";
    let item = json!({"kind": "message", "data": {"text": "Hello"}});
    let post = || visitor.post(path).json(&item);
    let cookie = post().header("cookie", admin.cookie());
    expect_problem(from(cookie, FRIEND).await, 403, "foreign_origin").await;
    expect_problem(from(post(), FRIEND).await, 403, "foreign_origin").await;
    let answer = from(post().bearer_auth(TOKEN), FRIEND).await;
    let answer = expect_status(answer, 201).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(FRIEND));
}

/// Opens a WebSocket as a page of this origin, or a program.
async fn socket(server: &Server, origin: Option<&str>) -> Result<(), u16> {
    let address = format!("ws://{}/api/rooms/main/ws", server.address());
    let mut request = address.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok(_) => Ok(()),
        Err(tungstenite::Error::Http(answer)) => {
            let body = answer.body().clone().unwrap_or_default();
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem");
            assert_eq!(problem["code"], "foreign_origin");
            Err(http::Response::status(&answer).as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_websocket_is_for_those_who_may_read() {
    let server = with_a_friend().await;
    for origin in [FRIEND, &server.origin(), "chrome-extension://abcdef", "moz-extension://a-b"] {
        assert_eq!(socket(&server, Some(origin)).await, Ok(()), "{origin}");
    }
    assert_eq!(socket(&server, None).await, Ok(()), "a program");
    for origin in [STRANGER, "null", "http://friend.example"] {
        assert_eq!(socket(&server, Some(origin)).await, Err(403), "{origin}");
    }
}

#[tokio::test]
async fn an_origin_that_is_none_is_refused_at_the_start() {
    for bad in ["friend.example", "https://friend.example/page"] {
        let ended = Setup::new().arg(format!("--allow-origin={bad}")).run_to_the_end().await;
        assert!(!ended.status.success());
        assert!(ended.stderr.contains("is no origin"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn the_scripts_for_other_pages_are_for_everybody() {
    let folder = tempfile::TempDir::with_prefix("nowcast-pages-").unwrap();
    for name in ["index.html", "nowcast.js", "nowcast.js.br", "embed.js", "nowcast.classic.js"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let server = Setup::new().arg("--assets").arg(folder.path().to_str().unwrap()).start().await;
    let visitor = server.visitor();
    for name in ["nowcast.js", "embed.js", "nowcast.classic.js"] {
        let path = format!("/{name}");
        let answer = expect_status(from(visitor.get(&path), STRANGER).await, 200).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
        assert_eq!(header(&answer, "cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(header(&answer, "content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
        let etag = header(&answer, "etag").unwrap().to_owned();
        let again = from(visitor.get(&path).header("if-none-match", etag), STRANGER).await;
        let again = expect_status(again, 304).await;
        assert_eq!(header(&again, "access-control-allow-origin"), Some("*"));
    }
    let packed = from(visitor.get("/nowcast.js").header("accept-encoding", "br"), STRANGER).await;
    assert_eq!(header(&packed, "content-encoding"), Some("br"));
    let page = from(visitor.get("/index.html"), STRANGER).await;
    assert_eq!(header(&page, "access-control-allow-origin"), None);
}
