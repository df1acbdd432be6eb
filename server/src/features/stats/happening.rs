//! An event of the log, as far as it counts.

use super::emoji;
use super::text::{self, Spoken};
use nowcast_shared::item::Role;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What is counted, each by names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum What {
    /// Edits, deletions, words in the chat: by [`EDIT`], [`DELETE`], [`SAID`].
    Happened,
    /// Items by their kind.
    Kind,
    /// Items by where they come from.
    Source,
    /// Items by who wrote them.
    Items,
    /// Words in the chat by who said them.
    Said,
    /// Words that texts are about.
    Word,
    /// Hashtags.
    Hashtag,
    /// Reactions by their emoji.
    Emoji,
}

/// How many of these there are: their columns are 0 and so on.
pub(super) const WHATS: i64 = 8;

pub(super) const EDIT: &str = "edit";
pub(super) const DELETE: &str = "delete";
pub(super) const SAID: &str = "said";

impl What {
    /// As the tables have it.
    pub(super) fn column(self) -> i64 {
        match self {
            Self::Happened => 0,
            Self::Kind => 1,
            Self::Source => 2,
            Self::Items => 3,
            Self::Said => 4,
            Self::Word => 5,
            Self::Hashtag => 6,
            Self::Emoji => 7,
        }
    }
}

/// How long a name of an author or a source may be, in characters.
const LONGEST: usize = 100;

/// What something is counted as, and by which name.
pub(super) type Counted<'e> = (What, Cow<'e, str>);

/// What an event does to the counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Happening<'e> {
    /// What happened, which nothing undoes.
    pub(super) happened: Vec<Counted<'e>>,
    /// What stands there now.
    pub(super) thing: Option<Thing<'e>>,
}

/// Something new, something that changed, something gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Thing<'e> {
    New(Holds<'e>),
    Changed(Holds<'e>),
    Gone,
}

/// What a thing adds to the counts as long as it is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Holds<'e> {
    pub(super) counted: Vec<Counted<'e>>,
    pub(super) outcome: Option<Outcome<'e>>,
}

/// A poll or a question, as it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome<'e> {
    pub(super) id: Cow<'e, str>,
    /// Which of them it is.
    pub(super) kind: &'static str,
    /// JSON.
    pub(super) data: &'e str,
}

/// What stood there before an event changed it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Before<'e> {
    /// Where and when it came to be.
    pub(super) offset: i64,
    pub(super) at: i64,
    pub(super) holds: Holds<'e>,
}

#[derive(Deserialize)]
struct OfItem<'e> {
    #[serde(borrow)]
    item: Item<'e>,
}

#[derive(Deserialize)]
struct Item<'e> {
    #[serde(borrow)]
    id: Cow<'e, str>,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    at: i64,
    #[serde(borrow)]
    kind: Cow<'e, str>,
    #[serde(borrow)]
    data: Option<&'e RawValue>,
    #[serde(borrow)]
    by: By<'e>,
}

/// See [`nowcast_shared::item::Author`].
#[derive(Deserialize)]
struct By<'e> {
    role: Role,
    #[serde(borrow, default)]
    name: Text<'e>,
}

/// What of an item's data is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'e> {
    #[serde(borrow)]
    text: Text<'e>,
    #[serde(borrow)]
    title: Text<'e>,
    #[serde(borrow)]
    description: Text<'e>,
    #[serde(borrow)]
    alt: Text<'e>,
    #[serde(borrow)]
    user: Text<'e>,
    #[serde(borrow)]
    source: Text<'e>,
    #[serde(borrow)]
    language: Text<'e>,
    #[serde(borrow)]
    lang: Text<'e>,
    #[serde(borrow, rename = "type")]
    kind: Text<'e>,
}

/// Words in the chat, as an event or as they are kept.
#[derive(Deserialize)]
struct Words<'e> {
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    at: i64,
    #[serde(borrow, default)]
    name: Text<'e>,
    #[serde(borrow)]
    text: Cow<'e, str>,
}

/// A string, where there is one: anything else may stand in its place.
#[derive(Clone, Default)]
struct Text<'e>(Option<Cow<'e, str>>);

impl<'e> Text<'e> {
    fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Unless it says nothing.
    fn said(&self) -> Option<&Cow<'e, str>> {
        self.0.as_ref().filter(|text| !text.trim().is_empty())
    }
}

impl<'de: 'e, 'e> Deserialize<'de> for Text<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("anything")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Text<'de>, A::Error> {
                while all.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Text<'de>, A::Error> {
                while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Reads an event's JSON, of which the kind is known. What cannot be read counts nothing.
pub(super) fn read<'e>(kind: &str, event: &'e str) -> Happening<'e> {
    let mut happening = Happening::default();
    let mut one = |what: &'static str| happening.happened.push((What::Happened, what.into()));
    match kind {
        "item_published" => {
            let Some((item, data)) = item(event) else { return happening };
            happening.happened = vec![
                (What::Source, source(&item, &data)),
                (What::Items, author(&item, &data)),
                (What::Kind, clip(&item.kind)),
            ];
            happening.thing = Some(Thing::New(item_holds(item, &data)));
        }
        "item_edited" => {
            one(EDIT);
            happening.thing =
                item(event).map(|(item, data)| Thing::Changed(item_holds(item, &data)));
        }
        "said" => {
            let Ok(words) = serde_json::from_str::<Words<'_>>(event) else { return happening };
            let Some(name) = &words.name.0 else { return happening };
            one(SAID);
            happening.happened.push((What::Said, clip(name)));
            happening.thing = Some(Thing::New(words_hold(&words.text)));
        }
        "said_edited" => {
            one(EDIT);
            let words = serde_json::from_str::<Words<'_>>(event).ok();
            happening.thing = words.map(|words| Thing::Changed(words_hold(&words.text)));
        }
        "item_deleted" | "said_deleted" => {
            one(DELETE);
            happening.thing = Some(Thing::Gone);
        }
        _ => {}
    }
    happening
}

/// Reads what an event of this kind replaced.
pub(super) fn before<'e>(kind: &str, was: &'e str) -> Option<Before<'e>> {
    if kind.starts_with("said") {
        let words: Words<'_> = serde_json::from_str(was).ok()?;
        let holds = words_hold(&words.text);
        return Some(Before { offset: words.offset, at: words.at, holds });
    }
    let item: Item<'_> = serde_json::from_str(was).ok()?;
    let (offset, at, data) = (item.offset, item.at, data(&item));
    Some(Before { offset, at, holds: item_holds(item, &data) })
}

fn item(event: &str) -> Option<(Item<'_>, Data<'_>)> {
    let OfItem { item } = serde_json::from_str(event).ok()?;
    let data = data(&item);
    Some((item, data))
}

fn data<'e>(item: &Item<'e>) -> Data<'e> {
    let read = item.data.and_then(|data| serde_json::from_str(data.get()).ok());
    read.unwrap_or_default()
}

/// Who wrote an item: of a post from elsewhere, whoever wrote it there.
fn author<'e>(item: &Item<'e>, data: &Data<'e>) -> Cow<'e, str> {
    let there = data.user.said().filter(|_| item.kind == "post");
    let name = there.or_else(|| item.by.name.said());
    name.map_or_else(|| role(item.by.role).into(), clip)
}

/// Where an item comes from: what it says itself, else the program, else who published it.
fn source<'e>(item: &Item<'e>, data: &Data<'e>) -> Cow<'e, str> {
    let program = item.by.name.said().filter(|_| item.by.role == Role::Publisher);
    let name = data.source.said().or(program);
    name.map_or_else(|| role(item.by.role).into(), clip)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::Publisher => "Program",
        Role::User => "Users",
        Role::Viewer => "Visitors",
    }
}

fn clip<'e>(name: &Cow<'e, str>) -> Cow<'e, str> {
    match name {
        // As many bytes are no more characters.
        Cow::Borrowed(name) if name.len() <= LONGEST => name.trim().into(),
        _ => name.trim().chars().take(LONGEST).collect::<String>().into(),
    }
}

fn item_holds<'e>(item: Item<'e>, data: &Data<'e>) -> Holds<'e> {
    let text = match item.kind.as_ref() {
        "message" | "post" => Cow::Borrowed(data.text.or_empty()),
        "link" => format!("{} {}", data.title.or_empty(), data.description.or_empty()).into(),
        "image" => Cow::Borrowed(data.alt.or_empty()),
        "custom" => {
            let kinds = ["poll", "question"].into_iter();
            let kind = kinds.clone().find(|kind| *kind == data.kind.or_empty());
            let outcome = kind.zip(item.data);
            let outcome =
                outcome.map(|(kind, data)| Outcome { id: item.id, kind, data: data.get() });
            return Holds { counted: Vec::new(), outcome };
        }
        _ => return Holds::default(),
    };
    let language = data.language.0.as_deref().or(data.lang.0.as_deref());
    Holds { counted: spoken(text::read(&text, language)), outcome: None }
}

fn words_hold(text: &str) -> Holds<'static> {
    let emoji = emoji::reaction(text);
    let counted = if emoji.is_empty() {
        spoken(text::read(text, None))
    } else {
        emoji.into_iter().map(|emoji| (What::Emoji, emoji.into())).collect()
    };
    Holds { counted, outcome: None }
}

fn spoken(Spoken { words, hashtags }: Spoken) -> Vec<Counted<'static>> {
    let words = words.into_iter().map(|word| (What::Word, word.into()));
    let hashtags = hashtags.into_iter().map(|tag| (What::Hashtag, tag.into()));
    words.chain(hashtags).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn published(kind: &str, data: &Value, by: &Value) -> String {
        let item = json!({"id": "i1", "offset": 1, "at": 5, "kind": kind, "data": data, "by": by});
        json!({"kind": "item_published", "item": item}).to_string()
    }

    fn named<'h>(happening: &'h Happening<'_>, what: What) -> Vec<&'h str> {
        let of = happening.happened.iter().filter(|(one, _)| *one == what);
        of.map(|(_, name)| name.as_ref()).collect()
    }

    fn new(happening: Happening<'_>) -> Holds<'_> {
        match happening.thing {
            Some(Thing::New(holds)) => holds,
            other => panic!("{other:?} is nothing new"),
        }
    }

    #[test]
    fn a_post_is_by_who_wrote_it_and_from_where_it_stands() {
        let data = json!({"user": "Ana", "text": "Storm", "source": "Mastodon"});
        let post =
            published("post", &data, &json!({"role": "publisher", "id": "p1", "name": "Feed"}));
        let post = read("item_published", &post);
        assert_eq!(named(&post, What::Kind), ["post"]);
        assert_eq!(named(&post, What::Items), ["Ana"]);
        assert_eq!(named(&post, What::Source), ["Mastodon"]);
    }

    #[test]
    fn whoever_has_no_name_is_called_by_what_they_are() {
        for (role, author, source) in [
            ("admin", "Admin", "Admin"),
            ("publisher", "Program", "Program"),
            ("viewer", "Visitors", "Visitors"),
        ] {
            let one =
                published("message", &json!({"text": "x"}), &json!({"role": role, "id": "p1"}));
            let one = read("item_published", &one);
            assert_eq!(named(&one, What::Items), [author]);
            assert_eq!(named(&one, What::Source), [source]);
        }
    }

    #[test]
    fn polls_and_questions_are_kept_as_they_stand() {
        let data = json!({"type": "poll", "question": "Who wins?", "options": []});
        let poll = published("custom", &data, &json!({"role": "admin", "id": "p1"}));
        let holds = new(read("item_published", &poll));
        let data = data.to_string();
        assert_eq!(holds.outcome, Some(Outcome { id: "i1".into(), kind: "poll", data: &data }));
        let other =
            published("custom", &json!({"type": "map"}), &json!({"role": "admin", "id": "p1"}));
        assert_eq!(new(read("item_published", &other)), Holds::default());
    }

    #[test]
    fn data_of_other_types_than_expected_is_read_as_far_as_it_goes() {
        let odd =
            json!({"text": "Storm", "user": [1, {"a": null}], "source": 7, "lang": {"x": [2]}});
        let odd = published("post", &odd, &json!({"role": "admin", "id": "p1", "name": "Ana"}));
        let odd = read("item_published", &odd);
        assert_eq!(named(&odd, What::Items), ["Ana"]);
        assert_eq!(new(odd).counted, [(What::Word, "storm".into())]);
        for data in [json!(null), json!([1]), json!("x")] {
            let odd = published("custom", &data, &json!({"role": "admin", "id": "p1"}));
            assert_eq!(named(&read("item_published", &odd), What::Kind), ["custom"]);
        }
    }

    #[test]
    fn what_was_replaced_is_read_as_it_was_counted() {
        let event = r#"{"kind":"said","id":"s1","name":"Bo","text":"Storm #harbour"}"#;
        let holds = new(read("said", event));
        assert_eq!(holds.counted.len(), 2);
        let was = r#"{"id":"s1","offset":7,"at":5,"by":{},"name":"Bo","text":"Storm #harbour"}"#;
        let before = Before { offset: 7, at: 5, holds };
        assert_eq!(super::before("said_edited", was), Some(before));
        let data = json!({"type": "poll", "question": "Who wins?"});
        let event = published("custom", &data, &json!({"role": "admin", "id": "p1"}));
        let was = event.strip_prefix(r#"{"item":"#).unwrap();
        let was = &was[..was.rfind(r#","kind":"item_published""#).unwrap()];
        let holds = new(read("item_published", &event));
        let before = Before { offset: 1, at: 5, holds };
        assert_eq!(super::before("item_deleted", was), Some(before));
    }

    #[test]
    fn what_cannot_be_read_counts_nothing() {
        for kind in ["item_published", "said"] {
            for event in
                ["", "{}", "[]", r#"{"kind":"said"}"#, r#"{"kind":"item_published","item":7}"#]
            {
                assert_eq!(read(kind, event), Happening::default(), "{kind} {event}");
            }
        }
        assert_eq!(
            read("room_titled", r#"{"kind":"room_titled","title":"x"}"#),
            Happening::default()
        );
        assert_eq!(before("item_edited", "{}"), None);
    }
}
