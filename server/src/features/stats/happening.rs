//! An event of the log, as far as it counts.

use super::emoji;
use super::text::{self, Spoken};
use nowcast_shared::item::Role;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

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

/// What an event does to the counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Happening {
    /// What happened, which nothing undoes.
    pub(super) happened: Vec<(What, String)>,
    /// What stands there now.
    pub(super) thing: Option<Thing>,
}

/// Something new, something that changed, something gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Thing {
    New(String, Holds),
    Changed(String, Holds),
    Gone(String),
}

/// What a thing adds to the counts as long as it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    pub(super) counted: Vec<(What, String)>,
    /// A poll or a question: which of them, and its data.
    pub(super) result: Option<(&'static str, String)>,
}

#[derive(Deserialize)]
struct Event<'e> {
    #[serde(borrow)]
    kind: Cow<'e, str>,
    #[serde(borrow)]
    item: Option<&'e RawValue>,
    id: Option<String>,
    name: Option<String>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    kind: String,
    #[serde(default)]
    data: Value,
    by: By,
}

/// See [`nowcast_shared::item::Author`].
#[derive(Deserialize)]
struct By {
    role: Role,
    name: Option<String>,
}

/// Reads an event's JSON. What cannot be read counts nothing.
pub(super) fn read(event: &str) -> Happening {
    let mut happening = Happening::default();
    let Ok(event) = serde_json::from_str::<Event<'_>>(event) else { return happening };
    let item = || serde_json::from_str::<Item>(event.item?.get()).ok();
    let mut one = |what: &str| happening.happened.push((What::Happened, what.to_owned()));
    match event.kind.as_ref() {
        "item_published" => {
            let Some(item) = item() else { return happening };
            happening.happened = vec![
                (What::Kind, clip(&item.kind)),
                (What::Source, source(&item)),
                (What::Items, author(&item)),
            ];
            let holds = item_holds(&item);
            happening.thing = Some(Thing::New(item.id, holds));
        }
        "item_edited" => {
            one(EDIT);
            happening.thing = item().map(|item| {
                let holds = item_holds(&item);
                Thing::Changed(item.id, holds)
            });
        }
        "item_deleted" => {
            one(DELETE);
            let id = event.item.and_then(|item| serde_json::from_str(item.get()).ok());
            happening.thing = id.map(Thing::Gone);
        }
        "said" => {
            let (Some(id), Some(name), Some(text)) = (event.id, event.name, event.text) else {
                return happening;
            };
            one(SAID);
            happening.happened.push((What::Said, clip(&name)));
            happening.thing = Some(Thing::New(id, words_hold(&text)));
        }
        "said_edited" => {
            one(EDIT);
            if let (Some(id), Some(text)) = (event.id, event.text) {
                happening.thing = Some(Thing::Changed(id, words_hold(&text)));
            }
        }
        "said_deleted" => {
            one(DELETE);
            happening.thing = event.id.map(Thing::Gone);
        }
        _ => {}
    }
    happening
}

/// Who wrote an item: of a post from elsewhere, whoever wrote it there.
fn author(item: &Item) -> String {
    let there = item.data["user"].as_str().filter(|_| item.kind == "post");
    let name = there.or(item.by.name.as_deref()).filter(|name| !name.trim().is_empty());
    name.map_or_else(|| role(item.by.role).to_owned(), clip)
}

/// Where an item comes from: what it says itself, else the program, else who published it.
fn source(item: &Item) -> String {
    let told = item.data["source"].as_str();
    let program = item.by.name.as_deref().filter(|_| item.by.role == Role::Publisher);
    let name = told.or(program).filter(|name| !name.trim().is_empty());
    name.map_or_else(|| role(item.by.role).to_owned(), clip)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "Admin",
        Role::Publisher => "Program",
        Role::User => "Users",
        Role::Viewer => "Visitors",
    }
}

fn clip(name: &str) -> String {
    name.trim().chars().take(LONGEST).collect()
}

fn item_holds(item: &Item) -> Holds {
    let data = &item.data;
    let field = |name: &str| data[name].as_str().unwrap_or_default();
    let text = match item.kind.as_str() {
        "message" | "post" => Cow::Borrowed(field("text")),
        "link" => Cow::Owned(format!("{} {}", field("title"), field("description"))),
        "image" => Cow::Borrowed(field("alt")),
        "custom" => {
            let kind = ["poll", "question"].into_iter().find(|kind| *kind == field("type"));
            let result = kind.map(|kind| (kind, data.to_string()));
            return Holds { counted: Vec::new(), result };
        }
        _ => return Holds::default(),
    };
    let language = data["language"].as_str().or(data["lang"].as_str());
    Holds { counted: spoken(text::read(&text, language)), result: None }
}

fn words_hold(text: &str) -> Holds {
    let emoji = emoji::reaction(text);
    let counted = if emoji.is_empty() {
        spoken(text::read(text, None))
    } else {
        emoji.into_iter().map(|emoji| (What::Emoji, emoji)).collect()
    };
    Holds { counted, result: None }
}

fn spoken(Spoken { words, hashtags }: Spoken) -> Vec<(What, String)> {
    let words = words.into_iter().map(|word| (What::Word, word));
    let hashtags = hashtags.into_iter().map(|tag| (What::Hashtag, tag));
    words.chain(hashtags).collect()
}

impl Holds {
    /// As its column has it: a line each, which begins with what it counts as.
    pub(super) fn column(&self) -> String {
        let mut column = String::new();
        for (what, name) in &self.counted {
            column.push(match what {
                What::Hashtag => '#',
                What::Emoji => ':',
                _ => ' ',
            });
            column.push_str(name);
            column.push('\n');
        }
        column
    }

    /// Reads that.
    pub(super) fn counted(column: &str) -> Vec<(What, String)> {
        let lines = column.lines().filter_map(|line| {
            let what = match line.chars().next()? {
                '#' => What::Hashtag,
                ':' => What::Emoji,
                _ => What::Word,
            };
            Some((what, line.get(1..)?.to_owned()))
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn published(kind: &str, data: &Value, by: &Value) -> Happening {
        let item = json!({"id": "i1", "offset": 1, "at": 5, "kind": kind, "data": data, "by": by});
        read(&json!({"kind": "item_published", "item": item}).to_string())
    }

    fn named(happening: &Happening, what: What) -> Vec<&str> {
        let of = happening.happened.iter().filter(|(one, _)| *one == what);
        of.map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn a_post_is_by_who_wrote_it_and_from_where_it_stands() {
        let data = json!({"user": "Ana", "text": "Storm", "source": "Mastodon"});
        let post =
            published("post", &data, &json!({"role": "publisher", "id": "p1", "name": "Feed"}));
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
            assert_eq!(named(&one, What::Items), [author]);
            assert_eq!(named(&one, What::Source), [source]);
        }
    }

    #[test]
    fn polls_and_questions_are_kept_as_they_stand() {
        let data = json!({"type": "poll", "question": "Who wins?", "options": []});
        let poll = published("custom", &data, &json!({"role": "admin", "id": "p1"}));
        let Some(Thing::New(_, holds)) = poll.thing else { panic!("{poll:?}") };
        assert_eq!(holds.result, Some(("poll", data.to_string())));
        let other =
            published("custom", &json!({"type": "map"}), &json!({"role": "admin", "id": "p1"}));
        assert_eq!(other.thing, Some(Thing::New("i1".to_owned(), Holds::default())));
    }

    #[test]
    fn what_a_thing_holds_is_read_as_it_was_written() {
        let said = read(r#"{"kind":"said","id":"s1","name":"Bo","text":"Storm #harbour"}"#);
        let Some(Thing::New(_, holds)) = said.thing else { panic!("{said:?}") };
        assert_eq!(Holds::counted(&holds.column()), holds.counted);
        assert_eq!(holds.counted.len(), 2);
        let cheers = words_hold("🎉👏");
        assert_eq!(Holds::counted(&cheers.column()), cheers.counted);
    }

    #[test]
    fn what_cannot_be_read_counts_nothing() {
        for event in ["", "{}", "[]", r#"{"kind":"said"}"#, r#"{"kind":"item_published","item":7}"#]
        {
            assert_eq!(read(event), Happening::default(), "{event}");
        }
        let unknown = read(r#"{"kind":"room_titled","title":"x"}"#);
        assert_eq!(unknown, Happening::default());
    }
}
