//! Custom items: tables.

use super::{ROOT, html, neighbours, tag};
use nowcast_tests::browser::{Browser, Screen};
use serde_json::{Value, json};

#[tokio::test]
async fn a_custom_item_has_the_limits_and_the_words_of_the_page() {
    let (server, site) = neighbours().await;
    let publisher = server.publisher();
    let (deep, rows): (Value, Vec<_>) = (
        (0..60).fold(json!(1), |deep, _| json!({"a": deep})),
        (0..40).map(|n| json!({"n": n})).collect(),
    );
    for data in [
        json!({"k": (0..50).map(|n| (format!("k{n}"), n.into())).collect::<serde_json::Map<_, _>>()}),
        json!({"extra": true, "none": null, "": "", "no": [], "nil": {}, "tags": ["a", 1, false],
            "b": "<b>x</b>", "mixed": [1, {"a": 2}]}),
        json!([{"team": "A", "points": 3}, {"team": "B", "note": "late"}]),
        deep,
        vec![json!(rows); 40].into(),
        json!("x".repeat(5000)),
        json!((0..25).collect::<Vec<_>>()),
        json!("two\nlines"),
    ] {
        publisher.publish("custom", data).await;
    }
    let origin = server.origin();
    let browser = Browser::open(Screen::Desk).await;
    browser.go(&site.page("/tables", html(&tag(&origin, "data-limit=20")), "")).await;
    let shown = |place: &str, all: &str| {
        format!(
            "{place}; const all = [...root?.querySelectorAll('{all}') ?? []];
             return all.length === 8 && all.map(it => it.textContent)"
        )
    };
    let embedded = shown(ROOT, "[part~=content] > :is(.table, .prose)");
    let embedded = browser.until("the feed shows all", &embedded).await;
    browser.go(&origin).await;
    let page = shown("const root = document", ".feed .custom");
    let page = browser.until("the page shows all", &page).await;
    assert_eq!(embedded, page);
    browser.close().await;
}
