//! From a record of somebody else's to an item: which of its fields is which of ours.

use super::expression::{Expression, as_text};
use super::moment;
use nowcast_shared::item::{KINDS, MOST_NAME, NewItem};
use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value};
use std::collections::BTreeMap;
use url::Url;

/// How many fields a map may have.
const MOST_FIELDS: usize = 32;
/// How long a title or an alternative text may be, in characters; what is longer is cut.
const LINE: usize = 500;
/// How long a description may be, in characters; what is longer is cut.
const DESCRIPTION: usize = 1000;
/// How many characters of a record are looked at for topics and languages.
const MOST_TEXT: usize = 20_000;

/// A map as it is set; see [`Expression`] for what its texts may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Map {
    /// The kind of the items.
    pub(super) kind: String,
    /// Their data, by its fields.
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
    /// What the service calls a record: it becomes an item once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    /// In which language, or languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lang: Option<String>,
    /// Who is held against the block list; without it the item's `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<String>,
}

/// A map that could be read.
#[derive(Clone, Debug)]
pub(super) struct Mapper {
    kind: String,
    fields: Vec<(String, Expression)>,
    id: Option<Expression>,
    at: Option<Expression>,
    lang: Option<Expression>,
    author: Option<Expression>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mapped {
    /// The item, not yet checked.
    pub(super) item: NewItem<Value>,
    /// What the service calls it.
    pub(super) id: Option<String>,
    /// When it was said, in Unix milliseconds.
    pub(super) at: Option<i64>,
    /// Its languages, as the service has them.
    pub(super) languages: Vec<String>,
    /// Who said it.
    pub(super) author: Option<String>,
    /// All that it says, to look for topics in.
    pub(super) text: String,
}

impl Map {
    /// Without what is empty, as forms send it.
    pub(super) fn tidied(mut self) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        self.fields.retain(|_, text| !text.trim().is_empty());
        Self {
            id: some(self.id),
            at: some(self.at),
            lang: some(self.lang),
            author: some(self.author),
            ..self
        }
    }

    /// Reads what it is made of.
    ///
    /// # Errors
    /// With what is wrong, in words for people.
    pub(super) fn read(&self) -> Result<Mapper, String> {
        if !KINDS.contains(&self.kind.as_str()) {
            let known = KINDS.join(", ");
            return Err(format!("`map.kind` is one of {known}."));
        }
        if self.fields.is_empty() || self.fields.len() > MOST_FIELDS {
            return Err(format!("`map.fields` has 1 to {MOST_FIELDS} fields."));
        }
        let read = |name: &str, text: &str| {
            Expression::read(text).map_err(|why| format!("`map.{name}` {why}."))
        };
        let optional = |name: &str, text: &Option<String>| {
            text.as_ref().map(|text| read(name, text)).transpose()
        };
        let fields = self.fields.iter().map(|(name, text)| {
            if name.len() > MOST_NAME || name.starts_with('$') {
                return Err(format!(
                    "`map.fields` has a name that no field can have: `{name:.40}`."
                ));
            }
            Ok((name.clone(), read(&format!("fields.{name}"), text)?))
        });
        Ok(Mapper {
            kind: self.kind.clone(),
            fields: fields.collect::<Result<_, _>>()?,
            id: optional("id", &self.id)?,
            at: optional("at", &self.at)?,
            lang: optional("lang", &self.lang)?,
            author: optional("author", &self.author)?,
        })
    }
}

impl Mapper {
    /// What a record is, if it is anything. `name` is what the source is called: it says where the
    /// item is from if the map does not.
    pub(super) fn map(&self, record: &Value, name: &str) -> Option<Mapped> {
        let mut data = Object::new();
        for (field, expression) in &self.fields {
            if let Some(value) = expression.find(record) {
                data.insert(field.clone(), value);
            }
        }
        if data.is_empty() {
            return None;
        }
        if self.kind != "custom" {
            tidy(&self.kind, &mut data);
            if !is_something(&self.kind, &data) {
                return None;
            }
        }
        let author = self.author.as_ref().and_then(|author| author.text(record));
        let author = author.or_else(|| data.get("user").and_then(as_text));
        let text = said(&data);
        data.entry("source").or_insert_with(|| cut(name, MOST_NAME).into());
        let languages =
            self.lang.as_ref().and_then(|lang| lang.find(record)).map(|found| match found {
                Value::Array(all) => all.iter().filter_map(as_text).collect(),
                one => as_text(&one).into_iter().collect(),
            });
        Some(Mapped {
            item: NewItem { kind: self.kind.clone(), data: data.into() },
            id: self.id.as_ref().and_then(|id| id.text(record)),
            at: self.at.as_ref().and_then(|at| moment::read(&at.find(record)?)),
            languages: languages.unwrap_or_default(),
            author,
            text,
        })
    }
}

/// Puts the fields that a kind knows as it takes them. Strangers write what they like, and the rest
/// of what they say is worth showing.
fn tidy(kind: &str, data: &mut Object<String, Value>) {
    const TEXTS: [&str; 8] =
        ["text", "user", "source", "title", "description", "alt", "url", "picture"];
    for field in TEXTS {
        let Some(value) = data.remove(field) else { continue };
        let Some(text) = as_text(&value) else { continue };
        let text = match field {
            "user" | "source" => cut(&one_line(&text), MOST_NAME),
            "title" | "alt" => cut(&one_line(&text), LINE),
            "description" => cut(&text, DESCRIPTION),
            _ => text,
        };
        let is_way = matches!(field, "url" | "picture");
        if !text.is_empty() && (!is_way || kind != "post" || is_address(&text)) {
            data.insert(field.to_owned(), text.into());
        }
    }
    for field in ["width", "height"] {
        let pixels = data.get(field).map(|value| {
            let pixels = as_text(value).and_then(|text| text.parse::<u32>().ok());
            pixels.is_some_and(|pixels| (1..=100_000).contains(&pixels))
        });
        if pixels == Some(false) {
            data.remove(field);
        }
    }
}

/// Whether an item of this kind could be made at all.
fn is_something(kind: &str, data: &Object<String, Value>) -> bool {
    let has = |field: &str| data.contains_key(field);
    match kind {
        "message" => has("text"),
        "link" => has("url"),
        "image" => has("url") && has("alt"),
        "post" => has("text") || has("picture"),
        _ => true,
    }
}

/// All text of the data, also what a custom item has deeper.
fn said(data: &Object<String, Value>) -> String {
    fn gather(value: &Value, text: &mut String) {
        match value {
            _ if text.len() > MOST_TEXT => {}
            Value::String(part) => {
                text.push_str(part);
                text.push('\n');
            }
            Value::Array(all) => all.iter().for_each(|value| gather(value, text)),
            Value::Object(all) => all.values().for_each(|value| gather(value, text)),
            _ => {}
        }
    }
    let mut text = String::new();
    // Who says it and where is not what is said.
    let apart = ["user", "source", "url", "picture"];
    let fields = data.iter().filter(|(name, _)| !apart.contains(&name.as_str()));
    fields.for_each(|(_, value)| gather(value, &mut text));
    let most = (0..=MOST_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(most.min(text.len()));
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many characters, the last of them a sign that there were more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('\u{2026}');
    short
}

/// Whether an item may lead there: what is checked again when it is made.
fn is_address(text: &str) -> bool {
    let begins = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    begins && Url::parse(text).is_ok_and(|url| url.has_host() && url.username().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(kind: &str, fields: &[(&str, &str)]) -> Map {
        let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Map { kind: kind.to_owned(), fields: fields.collect(), ..Map::default() }
    }

    fn mapped(map: &Map, record: &Value) -> Option<Mapped> {
        map.read().unwrap().map(record, "Harbour")
    }

    #[test]
    fn a_post_by_pointers_says_where_it_is_from() {
        let map = Map {
            id: Some("/id".to_owned()),
            at: Some("/at".to_owned()),
            lang: Some("/langs".to_owned()),
            ..map("post", &[("user", "/user/screen_name"), ("text", "/text"), ("likes", "/likes")])
        };
        let record = json!({"id": 17, "user": {"screen_name": "ana"}, "text": "Ship ahoy",
            "at": 1_795_288_500, "langs": ["en", "de"], "likes": 3});
        let found = mapped(&map, &record).unwrap();
        let data = json!({"user": "ana", "text": "Ship ahoy", "likes": 3, "source": "Harbour"});
        assert_eq!(found.item, NewItem { kind: "post".to_owned(), data });
        assert_eq!(found.id.as_deref(), Some("17"));
        assert_eq!((found.at, found.author.as_deref()), (Some(1_795_288_500_000), Some("ana")));
        assert_eq!(found.languages, ["en", "de"]);
        assert_eq!(found.text, "Ship ahoy\n");
    }

    #[test]
    fn what_is_no_item_is_none_and_what_is_wrong_in_a_post_is_left_out() {
        let map =
            map("post", &[("text", "/text"), ("picture", "/p"), ("url", "/u"), ("user", "/n")]);
        assert_eq!(mapped(&map, &json!({"delete": 5})), None);
        assert_eq!(mapped(&map, &json!({"n": "ana"})), None);
        assert_eq!(mapped(&map, &json!(5)), None);
        let record =
            json!({"text": "x", "p": "javascript:1", "u": "https://a@b.example/", "n": "a\nb "});
        let data = mapped(&map, &record).unwrap().item.data;
        assert_eq!(data, json!({"text": "x", "user": "a b", "source": "Harbour"}));
        let long = mapped(&map, &json!({"text": "x", "n": "\u{e4}".repeat(500)})).unwrap();
        assert_eq!(long.item.data["user"].as_str().unwrap().chars().count(), MOST_NAME);
    }

    #[test]
    fn a_custom_item_holds_any_json() {
        let map = map("custom", &[("type", "=goal"), ("who", "/who"), ("all", "/all")]);
        let record = json!({"who": {"name": "Rats"}, "all": [1, null]});
        let found = mapped(&map, &record).unwrap();
        let data =
            json!({"type": "goal", "who": {"name": "Rats"}, "all": [1, null], "source": "Harbour"});
        assert_eq!(found.item.data, data);
        assert_eq!(found.text, "goal\nRats\n");
    }

    #[test]
    fn what_is_wrong_with_a_map_is_said() {
        for (bad, word) in [
            (map("song", &[("text", "/text")]), "map.kind"),
            (map("post", &[]), "map.fields"),
            (map("post", &[("text", "text")]), "map.fields.text"),
            (map("post", &[("$x", "/text")]), "map.fields"),
            (Map { id: Some("id".to_owned()), ..map("post", &[("text", "/text")]) }, "map.id"),
        ] {
            let why = bad.read().unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
