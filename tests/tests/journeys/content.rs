//! What is published: Markdown that comes out harmless, pictures.

use nowcast_shared::event::Event;
use nowcast_tests::api::{expect_problem, expect_status};
use nowcast_tests::page::{Joining, Transport};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

const UPLOADS: &str = "/api/rooms/main/uploads";

/// A PNG of 480 by 270 pixels.
const PNG: &[u8] = include_bytes!("../../fixtures/sunrise.png");

/// A GIF of 3 by 2 pixels.
const GIF: &[u8] = &[
    b'G', b'I', b'F', b'8', b'9', b'a', 3, 0, 2, 0, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, b',', 0,
    0, 0, 0, 3, 0, 2, 0, 0, 2, 3, 0x84, 0x8f, 0x05, 0, b';',
];

#[tokio::test]
async fn markdown_is_rendered() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for (text, expected) in [
        ("plain", "<p>plain</p>"),
        ("**strong** and *stress*", "<strong>strong</strong>"),
        ("`code`", "<code>code</code>"),
        ("- one\n- two", "<li>one</li>"),
        ("> said", "<blockquote>"),
        ("~~gone~~", "<del>gone</del>"),
        ("[there](https://example.org/a?b=1&c=2)", r#"href="https://example.org/a?b=1&amp;c=2""#),
    ] {
        server.publisher().say(text).await;
        let html = html(&page.next_event().await.event);
        assert!(html.contains(expected), "{text} became {html}");
    }
    server.publisher().say("[there](https://example.org)").await;
    let html = html(&page.next_event().await.event);
    assert!(html.contains("noopener") && html.contains("nofollow"), "{html}");
}

#[tokio::test]
async fn a_post_comes_by_json_or_by_form_and_keeps_what_its_kind_does_not_know() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let post = json!({
        "user": "Ana", "text": "Kick-off\nat last https://example.org/live", "source": "Mastodon",
        "url": "https://example.org/@ana/1", "picture": "https://example.org/a.png", "boosts": 3,
    });
    let published = server.publisher().publish("post", post.clone()).await;
    assert_eq!(item(page.next_event().await.event), ("post".to_owned(), post));

    let edit = json!({"kind": "edit", "item": published.id,
        "data": {"user": "Ana", "text": "Kick-off", "boosts": 4}});
    expect_status(server.publisher().command(edit).await, 200).await;
    let edited = json!({"user": "Ana", "text": "Kick-off", "boosts": 4});
    assert_eq!(item(page.next_event().await.event), ("post".to_owned(), edited));

    let form =
        [("type", "post"), ("user", "Bo"), ("text", "Hello"), ("picture", ""), ("extra", "")];
    let answer = server.publisher().post("/api/rooms/main/items").form(&form).send().await;
    expect_status(answer.unwrap(), 201).await;
    let kept = json!({"user": "Bo", "text": "Hello", "extra": ""});
    assert_eq!(item(page.next_event().await.event), ("post".to_owned(), kept));
}

#[tokio::test]
async fn a_custom_item_is_any_json_and_all_of_a_form() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for data in [
        json!({"type": "goal", "minute": 17, "by": {"name": "Ana", "number": null}, "url": "x:y"}),
        json!([1, "two", [3]]),
        json!("a text"),
        json!(-0.5),
        json!(false),
        json!({}),
    ] {
        let published = server.publisher().publish("custom", data.clone()).await;
        assert_eq!(item(page.next_event().await.event), ("custom".to_owned(), data.clone()));
        let edit = json!({"kind": "edit", "item": published.id, "data": [data]});
        expect_status(server.publisher().command(edit).await, 200).await;
        assert_eq!(item(page.next_event().await.event), ("custom".to_owned(), json!([data])));
    }
    // A field `type` is data where `kind` says what it is.
    let form = [("kind", "custom"), ("type", "goal"), ("minute", "17"), ("note", "")];
    let answer = server.publisher().post("/api/rooms/main/items").form(&form).send().await;
    expect_status(answer.unwrap(), 201).await;
    let kept = json!({"type": "goal", "minute": "17", "note": ""});
    assert_eq!(item(page.next_event().await.event), ("custom".to_owned(), kept));

    let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
    for data in [json!(null), deep] {
        let new = json!({"kind": "custom", "data": data});
        let answer = server.publisher().post("/api/rooms/main/items").json(&new).send().await;
        expect_problem(answer.unwrap(), 422, "bad_item").await;
    }
    let large = json!({"kind": "custom", "data": ["x".repeat(64 * 1024)]});
    let answer = server.publisher().post("/api/rooms/main/items").json(&large).send().await;
    expect_problem(answer.unwrap(), 413, "too_large").await;
}

/// Kind and data of the item that an event brings.
fn item(event: Event<Value>) -> (String, Value) {
    match event {
        Event::ItemPublished { item } | Event::ItemEdited { item } => (item.kind, item.data),
        other => panic!("{other:?} brings no item"),
    }
}

#[tokio::test]
async fn html_and_script_in_markdown_come_out_harmless() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let hostile = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)></svg>",
        "<iframe src=\"javascript:alert(1)\"></iframe>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#10;script:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:alert(1))",
        "![x](javascript:alert(1))",
        "![x\" onerror=\"alert(1)](https://example.org/x.png)",
        "[x](https://example.org \"t\\\" onmouseover=\\\"alert(1)\")",
        "<javascript:alert(1)>",
        "<style>body{display:none}</style>",
        "<form action=/api/logout method=post><button>x</button></form>",
        "<div style=\"position:fixed;inset:0\" class=\"composer\" id=\"app\">x</div>",
        "<meta http-equiv=refresh content=\"0;url=https://example.org\">",
        "<base href=\"https://example.org/\">",
        "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<b>unclosed",
        "```html\n<script>alert(1)</script>\n```",
        "\u{0}<scr\u{0}ipt>alert(1)</script>",
    ];
    for text in hostile {
        server.publisher().say(text).await;
        let event = page.next_event().await.event;
        let html = html(&event);
        assert_harmless(text, &html);
        let Event::ItemPublished { item } = event else { unreachable!("html looked already") };
        let stored = server.visitor().json("/api/rooms/main/items?limit=1").await;
        assert_eq!(stored["items"][0]["html"], item.html.unwrap(), "the stored one is the same");
        assert_eq!(stored["items"][0]["data"]["text"], text, "the text is kept as it was");
    }
}

fn html(event: &Event<Value>) -> String {
    match event {
        Event::ItemPublished { item } => item.html.clone().expect("a message has html"),
        other => panic!("{other:?} instead of a published item"),
    }
}

/// Looks at every tag as a browser would: its name, the names of its attributes, and where the
/// attributes lead.
fn assert_harmless(text: &str, html: &str) {
    const TAGS: [&str; 24] = [
        "p",
        "a",
        "em",
        "strong",
        "del",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "br",
        "img",
        "b",
        "i",
        "div",
        "span",
    ];
    const ATTRIBUTES: [&str; 8] = ["href", "src", "alt", "title", "rel", "class", "lang", "start"];
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let name: String = tag.chars().take_while(|c| !" />".contains(*c)).collect();
        let closing = tag.strip_prefix('/');
        rest = tag;
        if closing.is_some() {
            continue;
        }
        assert!(TAGS.contains(&name.as_str()), "{text:?} became {html}");
        rest = &tag[name.len()..];
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"").expect("a value in quotes");
            let (value, after) = value.split_once('"').expect("a quote at the end");
            assert!(ATTRIBUTES.contains(&name), "{text:?} became {html}");
            let leads = name == "href" || name == "src";
            let safe = ["http://", "https://", "mailto:"].iter().any(|it| value.starts_with(it));
            assert!(!leads || safe, "{text:?} became {html}");
            rest = after;
        }
        assert!(rest.starts_with(['>', '/']), "{text:?} became {html}");
    }
}

#[tokio::test]
async fn a_picture_can_be_uploaded_and_published() {
    let server = Server::start().await;
    let publisher = server.publisher();
    for (bytes, content_type, width, height) in
        [(PNG, "image/png", 480, 270), (GIF, "image/gif", 3, 2)]
    {
        // What the sender calls it does not matter: the bytes say what it is.
        let request = publisher.post(UPLOADS).header("content-type", "application/octet-stream");
        let answer = request.body(bytes.to_vec()).send().await.unwrap();
        let upload: Value = expect_status(answer, 201).await.json().await.unwrap();
        assert_eq!((&upload["width"], &upload["height"]), (&json!(width), &json!(height)));
        let url = upload["url"].as_str().unwrap();
        assert!(url.starts_with("/uploads/"), "{url}");

        let shown = expect_status(server.visitor().get(url).send().await.unwrap(), 200).await;
        let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), content_type);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("cache-control").contains("immutable"));
        assert_eq!(shown.bytes().await.unwrap(), bytes);

        publisher.publish("image", json!({"url": url, "alt": "A test"})).await;
    }
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    assert_eq!(page.snapshot().items.len(), 2);
}

#[tokio::test]
async fn a_picture_can_be_uploaded_as_a_form_does_it() {
    let server = Server::start().await;
    let mut body =
        b"--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
        content-type: image/png\r\n\r\n"
            .to_vec();
    body.extend_from_slice(PNG);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = server.publisher().post(UPLOADS);
    let request = request.header("content-type", "multipart/form-data; boundary=edge");
    let answer = request.body(body).send().await.unwrap();
    let upload: Value = expect_status(answer, 201).await.json().await.unwrap();
    assert_eq!((&upload["width"], &upload["height"]), (&json!(480), &json!(270)));
}

#[tokio::test]
async fn an_upload_that_is_no_picture_is_refused() {
    let server = Server::start().await;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let bodies: [&[u8]; 5] =
        [b"", b"not a picture", b"<html><script>alert(1)</script></html>", svg, &PNG[..8]];
    for body in bodies {
        let request = server.publisher().post(UPLOADS).header("content-type", "image/png");
        let answer = request.body(body.to_vec()).send().await.unwrap();
        expect_problem(answer, 415, "not_an_image").await;
    }
}

#[tokio::test]
async fn an_upload_that_is_too_large_and_one_of_a_stranger_are_refused() {
    let server = Server::start().await;
    let mut large = PNG.to_vec();
    large.resize(10 * 1024 * 1024 + 1, 0);
    let request = server.publisher().post(UPLOADS).header("content-type", "image/png");
    let answer = request.body(large).send().await.unwrap();
    expect_problem(answer, 413, "too_large").await;

    let answer = server.visitor().post(UPLOADS).body(PNG).send().await.unwrap();
    expect_problem(answer, 401, "unauthorized").await;
}

#[tokio::test]
async fn nothing_but_uploads_is_served_from_their_address() {
    let server = Server::start().await;
    for path in [
        "/uploads/",
        "/uploads/none.png",
        "/uploads/..%2fnowcast.db",
        "/uploads/%2e%2e%2fnowcast.db",
        "/uploads/..%5cnowcast.db",
        "/uploads/%00",
    ] {
        let answer = server.visitor().get(path).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 400 | 404), "{path}: {}", answer.status());
    }
}

#[tokio::test]
async fn text_of_every_script_survives() {
    let server = Server::start().await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    for text in
        ["Grüße, 日本語, עברית, العربية", "👩‍👩‍👧‍👦 🇺🇦", "a\u{202e}b", "line\nline\r\nline", "\\u0000"]
    {
        server.publisher().say(text).await;
        assert_eq!(page.next_texts(1).await, [text]);
    }
}
