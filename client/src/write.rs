//! A small JSON writer, for what pages send and keep.

use crate::read::Json;
use crate::store::chat::Entry;
use leptos::prelude::GetUntracked;
use nowcast_shared::command::Command;
use nowcast_shared::frame::Variable;
use nowcast_shared::id::PieceId;
use nowcast_shared::item::{Author, Body, Item, Picture, Role};
use nowcast_shared::room::{Settings, Who};
use nowcast_shared::stage::Piece;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Writes `text` as a JSON string.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter if letter < ' ' => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

/// A JSON object, written field by field.
///
/// ```
/// use nowcast_client::write::Object;
/// let item = Object::new().text("kind", "message").end();
/// assert_eq!(Object::new().json("item", &item).flag("now", true).end(), r#"{"item":{"kind":"message"},"now":true}"#);
/// ```
pub struct Object(String);

impl Object {
    /// Begins one.
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        string(&mut self.0, name);
        self.0.push(':');
    }

    /// A text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        string(&mut self.0, value);
        self
    }

    /// A text, if there is one.
    #[must_use]
    pub fn text_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A whole number, if there is one.
    #[must_use]
    pub fn number_if(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.json(name, &value.to_string()),
            None => self,
        }
    }

    /// Pixels, if they are known.
    #[must_use]
    fn size(self, size: Option<(u32, u32)>) -> Self {
        self.number_if("width", size.map(|(width, _)| width.into()))
            .number_if("height", size.map(|(_, height)| height.into()))
    }

    /// A number, if there is one, to six places. It has to be smaller than a million million.
    #[must_use]
    pub fn real_if(self, name: &str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.json(name, &real(value)),
            None => self,
        }
    }

    /// True or false, if it is said.
    #[must_use]
    pub fn flag_if(self, name: &str, value: Option<bool>) -> Self {
        match value {
            Some(value) => self.flag(name, value),
            None => self,
        }
    }

    /// True or false.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    /// What is JSON already.
    #[must_use]
    pub fn json(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.0.push_str(value);
        self
    }

    /// Ends it.
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

/// Six places are far less than a pixel. (What the standard library has for writing any number
/// exactly is as large as a whole page of ours.)
fn real(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is small, and what is beyond saturates"
    )]
    let millionths = (value * 1e6).round() as i64;
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, rest) =
        (millionths.unsigned_abs() / 1_000_000, millionths.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A piece, as the server would send it.
pub fn piece(piece: &Piece) -> String {
    Object::new()
        .text("id", piece.id.as_str())
        .real_if("x", Some(piece.x))
        .real_if("y", Some(piece.y))
        .text("kind", &piece.kind)
        .text("text", &piece.text)
        .text_if("url", piece.url.as_deref())
        .real_if("width", Some(piece.width))
        .number_if("z", Some(piece.z.into()))
        .flag("locked", piece.locked)
        .end()
}

/// A JSON list of what is JSON already.
pub fn array<T: AsRef<str>>(elements: impl IntoIterator<Item = T>) -> String {
    let mut out = "[".to_owned();
    for element in elements {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(element.as_ref());
    }
    out.push(']');
    out
}

/// A command; `value` writes what it carries along.
pub fn command<J>(command: &Command<J>, value: impl Fn(&J) -> String) -> String {
    let of = |kind| Object::new().text("kind", kind);
    let place = |kind, piece: &PieceId, x: f64, y: f64| {
        of(kind).text("piece", piece.as_str()).real_if("x", Some(x)).real_if("y", Some(y))
    };
    match command {
        Command::Publish { item } => {
            let data = value(&item.data);
            let item = Object::new().text("kind", &item.kind).json("data", &data).end();
            of("publish").json("item", &item)
        }
        Command::Edit { item, data } => of("edit").text("item", &item.0).json("data", &value(data)),
        Command::Delete { item } => of("delete").text("item", &item.0),
        Command::Say { text, name } => {
            of("say").text("text", text).text_if("name", name.as_deref())
        }
        Command::EditSaid { said, text } => {
            of("edit_said").text("said", &said.0).text("text", text)
        }
        Command::DeleteSaid { said } => of("delete_said").text("said", &said.0),
        Command::Typing {} => of("typing"),
        Command::Put { piece, change } => of("put")
            .text("piece", piece.as_str())
            .real_if("x", change.x)
            .real_if("y", change.y)
            .text_if("look", change.look.as_deref())
            .text_if("text", change.text.as_deref())
            .text_if("url", change.url.as_deref())
            .real_if("width", change.width)
            .number_if("z", change.z.map(u64::from))
            .flag_if("locked", change.locked),
        Command::Remove { piece } => of("remove").text("piece", piece.as_str()),
        Command::Grab { piece } => of("grab").text("piece", piece.as_str()),
        Command::Move { piece, x, y } => place("move", piece, *x, *y),
        Command::Drop { piece, x, y } => place("drop", piece, *x, *y),
        Command::Set { name, value: new, version } => {
            of("set").text("name", name).json("value", &value(new)).number_if("version", *version)
        }
        Command::Unset { name, version } => {
            of("unset").text("name", name).number_if("version", *version)
        }
        Command::Name { name } => of("name").text("name", name),
        Command::Register { token, id } => {
            of("register").text_if("token", token.as_deref()).text_if("id", id.as_deref())
        }
        Command::Mute { person, seconds } => {
            of("mute").text("person", &person.0).number_if("seconds", *seconds)
        }
        Command::Unmute { person } => of("unmute").text("person", &person.0),
        Command::Block { person } => of("block").text("person", &person.0),
        Command::Unblock { person } => of("unblock").text("person", &person.0),
    }
    .end()
}

/// An item's data.
pub fn body(body: &Body) -> String {
    let object = Object::new();
    match body {
        Body::Message { text } => object.text("text", text),
        Body::Link { url, title, description } => object
            .text("url", url)
            .text_if("title", title.as_deref())
            .text_if("description", description.as_deref()),
        Body::Image { url, alt, size } => object.text("url", url).text("alt", alt).size(*size),
        Body::Post { user, text, picture, source, url } => {
            let object = object
                .text_if("user", user.as_deref())
                .text_if("text", text.as_deref())
                .text_if("source", source.as_deref())
                .text_if("url", url.as_deref());
            match picture {
                Some(Picture { url, alt, size }) => {
                    object.text("picture", url).text_if("alt", alt.as_deref()).size(*size)
                }
                None => object,
            }
        }
        Body::Custom { json } => return json.clone(),
        Body::Unknown => object,
    }
    .end()
}

fn author(by: &Author) -> String {
    let role = match by.role {
        Role::Admin => "admin",
        Role::Publisher => "publisher",
        Role::User => "user",
        Role::Viewer => "viewer",
    };
    let by_name = by.name.as_deref();
    Object::new().text("role", role).text("id", &by.id.0).text_if("name", by_name).end()
}

/// Words of the chat, as the server would send them.
pub fn said(said: &Entry) -> String {
    let words = said.words.get_untracked();
    Object::new()
        .text("id", &said.id.0)
        .number_if("offset", Some(said.offset.0))
        .number_if("at", Some(said.at.unsigned_abs()))
        .json("by", &author(&said.by))
        .text("name", &said.name)
        .text("text", &words.text)
        .number_if("edited_at", words.edited_at.map(i64::unsigned_abs))
        .end()
}

/// What a room is set to, as the server would send it.
pub fn settings(settings: &Settings) -> String {
    let who = |who| match who {
        Who::Everyone => "everyone",
        Who::Users => "users",
        Who::Nobody => "nobody",
    };
    let variables = settings.variables.iter().map(|name| {
        let mut out = String::new();
        string(&mut out, name);
        out
    });
    Object::new()
        .text("chat", who(settings.chat))
        .text("drag", who(settings.drag))
        .json("variables", &array(variables))
        .flag("private", settings.private)
        .number_if("slow", Some(settings.slow.into()))
        .flag("approval", settings.approval)
        .end()
}

/// Shared variables, as a snapshot has them.
pub fn variables(all: &BTreeMap<String, Variable<Json>>) -> String {
    let all = all.iter().fold(Object::new(), |object, (name, variable)| {
        let variable = Object::new()
            .json("value", &variable.value.0)
            .number_if("version", Some(variable.version));
        object.json(name, &variable.end())
    });
    all.end()
}

/// An item, as the server would send it.
pub fn item(item: &Item<Body>) -> String {
    Object::new()
        .text("id", &item.id.0)
        .number_if("offset", Some(item.offset.0))
        .number_if("at", Some(item.at.unsigned_abs()))
        .text("kind", &item.kind)
        .json("data", &body(&item.data))
        .text_if("html", item.html.as_deref())
        .json("by", &author(&item.by))
        .number_if("edited_at", item.edited_at.map(i64::unsigned_abs))
        .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        string(&mut out, text);
        out
    }

    #[test]
    fn every_text_is_written_as_legal_json() {
        assert_eq!(written("plain äöü 🎉"), "\"plain äöü 🎉\"");
        assert_eq!(written("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(written("line\nline\ttab\u{0}\u{1f}"), r#""line\nline\u0009tab\u0000\u001f""#);
        assert_eq!(written("</script>"), "\"</script>\"");
    }

    #[test]
    fn numbers_are_written_to_six_places() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (0.100_000_4, "0.1"),
            (0.000_000_9, "0.000001"),
            (0.999_999_7, "1"),
            (-2.25, "-2.25"),
            (1_790_000_000_000.0, "1790000000000"),
        ] {
            assert_eq!(real(value), text);
        }
    }

    #[test]
    fn objects_and_lists_need_no_element() {
        assert_eq!(Object::new().end(), "{}");
        assert_eq!(array::<&str>([]), "[]");
        assert_eq!(array(["1", "{}"]), "[1,{}]");
    }

    #[test]
    fn absent_fields_are_left_out() {
        let link = Body::Link {
            url: "https://example.org/".to_owned(),
            title: None,
            description: Some("A \"place\"".to_owned()),
        };
        assert_eq!(body(&link), r#"{"url":"https://example.org/","description":"A \"place\""}"#);
        let image = Body::Image {
            url: "/uploads/a.png".to_owned(),
            alt: String::new(),
            size: Some((4, 3)),
        };
        assert_eq!(body(&image), r#"{"url":"/uploads/a.png","alt":"","width":4,"height":3}"#);
    }
}
