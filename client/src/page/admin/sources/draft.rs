//! A source while somebody fills in its form: what was typed, what is wrong with it, and what is sent.
//! Pure.

use super::source::{AuthKind, Filter, Format, Kind, Map, Source, TopicsAs};
use crate::write::{self, Object, array};

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// What people call it.
    Name,
    /// What it follows.
    Url,
    /// The name that goes with a password.
    User,
    /// The password, the token, the key of the signature.
    Secret,
    /// What is asked for.
    Topics,
    /// In which field that is sent.
    TopicsField,
    /// Words of which one has to be there.
    Words,
    /// Languages.
    Languages,
    /// Authors who are left out.
    Blocked,
    /// The most that is published in a minute.
    PerMinute,
    /// How long between two looks.
    Every,
    /// Headers that are sent along.
    Headers,
    /// What becomes of a record.
    Map,
}

impl Field {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::Url,
        Self::User,
        Self::Secret,
        Self::Topics,
        Self::TopicsField,
        Self::Words,
        Self::Languages,
        Self::Blocked,
        Self::PerMinute,
        Self::Every,
        Self::Headers,
        Self::Map,
    ];

    /// The id of its control.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Name => "source-name",
            Self::Url => "source-url",
            Self::User => "source-user",
            Self::Secret => "source-secret",
            Self::Topics => "source-topics",
            Self::TopicsField => "source-topics-field",
            Self::Words => "source-words",
            Self::Languages => "source-languages",
            Self::Blocked => "source-blocked",
            Self::PerMinute => "source-per-minute",
            Self::Every => "source-every",
            Self::Headers => "source-headers",
            Self::Map => "source-map",
        }
    }

    /// Whether it stands among what most sources do not need.
    pub const fn is_folded(self) -> bool {
        matches!(self, Self::TopicsField | Self::Every | Self::Headers | Self::Map)
            || matches!(self, Self::Languages | Self::Blocked)
    }
}

/// What is wrong, and where; nowhere in particular if there is no field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub field: Option<Field>,
    /// What, as a sentence.
    pub text: String,
}

impl Problem {
    fn at(field: Field, text: impl Into<String>) -> Self {
        Self { field: Some(field), text: text.into() }
    }
}

/// A header that is sent along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, if one was typed.
    pub value: String,
    /// Whether the server keeps a value for it.
    pub kept: bool,
}

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// What is not typed: the id, the kind, the format and the map, and how it was before.
    pub source: Source,
    /// See [`Source::topics`].
    pub topics: String,
    /// See [`Filter::words`].
    pub words: String,
    /// See [`Filter::languages`].
    pub languages: String,
    /// See [`Filter::blocked`].
    pub blocked: String,
    /// See [`Source::per_minute`].
    pub per_minute: String,
    /// See [`Source::every`], in minutes.
    pub every: String,
    /// Those that are sent along.
    pub headers: Vec<Header>,
    /// The secret, if one was typed.
    pub secret: String,
    /// The one that is kept is to be forgotten.
    pub forgets: bool,
}

impl Draft {
    /// A new one of this kind.
    pub fn new(kind: Kind) -> Self {
        let filter = Filter { repeats: true, ..Filter::default() };
        let source = Source {
            topics_field: "track".to_owned(),
            per_minute: Some(60),
            running: true,
            filter,
            ..Source::default()
        };
        let mut draft = Self::of(&source);
        draft.choose(kind);
        draft
    }

    /// One that is there.
    pub fn of(source: &Source) -> Self {
        let lines = |list: &[String]| list.join(", ");
        let header = |name: &String| Header { name: name.clone(), kept: true, ..Header::default() };
        Self {
            topics: lines(&source.topics),
            words: lines(&source.filter.words),
            languages: lines(&source.filter.languages),
            blocked: lines(&source.filter.blocked),
            per_minute: source.per_minute.map(|most| most.to_string()).unwrap_or_default(),
            every: source.every.map(minutes).unwrap_or_default(),
            headers: source.headers.iter().map(header).collect(),
            secret: String::new(),
            forgets: false,
            source: source.clone(),
        }
    }

    /// Whether it is a new one.
    pub fn is_new(&self) -> bool {
        self.source.id.is_empty()
    }

    /// Follows by another way. What that way does not have is let go.
    pub fn choose(&mut self, kind: Kind) {
        let source = &mut self.source;
        source.kind = kind;
        if !kind.formats().contains(&source.format) {
            source.format = kind.formats()[0];
        }
        if !kind.auths().contains(&source.auth) {
            source.auth = kind.auths()[0];
        }
        if !kind.topics().contains(&source.topics_as) {
            source.topics_as = TopicsAs::Query;
        }
    }

    /// Whether the server keeps a secret that goes with what is chosen.
    pub fn keeps_secret(&self) -> bool {
        self.source.has_secret && self.source.auth != AuthKind::None && !self.forgets
    }

    /// A name that follows from what is followed, until somebody types another.
    pub fn suggested_name(&self) -> String {
        let host = self.source.host();
        let host = host.strip_prefix("www.").unwrap_or(host);
        match self.source.kind {
            Kind::Webhook if self.source.format == Format::Github => "GitHub".to_owned(),
            Kind::Webhook => "Webhook".to_owned(),
            _ => host.to_owned(),
        }
    }

    /// What is wrong, if something is: what this page can tell by itself.
    pub fn problem(&self) -> Option<Problem> {
        let source = &self.source;
        if source.kind != Kind::Webhook
            && let Some(text) = wrong_address(source.url.trim(), source.kind)
        {
            return Some(Problem::at(Field::Url, text));
        }
        if source.auth == AuthKind::Basic && source.user.trim().is_empty() {
            return Some(Problem::at(Field::User, "Which name goes with the password?"));
        }
        if source.auth != AuthKind::None && self.secret.is_empty() && !self.keeps_secret() {
            let what = match source.auth {
                AuthKind::Basic => "The password is missing.",
                AuthKind::Hmac => "Choose a secret, and give it to whoever sends.",
                _ => "The token is missing.",
            };
            return Some(Problem::at(Field::Secret, what));
        }
        let sent = source.kind.takes_topics() && source.topics_as != TopicsAs::None;
        if sent && !self.topics.trim().is_empty() && source.topics_field.trim().is_empty() {
            return Some(Problem::at(Field::TopicsField, "In which field are they sent?"));
        }
        if !self.per_minute.trim().is_empty() && whole(&self.per_minute).is_none_or(|n| n == 0) {
            let text = "A whole number, or nothing for no limit.";
            return Some(Problem::at(Field::PerMinute, text));
        }
        if source.kind == Kind::Feed
            && !self.every.trim().is_empty()
            && seconds(&self.every).is_none()
        {
            let text = "Minutes, or nothing for the feed's own pace.";
            return Some(Problem::at(Field::Every, text));
        }
        if let Some(header) = self
            .headers
            .iter()
            .find(|header| header.name.trim().is_empty() != header.value.is_empty() && !header.kept)
        {
            let text = if header.name.trim().is_empty() {
                "A header needs a name.".to_owned()
            } else {
                format!("“{}” needs a value.", header.name.trim())
            };
            return Some(Problem::at(Field::Headers, text));
        }
        self.wrong_map()
    }

    fn wrong_map(&self) -> Option<Problem> {
        let map = &self.source.map;
        if self.source.format == Format::Own && map.fields.iter().all(|(_, place)| place.is_empty())
        {
            let text = "Say at least where the text stands, for example /text.";
            return Some(Problem::at(Field::Map, text));
        }
        let places = map.fields.iter().map(|(_, place)| place.as_str());
        let places = places.chain([map.id.as_str(), &map.at, &map.lang, &map.author]);
        let wrong = places.filter(|place| !place.is_empty()).find(|place| !is_place(place))?;
        let text = format!("“{wrong}”: a place begins with /, a fixed text with =.");
        Some(Problem::at(Field::Map, text))
    }

    /// The map to be sent: none where it is what the format brings along.
    fn own_map<'a>(&'a self, ready: Option<&Map>) -> Option<&'a Map> {
        let map = &self.source.map;
        (self.source.format == Format::Own || ready.is_some_and(|ready| ready != map))
            .then_some(map)
    }

    /// As it is sent. `ready` is the map that the format brings along, where that is known.
    pub fn write(&self, room: &str, ready: Option<&Map>) -> String {
        let source = &self.source;
        let name = Some(source.name.trim()).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| self.suggested_name(), ToOwned::to_owned);
        let mut auth = Object::new().text("kind", source.auth.name());
        if source.auth == AuthKind::Basic {
            auth = auth.text("user", source.user.trim());
        }
        let filter = Object::new()
            .json("words", &texts(&list(&self.words)))
            .json("languages", &texts(&languages(&self.languages)))
            .json("blocked", &texts(&list(&self.blocked)))
            .flag("repeats", source.filter.repeats)
            .end();
        let mut body = Object::new();
        if !source.id.is_empty() {
            body = body.text("id", &source.id);
        }
        body = body
            .text("room", room)
            .text("name", &name)
            .text("kind", source.kind.name())
            .text("format", source.format.name());
        if source.kind != Kind::Webhook {
            body = body.text("url", source.url.trim());
        }
        if let Some(map) = self.own_map(ready) {
            body = body.json("map", &write_map(map));
        }
        body = body.json("auth", &auth.end());
        if source.auth == AuthKind::None || self.forgets && self.secret.is_empty() {
            if source.has_secret {
                body = body.json("secret", "null");
            }
        } else if !self.secret.is_empty() {
            body = body.text("secret", &self.secret);
        }
        let topics = if source.kind.takes_topics() { list(&self.topics) } else { Vec::new() };
        let number = |number: Option<u64>| number.map_or("null".to_owned(), |it| it.to_string());
        let every = if source.kind == Kind::Feed { seconds(&self.every) } else { None };
        body.json("headers", &self.write_headers())
            .json("topics", &texts(&topics))
            .text("topics_as", source.topics_as.name())
            .text("topics_field", source.topics_field.trim())
            .json("filter", &filter)
            .flag("approval", source.approval)
            .json("per_minute", &number(whole(&self.per_minute)))
            .json("every", &number(every))
            .flag("running", source.running)
            .end()
    }

    fn write_headers(&self) -> String {
        let headers = self.headers.iter().filter(|header| !header.name.trim().is_empty());
        array(headers.map(|header| {
            let object = Object::new().text("name", header.name.trim());
            // What is kept stays, as long as nothing is typed over it.
            if header.value.is_empty() {
                object.json("value", "null").end()
            } else {
                object.text("value", &header.value).end()
            }
        }))
    }
}

/// A map as it is sent.
fn write_map(map: &Map) -> String {
    let mut fields = Object::new();
    for (name, place) in map.fields.iter().filter(|(_, place)| !place.is_empty()) {
        fields = fields.text(name, place);
    }
    let place = |place: &str| Some(place.to_owned()).filter(|place| !place.is_empty());
    Object::new()
        .text("kind", if map.kind.is_empty() { "post" } else { &map.kind })
        .json("fields", &fields.end())
        .text_if("id", place(&map.id).as_deref())
        .text_if("at", place(&map.at).as_deref())
        .text_if("lang", place(&map.lang).as_deref())
        .text_if("author", place(&map.author).as_deref())
        .end()
}

fn texts(list: &[String]) -> String {
    array(list.iter().map(|word| {
        let mut text = String::new();
        write::string(&mut text, word);
        text
    }))
}

/// What stands between commas and lines, each once.
fn list(typed: &str) -> Vec<String> {
    each_once(typed.split([',', ';', '\n']))
}

/// Languages, also with blanks between them: `en`, `pt-br`.
fn languages(typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    each_once(typed.split(|c: char| c.is_whitespace() || c == ',' || c == ';'))
}

fn each_once<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for word in words.map(str::trim).filter(|word| !word.is_empty()) {
        if !list.iter().any(|known| known == word) {
            list.push(word.to_owned());
        }
    }
    list
}

/// A whole number, with or without its commas.
fn whole(typed: &str) -> Option<u64> {
    let digits: String = typed.trim().chars().filter(|c| !matches!(c, ',' | ' ' | '_')).collect();
    digits.parse().ok()
}

/// Seconds as minutes: `5`, `0.5`.
fn minutes(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (minutes, 0) => minutes.to_string(),
        (minutes, rest) => format!("{minutes}.{:02}", rest * 100 / 60),
    }
}

/// Minutes as seconds; ten seconds at least.
fn seconds(minutes: &str) -> Option<u64> {
    let minutes: f64 = minutes.trim().replace(',', ".").parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies within a year"
    )]
    (minutes > 0.0 && minutes < 525_600.0).then(|| ((minutes * 60.0).round() as u64).max(10))
}

/// Whether this names a place in a record, or is a text for every record; or several of these, of
/// which the first counts that is there.
fn is_place(place: &str) -> bool {
    let is_way = |way: &str| way.strip_prefix("html:").unwrap_or(way).starts_with(['/', '=']);
    place.split(" | ").all(|way| is_way(way.trim()))
}

/// The field that a refusal speaks of: the server names it as it is called on the wire.
pub fn blame(refusal: &str) -> Problem {
    let named = refusal.split('`').nth(1).unwrap_or_default();
    let named = named.split('[').next().unwrap_or_default();
    let field = match named.split('.').next().unwrap_or_default() {
        "name" => Some(Field::Name),
        "url" => Some(Field::Url),
        "user" => Some(Field::User),
        "auth" if named == "auth.user" => Some(Field::User),
        "secret" | "auth" => Some(Field::Secret),
        "topics" => Some(Field::Topics),
        "topics_field" => Some(Field::TopicsField),
        "headers" => Some(Field::Headers),
        "map" => Some(Field::Map),
        "per_minute" => Some(Field::PerMinute),
        "every" => Some(Field::Every),
        "filter" if named == "filter.languages" => Some(Field::Languages),
        "filter" if named == "filter.blocked" => Some(Field::Blocked),
        "filter" => Some(Field::Words),
        _ => in_words(refusal),
    };
    Problem { field, text: refusal.to_owned() }
}

/// The field that a refusal speaks of without its name on the wire.
fn in_words(refusal: &str) -> Option<Field> {
    let begins = |beginning: &str| refusal.starts_with(beginning);
    if begins("A source's name") {
        Some(Field::Name)
    } else if begins("A header") || begins("The header") || refusal.contains("headers") {
        Some(Field::Headers)
    } else if begins("A token") || begins("The address leads to another service") {
        Some(Field::Secret)
    } else {
        None
    }
}

/// What is wrong with an address.
fn wrong_address(url: &str, kind: Kind) -> Option<String> {
    let schemes: &[&str] = match kind {
        Kind::WebSocket => &["wss://", "ws://"],
        _ => &["https://", "http://"],
    };
    let begins = |scheme: &&str| {
        url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    match schemes.iter().find(|scheme| begins(scheme)) {
        _ if url.is_empty() => Some("What shall it follow?".to_owned()),
        None => Some(format!("An address begins with {}.", schemes[0])),
        Some(scheme) if url.len() == scheme.len() => Some("That address has no host.".to_owned()),
        Some(_) if url.contains(char::is_whitespace) => {
            Some("An address has no blanks.".to_owned())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
