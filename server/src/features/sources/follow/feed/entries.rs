//! The entries of a feed, as JSON in one shape whatever its format.

use super::pace::Pace;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use feed_rs::model::{self, Feed, FeedType, Text};
use feed_rs::parser;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The entries of a document that are looked at: the newest.
pub const MOST_ENTRIES: usize = 500;
/// The categories of an entry that are told.
const MOST_CATEGORIES: usize = 50;

/// The bytes of a text that are told: as many as an item has at most.
const MOST_TEXT: usize = 64 * 1024;
/// An id that has more bytes is told by its hash.
const MOST_ID: usize = 1024;
/// The bytes in which a feed says how often it is to be looked at.
const HEAD: usize = 64 * 1024;

/// What a document says.
#[derive(Debug)]
pub struct Document {
    /// Its entries, the oldest first.
    pub entries: Vec<Entry>,
    /// How often it asks to be looked at.
    pub pace: Pace,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is known by: the same at each look.
    pub id: String,
    /// What it says; see [`Heard`](crate::features::sources::follow::Heard).
    pub json: Value,
}

/// Reads a document that came from this address; nothing if it is no feed.
pub fn read(document: &[u8], address: &str) -> Option<Document> {
    // The parser was not written for documents that mean harm.
    let feed = catch_unwind(AssertUnwindSafe(|| {
        let parser = parser::Builder::new()
            .base_uri(Some(address))
            .sanitize_content(false)
            .id_generator(|_, _, _| String::new())
            .build();
        parser.parse(document).ok()
    }));
    let feed = feed.ok().flatten()?;
    let pace = match feed.feed_type {
        FeedType::JSON => Pace::default(),
        _ => Pace::read(&String::from_utf8_lossy(&document[..document.len().min(HEAD)]), feed.ttl),
    };
    let pictures = match feed.feed_type {
        FeedType::JSON => pictures(document),
        _ => Vec::new(),
    };
    let mut dated: Vec<_> = feed
        .entries
        .iter()
        .enumerate()
        .map(|(index, each)| {
            let picture = pictures.get(index).cloned().flatten();
            (when(each), entry(each, &feed, picture))
        })
        .collect();
    // Feeds begin with the newest; what is dated says so itself, if everything is.
    dated.reverse();
    if dated.iter().all(|(when, _)| when.is_some()) {
        dated.sort_by_key(|(when, _)| *when);
    }
    let beyond = dated.len().saturating_sub(MOST_ENTRIES);
    let entries = dated.into_iter().skip(beyond).map(|(_, entry)| entry).collect();
    Some(Document { entries, pace })
}

fn when(entry: &model::Entry) -> Option<i64> {
    entry.published.or(entry.updated).map(|time| time.timestamp_millis())
}

fn entry(entry: &model::Entry, feed: &Feed, picture: Option<String>) -> Entry {
    let is_rss = matches!(feed.feed_type, FeedType::RSS0 | FeedType::RSS1 | FeedType::RSS2);
    let title = entry.title.as_ref().map(|title| title.content.as_str());
    let url = address(entry);
    let (mut text, mut html) = (None, None);
    let summary =
        entry.summary.as_ref().map(|summary| (is_html(summary), summary.content.as_str()));
    let content = entry.content.as_ref().and_then(|content| {
        let kind = content.content_type.as_str();
        Some((kind.contains("html"), content.body.as_deref()?))
    });
    for (marked, body) in [summary, content].into_iter().flatten() {
        // RSS says of nothing what it is, and means HTML.
        let place = if marked || is_rss { &mut html } else { &mut text };
        if place.is_none() && !body.trim().is_empty() {
            *place = Some(body);
        }
    }
    let author = entry.authors.iter().chain(&feed.authors).find_map(name);
    let language = entry.language.as_ref().or(feed.language.as_ref());
    let categories: Vec<&str> = entry
        .categories
        .iter()
        .map(|category| category.label.as_deref().unwrap_or(&category.term).trim())
        .filter(|category| !category.is_empty())
        .take(MOST_CATEGORIES)
        .collect();

    let id = match entry.id.trim() {
        "" => made_id(url, title, text.or(html)),
        id if id.len() > MOST_ID => hashed(&[id]),
        id => id.to_owned(),
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            let value = &value[..value.floor_char_boundary(MOST_TEXT)];
            fields.insert(name.to_owned(), json!(value));
        }
    };
    put("id", Some(&id));
    put("title", title);
    put("url", url);
    put("text", text);
    put("html", html);
    put("author", author.as_deref());
    put("picture", picture.or_else(|| shown(entry)).as_deref());
    put("language", language.map(String::as_str));
    if let Some(time) = when(entry) {
        fields.insert("published".to_owned(), json!(time));
    }
    if !categories.is_empty() {
        fields.insert("categories".to_owned(), json!(categories));
    }
    Entry { id, json: Value::Object(fields) }
}

fn is_html(text: &Text) -> bool {
    text.content_type.as_str().contains("html")
}

/// A name, or what is before the address of who has none.
fn name(person: &model::Person) -> Option<String> {
    let name = person.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.or_else(|| person.email.as_deref()?.split('@').next());
    name.map(str::to_owned)
}

/// Where the entry itself is.
fn address(entry: &model::Entry) -> Option<&str> {
    let page = |link: &&model::Link| matches!(link.rel.as_deref(), None | Some("alternate"));
    let link = entry.links.iter().find(page).or_else(|| entry.links.first())?;
    Some(link.href.as_str())
}

/// A picture that the entry shows.
fn shown(entry: &model::Entry) -> Option<String> {
    let is_picture = |kind: &str| kind.starts_with("image/");
    let media = || entry.media.iter();
    let content = media().flat_map(|media| &media.content).find(|content| {
        content.content_type.as_ref().is_some_and(|kind| is_picture(kind.as_str()))
    });
    let thumbnail = || media().flat_map(|media| &media.thumbnails).next();
    let link = || {
        entry.links.iter().find(|link| {
            link.rel.as_deref() != Some("alternate")
                && link.media_type.as_deref().is_some_and(is_picture)
        })
    };
    content
        .and_then(|content| content.url.as_ref().map(ToString::to_string))
        .or_else(|| thumbnail().map(|thumbnail| thumbnail.image.uri.clone()))
        .or_else(|| link().map(|link| link.href.clone()))
}

/// The pictures of a JSON Feed's items, which the parser does not tell.
fn pictures(document: &[u8]) -> Vec<Option<String>> {
    let read: Value = serde_json::from_slice(document).unwrap_or_default();
    let items = read.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let picture = |item: &Value| {
        let found = item.get("image").or_else(|| item.get("banner_image"))?;
        found.as_str().map(str::to_owned)
    };
    items.iter().map(picture).collect()
}

/// For an entry without an id: its address tells it from others, else what it says.
fn made_id(url: Option<&str>, title: Option<&str>, body: Option<&str>) -> String {
    match url.filter(|url| !url.is_empty()) {
        Some(url) if url.len() <= MOST_ID => url.to_owned(),
        Some(url) => hashed(&[url]),
        None => hashed(&[title.unwrap_or_default(), body.unwrap_or_default()]),
    }
}

fn hashed(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let digest = hash.finalize();
    BASE64_URL_SAFE_NO_PAD.encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(document: &str) -> Vec<Value> {
        let read = read(document.as_bytes(), "https://harbour.example/feed").expect("a feed");
        read.entries.into_iter().map(|entry| entry.json).collect()
    }

    #[test]
    fn rss_with_what_it_has_and_without_what_it_lacks() {
        let told = entries(
            r#"<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <channel><title>Harbour</title><link>https://harbour.example/</link>
            <description>News</description><language>en-GB</language>
            <item><title>Second</title><link>https://harbour.example/2</link><guid>two</guid>
              <pubDate>Sat, 21 Nov 2026 19:15:00 GMT</pubDate><category>boats</category>
              <description>&lt;p&gt;Fish &amp;amp; chips&lt;/p&gt;</description>
              <enclosure url="https://harbour.example/2.jpg" length="5" type="image/jpeg"/></item>
            <item><title>First</title><pubDate>Sat, 21 Nov 2026 18:15:00 GMT</pubDate></item>
            </channel></rss>"#,
        );
        assert_eq!(told[0]["title"], "First");
        assert_eq!(told[0]["id"].as_str().map(str::len), Some(22));
        let second = json!({"id": "two", "title": "Second", "url": "https://harbour.example/2",
            "html": "<p>Fish &amp; chips</p>", "published": 1_795_288_500_000_i64,
            "picture": "https://harbour.example/2.jpg", "language": "en-gb", "categories": ["boats"]});
        assert_eq!(told[1], second);
    }

    #[test]
    fn atom_tells_text_from_html_and_who_wrote_it() {
        let told = entries(
            r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Hafen</title>
            <id>urn:hafen</id><updated>2026-11-21T19:15:00Z</updated><author><name>Ana</name></author>
            <entry><id>urn:1</id><title>Moin</title><updated>2026-11-21T19:15:00Z</updated>
              <link rel="self" href="https://hafen.example/1.atom"/><link href="/1"/>
              <summary>Kurz</summary><content type="html">&lt;b&gt;Lang&lt;/b&gt;</content></entry></feed>"#,
        );
        assert_eq!(told[0]["text"], "Kurz");
        assert_eq!(told[0]["html"], "<b>Lang</b>");
        assert_eq!(told[0]["url"], "https://harbour.example/1");
        assert_eq!((&told[0]["author"], &told[0]["id"]), (&json!("Ana"), &json!("urn:1")));
    }

    #[test]
    fn json_feed_with_its_picture() {
        let told = entries(
            r#"{"version":"https://jsonfeed.org/version/1.1","title":"Harbour","items":[
            {"id":"b","content_text":"Two","url":"https://harbour.example/b","image":"https://harbour.example/b.png"},
            {"id":"a","content_html":"<p>One</p>","tags":["x"],"authors":[{"name":"Bo"}]}]}"#,
        );
        assert_eq!(
            told[0],
            json!({"id": "a", "html": "<p>One</p>", "author": "Bo", "categories": ["x"]})
        );
        assert_eq!(told[1]["picture"], "https://harbour.example/b.png");
        assert_eq!(told[1]["text"], "Two");
    }

    #[test]
    fn an_entry_without_an_id_has_the_same_at_each_look() {
        let document = r#"<rss version="2.0"><channel><title>x</title><item><title>a</title></item>
            <item><description>b</description></item><item><link>https://x.example/c</link></item></channel></rss>"#;
        let told = entries(document);
        assert_eq!(told, entries(document));
        assert_eq!(told[0]["id"], "https://x.example/c");
        assert_ne!(told[1]["id"], told[2]["id"]);
    }

    #[test]
    fn what_is_no_feed_is_nothing_however_it_is_made() {
        let deep = format!("<rss version=\"2.0\"><channel><item>{}", "<a>".repeat(200_000));
        let deep_text = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content type=\"xhtml\">{}",
            "<div>".repeat(200_000)
        );
        let arrays = format!(
            "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":{}",
            "[".repeat(200_000)
        );
        for document in ["", "<html></html>", "{}", "[]", "<rss", &deep, &deep_text, &arrays] {
            let _ = read(document.as_bytes(), "https://x.example/");
        }
        assert!(read(b"<html><body>Sign in</body></html>", "https://x.example/").is_none());
    }
}
