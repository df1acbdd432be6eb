//! The files of the pages, and what operators look at.

use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::server::{Server, Setup};
use reqwest::{Client, Response};

/// Files as a build leaves them, with their compressed forms beside them.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pages");
const SCRIPT: &str = "/feed-0123456789abcdef.js";
const PLAIN: &str = "/admin.js";

async fn with_pages() -> Server {
    Setup::new().arg("--assets").arg(PAGES).start().await
}

async fn get(api: &Api, path: &str) -> Response {
    expect_status(api.get(path).send().await.unwrap(), 200).await
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.unwrap_or_else(|| panic!("{} has no {name}", answer.url())).to_str().unwrap()
}

#[tokio::test]
async fn every_page_address_gets_the_page() {
    let server = with_pages().await;
    for path in ["/", "/admin", "/r/main", "/r/main/admin", "/?since=x"] {
        let answer = get(&server.visitor(), path).await;
        assert!(header(&answer, "content-type").starts_with("text/html"), "{path}");
        assert!(header(&answer, "cache-control").contains("no-cache"), "{path}");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("script-src 'unsafe-inline'"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(answer.text().await.unwrap().contains("A page of the test"), "{path}");
    }
    for path in ["/nothing", "/nothing.js", "/../Cargo.toml", "/..%2f..%2fetc%2fpasswd", "/.git"] {
        let answer = server.visitor().get(path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

/// As a server is that was compiled before its pages were built, whatever this one has.
#[tokio::test]
async fn a_server_without_pages_says_so_as_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("index.html");
    std::fs::write(&page, "A page that will be gone").unwrap();
    let server = Setup::new().arg("--assets").arg(folder.path().to_str().unwrap()).start().await;
    std::fs::remove_file(page).unwrap();
    let pages = [
        "/",
        "/index.html",
        "/admin",
        "/admin/",
        "/r/main",
        "/r/main/",
        "/r/other",
        "/r/main/admin",
    ];
    for path in pages {
        let answer = expect_status(server.visitor().get(path).send().await.unwrap(), 503).await;
        assert!(header(&answer, "content-type").starts_with("text/html"), "{path}");
        assert!(answer.text().await.unwrap().contains("cargo xtask build"), "{path}");
    }
}

#[tokio::test]
async fn files_have_their_types() {
    let server = with_pages().await;
    let answer = get(&server.visitor(), SCRIPT).await;
    assert!(header(&answer, "content-type").contains("javascript"));
    let answer = get(&server.visitor(), "/feed-0123456789abcdef_bg.wasm").await;
    assert_eq!(header(&answer, "content-type"), "application/wasm");
}

#[tokio::test]
async fn files_come_in_the_best_encoding_that_is_understood() {
    let server = with_pages().await;
    let plain = std::fs::read(format!("{PAGES}{SCRIPT}")).unwrap();
    for (accepts, expected) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("br", Some("br")),
        ("gzip", Some("gzip")),
        ("gzip, br;q=0", Some("gzip")),
        ("identity", None),
        ("", None),
    ] {
        let request = server.visitor().get(SCRIPT).header("accept-encoding", accepts);
        let answer = expect_status(request.send().await.unwrap(), 200).await;
        let encoding =
            answer.headers().get("content-encoding").map(|value| value.to_str().unwrap());
        assert_eq!(encoding, expected, "{accepts:?}");
        assert!(header(&answer, "vary").to_lowercase().contains("accept-encoding"));
        let length: usize = header(&answer, "content-length").parse().unwrap();
        assert_eq!(length < plain.len(), expected.is_some(), "{accepts:?}");
        assert_eq!(answer.bytes().await.unwrap().len(), length);
    }
    // A client that decodes gets the same bytes either way.
    for client in [
        Client::builder().no_gzip().build().unwrap(),
        Client::builder().no_brotli().build().unwrap(),
    ] {
        let answer = client.get(format!("{}{SCRIPT}", server.origin())).send().await.unwrap();
        assert!(answer.bytes().await.unwrap() == plain);
    }
}

#[tokio::test]
async fn hashed_names_are_kept_for_good_and_others_are_asked_for_again() {
    let server = with_pages().await;
    let visitor = server.visitor();
    let answer = get(&visitor, SCRIPT).await;
    assert!(header(&answer, "cache-control").contains("immutable"));

    let answer = get(&visitor, PLAIN).await;
    assert!(header(&answer, "cache-control").contains("no-cache"));
    let tag = header(&answer, "etag").to_owned();
    let again = visitor.get(PLAIN).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(header(&again, "etag"), tag);
    assert!(again.bytes().await.unwrap().is_empty());
    let other = visitor.get(PLAIN).header("if-none-match", "\"other\"");
    expect_status(other.send().await.unwrap(), 200).await;

    // Each encoding is another representation, with a tag of its own.
    let request = visitor.get(PLAIN).header("accept-encoding", "br");
    let encoded = expect_status(request.send().await.unwrap(), 200).await;
    assert!(header(&encoded, "etag") != tag || tag.starts_with("W/"), "{tag}");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = with_pages().await;
    for path in ["/", SCRIPT, "/healthz", "/api/rooms/main/items"] {
        let full = get(&server.visitor(), path).await;
        let head = server.visitor().request(reqwest::Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!(header(&head, "content-type"), header(&full, "content-type"), "{path}");
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn health_and_metrics_can_be_read_by_machines() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        get(&server.visitor(), path).await;
    }
    server.publisher().say("counted").await;
    let answer = get(&server.visitor(), "/metrics").await;
    assert!(header(&answer, "content-type").starts_with("text/plain"));
    let text = answer.text().await.unwrap();
    let mut samples = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            assert!(line.starts_with("# HELP nowcast_") || line.starts_with("# TYPE nowcast_"));
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        assert!(name.starts_with("nowcast_") || name.starts_with("process_"), "{line:?}");
        assert!(value.parse::<f64>().is_ok(), "{line:?}");
        samples += 1;
    }
    assert!(samples > 0, "{text}");
}
