//! From what was posted to what an item of its kind must be.

use crate::error::Problem;
use crate::markdown;
use crate::words::{is_direction, is_seen};
use nowcast_shared::error::Code;
use nowcast_shared::item::{KINDS, MOST_DEPTH, MOST_NAME, NewItem};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How long a title or an alt text may be, in characters.
const LINE: usize = 500;

/// How long an address may be, in bytes.
const ADDRESS: usize = 2048;

/// How much longer a message's HTML may be than the largest item.
const HTML: usize = 6;

/// How long a text may be, in bytes, to be turned into HTML where it came in: handing it to another
/// thread and waiting for that costs more than the work.
const SHORT: usize = 1024;

/// An item's content that is as its kind asks for.
pub struct Content {
    /// Its kind, a known one.
    pub kind: String,
    /// Its data as JSON; fields that the kind does not know are kept.
    pub data: Box<RawValue>,
    /// Its Markdown as safe HTML.
    pub html: Option<String>,
}

/// Checks an item's data against its kind; what is long, away from the threads that serve pages:
/// Markdown may take its time.
pub async fn check(item: NewItem<Value>, max_item: usize) -> Result<Content, Problem> {
    let text = item.data.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.len() <= SHORT {
        return check_now(item, max_item);
    }
    tokio::task::spawn_blocking(move || check_now(item, max_item)).await.map_err(|_| {
        Problem::new(Code::Internal, "The item could not be read. Try again in a moment.")
    })?
}

/// Checks an item's data against its kind.
///
/// # Errors
/// `unknown_kind`, `bad_item`, `bad_url` or `too_large`, with what is wrong in which field.
pub(crate) fn check_now(item: NewItem<Value>, max_item: usize) -> Result<Content, Problem> {
    let NewItem { kind, data } = item;
    if !KINDS.contains(&kind.as_str()) {
        let known = KINDS.join(", ");
        let detail = format!("There is no item kind {:?}. Known are: {known}.", shorten(&kind));
        return Err(Problem::new(Code::UnknownKind, detail));
    }
    let written = match data {
        data if kind == "custom" => custom(data)?,
        Value::Object(mut data) => {
            check_fields(&kind, &mut data)?;
            data.into()
        }
        _ => return Err(bad("An item's `data` is an object, as in {\"text\":\"Hello\"}.")),
    };
    let data = serde_json::value::to_raw_value(&written)
        .map_err(|_| bad("An item's `data` cannot be written as JSON."))?;
    if data.get().len() > max_item {
        return Err(Problem::too_large("The item", max_item));
    }
    let html = match written.get("text") {
        Some(Value::String(text)) if kind == "message" => Some(markdown::to_html(text)),
        _ => None,
    };
    // Tables and the like come out longer than they were written, but not without end.
    if html.as_ref().is_some_and(|html| html.len() > max_item.saturating_mul(HTML)) {
        return Err(Problem::too_large("The item's HTML", max_item.saturating_mul(HTML)));
    }
    Ok(Content { kind, data, html })
}

/// Checks the fields that a kind knows, and puts them as it wants them. The others stay.
fn check_fields(kind: &str, data: &mut Map<String, Value>) -> Result<(), Problem> {
    match kind {
        "message" => text(data, "text", usize::MAX).map(|_| ())?,
        "link" => {
            address(data, "url", Upload::Refused)?;
            optional(data, "title", LINE)?;
            optional(data, "description", usize::MAX)?;
        }
        "post" => {
            optional(data, "user", MOST_NAME)?;
            optional(data, "text", usize::MAX)?;
            optional(data, "source", MOST_NAME)?;
            optional(data, "alt", LINE)?;
            optional_address(data, "picture", Upload::Allowed)?;
            optional_address(data, "url", Upload::Refused)?;
            size(data, "width")?;
            size(data, "height")?;
            if !data.contains_key("text") && !data.contains_key("picture") {
                return Err(bad("A post needs a `text` or a `picture`."));
            }
        }
        _ => {
            address(data, "url", Upload::Allowed)?;
            text(data, "alt", LINE).map_err(|problem| {
                let why = "An image needs an `alt` text: what is to be seen, for those who do not see it.";
                if data.get("alt").is_none_or(is_blank) { bad(why) } else { problem }
            })?;
            size(data, "width")?;
            size(data, "height")?;
        }
    }
    Ok(())
}

/// Any JSON that is something, and that whoever reads it need not follow too far down.
fn custom(data: Value) -> Result<Value, Problem> {
    if data.is_null() {
        return Err(bad("A custom item's `data` is any JSON but `null`."));
    }
    if !is_within(&data, MOST_DEPTH) {
        let detail =
            format!("Lists and objects stand too deep in each other: at most {MOST_DEPTH} levels.");
        return Err(bad(detail));
    }
    Ok(data)
}

/// Whether lists and objects stand at most so many levels deep in each other.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(all) => levels > 0 && all.iter().all(|value| is_within(value, levels - 1)),
        Value::Object(all) => levels > 0 && all.values().all(|value| is_within(value, levels - 1)),
        _ => true,
    }
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::BadItem, detail)
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(is_blank_text)
}

/// A field that must hold text.
fn text<'d>(data: &'d Map<String, Value>, field: &str, most: usize) -> Result<&'d str, Problem> {
    let text = match data.get(field) {
        Some(Value::String(text)) if !is_blank_text(text) => text,
        Some(Value::String(_) | Value::Null) | None => {
            return Err(bad(format!("`{field}` is missing or empty.")));
        }
        Some(_) => return Err(bad(format!("`{field}` must be text."))),
    };
    if text.chars().count() > most {
        return Err(bad(format!("`{field}` is too long: at most {most} characters.")));
    }
    Ok(text)
}

/// A field that may hold text; an empty one is left out, since forms send those.
fn optional(data: &mut Map<String, Value>, field: &str, most: usize) -> Result<(), Problem> {
    if data.get(field).is_none_or(is_blank) {
        data.remove(field);
        return Ok(());
    }
    text(data, field, most).map(|_| ())
}

/// Pixels: a number, or a form's digits.
fn size(data: &mut Map<String, Value>, field: &str) -> Result<(), Problem> {
    if data.get(field).is_none_or(is_blank) {
        data.remove(field);
        return Ok(());
    }
    let pixels = match &data[field] {
        Value::String(digits) => digits.parse::<u32>().ok(),
        number => number.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    match pixels.filter(|pixels| (1..=100_000).contains(pixels)) {
        Some(pixels) => {
            data.insert(field.to_owned(), pixels.into());
            Ok(())
        }
        None => Err(bad(format!("`{field}` must be a number of pixels."))),
    }
}

/// Whether an upload's own path will do as an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upload {
    Allowed,
    Refused,
}

/// Refuses what is no address of a picture: `http:`, `https:` or an upload's own path.
pub fn check_picture(url: &str) -> Result<(), Problem> {
    address(&Map::from_iter([("url".to_owned(), url.into())]), "url", Upload::Allowed)
}

/// An address that may be there; an empty one is left out, since forms send those.
fn optional_address(
    data: &mut Map<String, Value>,
    field: &str,
    upload: Upload,
) -> Result<(), Problem> {
    optional(data, field, ADDRESS)?;
    if data.contains_key(field) { address(data, field, upload) } else { Ok(()) }
}

/// A field with an absolute http or https address, or an upload's own path.
fn address(data: &Map<String, Value>, field: &str, upload: Upload) -> Result<(), Problem> {
    let given = text(data, field, ADDRESS)?;
    if upload == Upload::Allowed && is_upload(given) {
        return Ok(());
    }
    let refuse = |why: &str| {
        let detail =
            format!("`{field}` {why}: give an address that begins with http:// or https://.");
        Err(Problem::new(Code::BadUrl, detail))
    };
    // Browsers strip these before they read an address; what is checked must be what is used.
    if given.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)) {
        return refuse("has blanks or invisible characters in it");
    }
    let begins = |scheme: &str| {
        given.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    match url::Url::parse(given) {
        // `https://bank.example@evil.example/` leads elsewhere than it seems.
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            refuse("has a user name in it")
        }
        Ok(url) if url.has_host() && (begins("http://") || begins("https://")) => Ok(()),
        Ok(_) => refuse("does not lead to a web page"),
        Err(_) => refuse("cannot be read"),
    }
}

/// Characters that are not seen, and that turn the direction of others.
fn is_invisible(c: char) -> bool {
    is_direction(c)
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}

/// Whether there is nothing to be seen.
fn is_blank_text(text: &str) -> bool {
    !text.chars().any(is_seen)
}

/// `/uploads/` and a plain file name.
fn is_upload(path: &str) -> bool {
    path.strip_prefix("/uploads/").is_some_and(|name| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    })
}

/// What strangers sent, short enough to repeat.
fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Lists in each other, so many.
    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!(1), |inner, _| json!([inner]))
    }

    fn checked(kind: &str, data: Value) -> Result<Content, Code> {
        check_now(NewItem { kind: kind.to_owned(), data }, 1000).map_err(|problem| problem.code)
    }

    #[test]
    fn each_kind_takes_what_it_asks_for() {
        for (kind, data) in [
            ("message", json!({"text": "Hello", "mood": "calm"})),
            ("link", json!({"url": "https://example.org/a?b#c"})),
            ("link", json!({"url": "http://example.org", "title": "", "description": null})),
            ("image", json!({"url": "/uploads/abc123.png", "alt": "A tree", "width": "640"})),
            ("post", json!({"text": "Hello"})),
            ("post", json!({"picture": "/uploads/abc123.png", "alt": "A tree", "width": 640})),
            (
                "post",
                json!({"user": "Ana", "text": "Hi", "picture": "https://example.org/a.png",
                "source": "Mastodon", "url": "https://example.org/1", "likes": 7}),
            ),
            ("post", json!({"user": "ä".repeat(100), "text": "x", "picture": "", "url": null})),
            ("custom", json!({"type": "goal", "team": {"name": "Rats"}, "at": [1, null]})),
            ("custom", json!({})),
            ("custom", json!([1, "two", {"three": 3}])),
            ("custom", json!("a text")),
            ("custom", json!(0)),
            ("custom", json!(false)),
            ("custom", nested(MOST_DEPTH)),
        ] {
            assert!(checked(kind, data.clone()).is_ok(), "{kind} {data}");
        }
    }

    #[test]
    fn fields_that_a_kind_does_not_know_are_kept_and_a_forms_digits_become_numbers() {
        let data = json!({"url": "/uploads/a.png", "alt": "A", "width": "7", "x": [1]});
        let content = checked("image", data).unwrap();
        assert_eq!(content.data.get(), r#"{"alt":"A","url":"/uploads/a.png","width":7,"x":[1]}"#);
    }

    #[test]
    fn a_custom_item_keeps_what_was_posted_and_a_post_what_it_does_not_know() {
        let data =
            json!({"type": "goal", "url": "javascript:1", "empty": "", "none": null, "n": 1.50});
        let content = checked("custom", data.clone()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(content.data.get()).unwrap(), data);
        let post = json!({"text": "x", "likes": [1], "user": "", "height": "4"});
        let content = checked("post", post).unwrap();
        assert_eq!(content.data.get(), r#"{"height":4,"likes":[1],"text":"x"}"#);
        assert_eq!(content.html, None, "a post's text is plain");
    }

    #[test]
    fn what_is_wrong_has_a_name() {
        for (kind, data, code) in [
            ("nonsense", json!({}), Code::UnknownKind),
            ("message", json!("Hello"), Code::BadItem),
            ("message", json!({}), Code::BadItem),
            ("message", json!({"text": " \n"}), Code::BadItem),
            ("message", json!({"text": 5}), Code::BadItem),
            ("message", json!({"text": "x".repeat(1000)}), Code::TooLarge),
            ("image", json!({"url": "https://example.org/a.png"}), Code::BadItem),
            ("image", json!({"url": "https://example.org/a.png", "alt": " "}), Code::BadItem),
            ("image", json!({"url": "/uploads/a.png", "alt": "A", "width": -1}), Code::BadItem),
            ("image", json!({"url": "/uploads/../a", "alt": "A"}), Code::BadUrl),
            ("link", json!({"url": "/uploads/a.png"}), Code::BadUrl),
            ("link", json!({"url": "javascript:alert(1)"}), Code::BadUrl),
            ("link", json!({"url": "JaVaScRiPt:alert(1)"}), Code::BadUrl),
            ("link", json!({"url": "java\nscript:alert(1)"}), Code::BadUrl),
            ("link", json!({"url": " https://example.org"}), Code::BadUrl),
            ("link", json!({"url": "data:text/html,x"}), Code::BadUrl),
            ("link", json!({"url": "//example.org"}), Code::BadUrl),
            ("link", json!({"url": "https://"}), Code::BadUrl),
            ("link", json!({"url": "https:example.org"}), Code::BadUrl),
            ("link", json!({"url": "https://bank.example@evil.example/"}), Code::BadUrl),
            ("link", json!({"url": "https://example.org/\u{202e}fdp"}), Code::BadUrl),
            ("link", json!({"url": "https://example.org/\u{61c}fdp"}), Code::BadUrl),
            ("message", json!({"text": "\u{200b}\u{feff}"}), Code::BadItem),
            ("message", json!({"text": "\u{2800}\u{3164}"}), Code::BadItem),
            ("post", json!("Hello"), Code::BadItem),
            ("post", json!({}), Code::BadItem),
            ("post", json!({"user": "Ana", "text": " ", "picture": ""}), Code::BadItem),
            ("post", json!({"text": ["x"]}), Code::BadItem),
            ("post", json!({"text": "x", "user": 5}), Code::BadItem),
            ("post", json!({"text": "x", "user": "ä".repeat(101)}), Code::BadItem),
            ("post", json!({"text": "x", "source": "x".repeat(101)}), Code::BadItem),
            ("post", json!({"text": "x", "alt": "x".repeat(501)}), Code::BadItem),
            ("post", json!({"text": "x", "width": "wide"}), Code::BadItem),
            ("post", json!({"text": "x", "picture": "javascript:alert(1)"}), Code::BadUrl),
            ("post", json!({"text": "x", "picture": "/uploads/../a"}), Code::BadUrl),
            ("post", json!({"text": "x", "url": "javascript:alert(1)"}), Code::BadUrl),
            ("post", json!({"text": "x", "url": "/uploads/a.png"}), Code::BadUrl),
            ("post", json!({"text": "x".repeat(1000)}), Code::TooLarge),
            ("custom", json!(null), Code::BadItem),
            ("custom", nested(MOST_DEPTH + 1), Code::BadItem),
            ("custom", json!(["x".repeat(1000)]), Code::TooLarge),
        ] {
            assert_eq!(checked(kind, data.clone()).err(), Some(code), "{kind} {data}");
        }
    }
}
