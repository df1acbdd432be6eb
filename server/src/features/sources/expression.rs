//! Where in a record a field of the item is: a JSON pointer, a text with pointers in it, or several
//! of these of which the first that finds something counts.
//!
//! | written | means |
//! |---|---|
//! | `/user/screen_name` | what the JSON pointer (RFC 6901) leads to |
//! | `html:/content` | the same, which is HTML, as plain text |
//! | `=Mastodon` | this text |
//! | `=https://example.org/{/user}/{/id}` | this text with what the pointers lead to; nothing where one leads nowhere |
//! | `/full_text \| /text` | the first that is there |

use super::html;
use serde_json::Value;
use std::fmt::Write;

/// How long one may be, in bytes.
const MOST: usize = 1000;

/// What stands between two ways.
const OR: &str = " | ";

/// Says that what a pointer leads to is HTML.
const HTML: &str = "html:";

/// One that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression(Vec<Way>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    Found(Pointer),
    Written(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer {
    path: String,
    html: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Found(Pointer),
}

impl Expression {
    /// Reads one.
    ///
    /// # Errors
    /// With what is wrong, in words that follow the field's name.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > MOST {
            return Err(format!("is too long: at most {MOST} bytes"));
        }
        let ways = text.split(OR).map(|way| match way.strip_prefix('=') {
            Some(written) => Ok(Way::Written(parts(written))),
            None => pointer(way.trim()).map(Way::Found).ok_or_else(|| {
                format!(
                    "is neither a JSON pointer, as `/user/name`, nor a text, as `=Mastodon`: `{}`",
                    way.chars().take(60).collect::<String>()
                )
            }),
        });
        ways.collect::<Result<_, _>>().map(Self)
    }

    /// What it finds, if that is something: not null, and no empty text.
    pub(super) fn find(&self, record: &Value) -> Option<Value> {
        self.0.iter().find_map(|way| match way {
            Way::Found(pointer) => pointer.find(record),
            Way::Written(parts) => write(parts, record).map(Value::String),
        })
    }

    /// What it finds as text.
    pub(super) fn text(&self, record: &Value) -> Option<String> {
        self.find(record).as_ref().and_then(as_text)
    }
}

/// Text, or what is written the same way as text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Pointer {
    fn find(&self, record: &Value) -> Option<Value> {
        let found = record.pointer(&self.path)?;
        match found {
            Value::Null => None,
            Value::String(text) if self.html => {
                Some(html::to_text(text)).filter(|text| !text.is_empty()).map(Value::String)
            }
            Value::String(text) if text.trim().is_empty() => None,
            found => Some(found.clone()),
        }
    }
}

fn pointer(text: &str) -> Option<Pointer> {
    let (path, html) = match text.strip_prefix(HTML) {
        Some(path) => (path, true),
        None => (text, false),
    };
    let fits = path.is_empty() && html || path.starts_with('/');
    fits.then(|| Pointer { path: path.to_owned(), html })
}

/// A text with pointers in braces. A brace that holds no pointer is itself.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let inside = after.find('}').map(|close| (&after[..close], &after[close + 1..]));
        let found = inside.and_then(|(inside, after)| Some((pointer(inside)?, after)));
        let Some((pointer, after)) = found else {
            plain.push_str(&rest[..=open]);
            rest = after;
            continue;
        };
        plain.push_str(&rest[..open]);
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(Part::Found(pointer));
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

fn write(parts: &[Part], record: &Value) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Found(pointer) => {
                let _ = write!(text, "{}", as_text(&pointer.find(record)?)?);
            }
        }
    }
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn find(expression: &str, record: &Value) -> Option<Value> {
        Expression::read(expression).unwrap().find(record)
    }

    #[test]
    fn pointers_texts_and_texts_with_pointers() {
        let record = json!({"user": {"name": "Ana", "age": 7}, "a/b": [1, "two"], "empty": " ",
            "none": null, "html": "<p>a &amp; b</p>"});
        assert_eq!(find("/user/name", &record), Some(json!("Ana")));
        assert_eq!(find("/a~1b/1", &record), Some(json!("two")));
        assert_eq!(find("html:/html", &record), Some(json!("a & b")));
        assert_eq!(find("=Mastodon", &record), Some(json!("Mastodon")));
        assert_eq!(find("={/user/name} is {/user/age}", &record), Some(json!("Ana is 7")));
        assert_eq!(find("={/user/name} {/user/none}", &record), None);
        assert_eq!(find("={x} {/user/age", &record), Some(json!("{x} {/user/age")));
        assert_eq!(find("={html:/html}!", &record), Some(json!("a & b!")));
        assert_eq!(find("/none | /empty | /user/name", &record), Some(json!("Ana")));
        assert_eq!(find("={/none}x | =else", &record), Some(json!("else")));
        assert_eq!(find("/nowhere", &record), None);
        assert_eq!(find("=", &record), None);
        assert_eq!(find("html:", &json!("<b>all of it</b>")), Some(json!("all of it")));
    }

    #[test]
    fn what_is_neither_is_said() {
        for bad in ["", "user", "user/name", "/a | b", "HTML:/a", &format!("/{}", "x".repeat(MOST))]
        {
            assert!(Expression::read(bad).is_err(), "{bad:.40}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_can_be_written_panics(text in "(=|/|html:/)?[{}/|= a-z~01\u{e4}]{0,40}") {
            if let Ok(expression) = Expression::read(&text) {
                let _ = expression.find(&json!({"a": {"b": [1, "x"]}, "": "y"}));
            }
        }

        #[test]
        fn a_text_without_pointers_is_itself(text in "[a-z{} ]{1,30}") {
            prop_assume!(!text.trim().is_empty());
            let found = Expression::read(&format!("={text}")).unwrap().text(&Value::Null);
            prop_assert_eq!(found, Some(text.trim().to_owned()));
        }
    }
}
