//! RSS, Atom and JSON Feed.

use super::followed::{Followed, server, shown};
use nowcast_tests::outside::Answer;
use serde_json::{Value, json};

fn rss(numbers: std::ops::RangeInclusive<u32>) -> String {
    let items: Vec<String> = numbers
        .rev()
        .map(|number| {
            format!(
                "<item><title>News {number}</title><link>https://harbour.example/{number}</link>\
                 <guid>n{number}</guid><description>&lt;p&gt;All of it&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Harbour</title>\
         <link>https://harbour.example/</link><description>News</description>{}</channel></rss>",
        items.concat()
    )
}

fn every_second() -> Value {
    json!({"format": "feed", "every": 1})
}

#[tokio::test]
async fn new_entries_come_oldest_first_and_only_once() {
    let (mut server, admin, outside) = server().await;
    let feed =
        |numbers, etag: &str| Answer::body("application/rss+xml", rss(numbers)).etag(etag).gzip();
    outside.always("/feed", feed(1..=3, "\"a\""));
    let source = Followed::start(&admin, "feed", &outside.url("/feed"), every_second()).await;
    assert_eq!(shown(&admin, 3, "title").await, ["News 1", "News 2", "News 3"]);
    // What did not change is not sent again, and changes nothing.
    let asked = outside.asked_times("/feed", 3).await;
    assert_eq!(asked[1].header("if-none-match"), Some("\"a\""));
    outside.always("/feed", feed(2..=5, "\"b\""));
    let titles = shown(&admin, 5, "title").await;
    assert_eq!(titles[3..], ["News 4", "News 5"]);
    let state = source.until("has published", |state| state["published"] == 5).await;
    assert_eq!(state["state"], "following");
    // What was seen outlives the server.
    server.restart().await;
    let asked = outside.asked("/feed").len();
    let again = outside.asked_times("/feed", asked + 2).await;
    assert_eq!(again.last().and_then(|asked| asked.header("if-none-match")), Some("\"b\""));
    assert_eq!(shown(&admin, 5, "title").await.len(), 5);
}

#[tokio::test]
async fn atom_and_json_feed_are_read_as_well() {
    let (_server, admin, outside) = server().await;
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>Hafen</title><id>urn:h</id>
        <updated>2026-11-21T19:15:00Z</updated><entry><id>urn:1</id><title>Moin</title>
        <updated>2026-11-21T19:15:00Z</updated><link href="https://hafen.example/1"/></entry></feed>"#;
    outside.always("/atom", Answer::body("application/atom+xml", atom));
    let _atom = Followed::start(&admin, "feed", &outside.url("/atom"), every_second()).await;
    assert_eq!(shown(&admin, 1, "title").await, ["Moin"]);
    let feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "Harbour", "items": [
        {"id": "a", "url": "https://harbour.example/a", "title": "Ahoy", "content_text": "a ship"}]});
    outside.always("/json", Answer::body("application/feed+json", feed.to_string()));
    let _json = Followed::start(&admin, "feed", &outside.url("/json"), every_second()).await;
    assert_eq!(shown(&admin, 2, "url").await[1], "https://harbour.example/a");
}

#[tokio::test]
async fn what_is_no_feed_is_refused_and_a_feed_that_breaks_is_looked_at_again() {
    let (_server, admin, outside) = server().await;
    outside.always("/page", Answer::body("text/html", "<html><body>Sign in</body></html>"));
    let page = Followed::start(&admin, "feed", &outside.url("/page"), every_second()).await;
    assert!(page.failed().await.contains("no feed"));
    outside.always("/feed", Answer::body("application/rss+xml", rss(1..=1)));
    let feed = Followed::start(&admin, "feed", &outside.url("/feed"), every_second()).await;
    shown(&admin, 1, "title").await;
    outside.next("/feed", Answer::status(503).header("retry-after", "1"));
    assert!(feed.waits().await.contains("503"));
    outside.always("/feed", Answer::body("application/rss+xml", rss(1..=2)));
    assert_eq!(shown(&admin, 2, "title").await, ["News 1", "News 2"]);
}
