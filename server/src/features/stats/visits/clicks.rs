//! Links that were clicked: told by pages that are here, and counted where the item really leads
//! there.

use super::Visits;
use super::present::Clicked;
use crate::app::App;
use crate::clock;
use crate::error::Problem;
use crate::http::body;
use crate::http::extract::{Asks, InRoom};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use nowcast_shared::error::Code;
use nowcast_shared::id::ItemId;
use rusqlite::{OptionalExtension, params};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// How long an address may be that is counted, in bytes; what is told is not much longer.
const LONGEST: usize = 2_048;
const BODY: usize = LONGEST + 1_024;

/// How many bytes of a link's title are kept.
const TITLE: usize = 200;

/// What a page tells.
#[derive(Deserialize)]
pub(super) struct Click {
    item: ItemId,
    url: String,
}

/// An item, as far as it leads somewhere.
#[derive(Deserialize)]
struct Item {
    data: Value,
    html: Option<String>,
}

/// `POST …/clicks?client=`: 204, also where nothing is counted.
pub(super) async fn click(
    State(app): State<App>,
    Extension(visits): Extension<Arc<Visits>>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<StatusCode, Problem> {
    let quiet = ["dnt", "sec-gpc"]
        .into_iter()
        .any(|name| request.headers().get(name).is_some_and(|value| value == "1"));
    let bytes = body::bytes(request.into_body(), BODY).await?;
    let Click { item, url } = body::parse(&bytes)?;
    // Whoever is not here clicked nothing here.
    let (false, Some(page)) = (quiet, &asks.visitor.client) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    match visits.present().click(room.id(), page) {
        Clicked::Counts => {}
        Clicked::Ignored => return Ok(StatusCode::NO_CONTENT),
        Clicked::TooFast => {
            let detail = "These are more clicks than are counted.";
            return Err(Problem::new(Code::RateLimited, detail).retry_after(1));
        }
    }
    let id = room.id();
    let found: Option<String> = app
        .db
        .read(move |connection| {
            connection
                .prepare_cached("SELECT item FROM items WHERE room = ? AND id = ?")?
                .query_row(params![id, item.0], |row| row.get(0))
                .optional()
        })
        .await?;
    let found = found.and_then(|json| serde_json::from_str::<Item>(&json).ok());
    let found = found.ok_or_else(|| {
        Problem::new(Code::UnknownItem, "There is no such item, or it was deleted.")
    })?;
    if url.len() > LONGEST || !found.leads_to(&url) {
        let detail = "The item does not lead to that address.";
        return Err(Problem::new(Code::BadUrl, detail));
    }
    visits.present().count_click(id, &url, found.title(&url).as_deref(), clock::now());
    Ok(StatusCode::NO_CONTENT)
}

impl Item {
    /// Whether it has a link to this address.
    fn leads_to(&self, url: &str) -> bool {
        let begins = |scheme: &str| {
            url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let leads = begins("https://") || begins("http://") || url.starts_with("/uploads/");
        leads
            && match &self.html {
                Some(html) => links(html).any(|link| link == url),
                None => holds(&self.data, url),
            }
    }

    /// What the link to this address is called.
    fn title(&self, url: &str) -> Option<String> {
        let text = |name| self.data.get(name).and_then(Value::as_str);
        let title = text("title").filter(|title| text("url") == Some(url) && !title.is_empty())?;
        Some(title[..title.floor_char_boundary(TITLE)].to_owned())
    }
}

/// Whether the address stands in one of its texts, which pages show as links.
fn holds(data: &Value, url: &str) -> bool {
    match data {
        Value::String(text) => text.match_indices(url).any(|(at, _)| is_whole(text, at, url.len())),
        Value::Array(list) => list.iter().any(|one| holds(one, url)),
        Value::Object(fields) => fields.values().any(|one| holds(one, url)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether an address in a text begins there and goes no further.
fn is_whole(text: &str, at: usize, length: usize) -> bool {
    let (before, after) = (&text[..at], &text[at + length..]);
    let closing = |letter: char| ".,;:!?)]}>'\"*_".contains(letter);
    let after = after.trim_start_matches(closing);
    !before.ends_with(char::is_alphanumeric) && !after.starts_with(|c: char| !c.is_whitespace())
}

/// Where the links of a message lead. Its HTML is of our own making: attributes stand in double
/// quotes, and four characters are written as entities.
fn links(html: &str) -> impl Iterator<Item = String> {
    html.split("href=\"").skip(1).filter_map(|rest| {
        let (link, _) = rest.split_once('"')?;
        let plain = link.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        Some(plain.replace("&amp;", "&"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown;
    use serde_json::json;

    fn message(text: &str) -> Item {
        Item { data: json!({ "text": text }), html: Some(markdown::to_html(text)) }
    }

    #[test]
    fn a_message_leads_where_its_links_lead_and_nowhere_else() {
        let item =
            message("See [the goals](https://example.org/a?b=1&c=2) and <https://b.example/>.");
        assert!(item.leads_to("https://example.org/a?b=1&c=2"));
        assert!(item.leads_to("https://b.example/"));
        for other in
            ["https://example.org/", "https://example.org/a?b=1&amp;c=2", "", "javascript:1"]
        {
            assert!(!item.leads_to(other), "{other}");
        }
        assert!(!message("javascript:alert(1)").leads_to("javascript:alert(1)"));
    }

    #[test]
    fn other_items_lead_to_the_addresses_in_them() {
        let link =
            Item { data: json!({"url": "https://a.example/x", "title": "A place"}), html: None };
        assert!(link.leads_to("https://a.example/x") && !link.leads_to("https://a.example/"));
        assert_eq!(link.title("https://a.example/x").as_deref(), Some("A place"));
        let table = Item {
            data: json!({"rows": [["one", {"text": "two", "url": "https://b.example/2"}]]}),
            html: None,
        };
        assert!(table.leads_to("https://b.example/2") && !table.leads_to("one"));
        assert_eq!(table.title("https://b.example/2"), None);
        let text = "Look (https://a.example/x?y=1)! Or https://b.example/, http://c.example";
        let post = Item { data: json!({ "text": text }), html: None };
        for there in ["https://a.example/x?y=1", "https://b.example/", "http://c.example"] {
            assert!(post.leads_to(there), "{there}");
        }
        for part in ["https://a.example/x", "https://a.example/x?y", "http://c.exam", "https://"] {
            assert!(!post.leads_to(part), "{part}");
        }
    }
}
