//! What a source is set to: read from JSON, checked, and told again without what is secret.

use super::formats::Format;
use super::language;
use super::map::Map;
use super::{cap, vault::Secrets};
use crate::error::Problem;
use crate::http::body::shape;
use axum::http::{HeaderName, HeaderValue, header};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

/// How long a source's name may be, in characters.
const MOST_NAME: usize = 80;
/// How long an address may be, in bytes.
const MOST_URL: usize = 2048;
/// How long a secret or a header's value may be, in bytes.
const MOST_SECRET: usize = 4096;
/// How many there may be of each list, and how long each entry may be, in characters.
const MOST_TOPICS: usize = 400;
const MOST_BLOCKED: usize = 1000;
const MOST_LANGUAGES: usize = 50;
const MOST_HEADERS: usize = 20;
const MOST_ENTRY: usize = 200;
/// The pace at which feeds are looked at, in seconds.
const EVERY: std::ops::RangeInclusive<u64> = 1..=86_400;

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// JSON, a line each, in one long answer.
    Ndjson,
    /// Server-sent events.
    Sse,
    /// Messages on a WebSocket.
    WebSocket,
    /// RSS, Atom or JSON Feed.
    Feed,
    /// What others deliver here.
    Webhook,
}

/// How it is shown, or asked for, who is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Auth {
    /// Not at all.
    #[default]
    None,
    /// A user and a password.
    Basic {
        /// Who.
        user: String,
    },
    /// A token.
    Bearer,
    /// A signature over what is delivered, as GitHub makes it.
    Hmac,
}

/// How the service is told the topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TopicsAs {
    /// In the query.
    Query,
    /// As a form.
    Form,
    /// Not at all: they are looked for here.
    #[default]
    None,
}

/// What is shown of what comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    /// Topics of which one has to be there.
    pub(super) words: Vec<String>,
    /// Languages of which it has to be one.
    pub(super) languages: Vec<String>,
    /// Authors who are not shown.
    pub(super) blocked: Vec<String>,
    /// Whether what says nearly the same is left out.
    pub(super) repeats: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self { words: Vec::new(), languages: Vec::new(), blocked: Vec::new(), repeats: true }
    }
}

/// Settings that were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Where it publishes.
    pub(super) room: RoomName,
    /// What it is called.
    pub(super) name: String,
    /// What is followed.
    pub(super) kind: Kind,
    /// Where; nowhere for a webhook.
    pub(super) url: Option<Url>,
    /// What records look like.
    pub(super) format: Format,
    /// The map that counts instead of the format's.
    pub(super) map: Option<Map>,
    /// How it is shown who asks, or delivers.
    pub(super) auth: Auth,
    /// The names of the headers that are sent.
    pub(super) headers: Vec<String>,
    /// What is asked for.
    pub(super) topics: Vec<String>,
    /// How.
    pub(super) topics_as: TopicsAs,
    /// By which field.
    pub(super) topics_field: String,
    /// What is shown of it.
    pub(super) filter: Filter,
    /// Whether items wait until an admin lets them in.
    pub(super) approval: bool,
    /// How many may be shown a minute.
    pub(super) per_minute: Option<u32>,
    /// How many seconds lie between two looks at a feed at least.
    pub(super) every: Option<u64>,
}

impl Settings {
    /// The map that counts.
    pub(super) fn map(&self) -> Map {
        self.map.clone().unwrap_or_else(|| self.format.map())
    }

    /// The topics that are looked for here.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let topics = match self.topics_as {
            TopicsAs::None => &self.topics[..],
            TopicsAs::Query | TopicsAs::Form => &[],
        };
        self.filter.words.iter().chain(topics).map(String::as_str)
    }

    /// As it is told: without secrets, with the map that counts.
    pub(super) fn tell(&self, secrets: Told) -> Value {
        let headers: Vec<Value> =
            self.headers.iter().map(|name| json!({"name": name, "value": null})).collect();
        let mut told = serde_json::to_value(self).unwrap_or_default();
        told["map"] = json!(self.map());
        told["headers"] = headers.into();
        told["has_secret"] = (secrets == Told::Kept).into();
        told
    }

    /// Whether a position in `other`'s stream means the same in this one.
    pub(super) fn continues(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.url == other.url
            && self.topics == other.topics
            && self.topics_as == other.topics_as
    }

    #[cfg(test)]
    pub(super) fn for_tests() -> Self {
        let given =
            json!({"room": "main", "name": "Test", "kind": "ndjson", "url": "http://x.example/"});
        check(given, None).unwrap().settings
    }
}

/// Whether a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is.
    Kept,
    /// There is none.
    None,
}

/// A source as somebody wants it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Its settings.
    pub(super) settings: Settings,
    /// Its secrets, those that were kept among them.
    pub(super) secrets: Secrets,
    /// Whether it is to run, if that was said.
    pub(super) running: Option<bool>,
}

#[derive(Deserialize)]
struct Given {
    room: RoomName,
    name: String,
    kind: Kind,
    url: Option<String>,
    #[serde(default)]
    format: Format,
    map: Option<Map>,
    auth: Option<Auth>,
    #[serde(default)]
    secret: Said,
    headers: Option<Vec<GivenHeader>>,
    topics: Option<Vec<String>>,
    topics_as: Option<TopicsAs>,
    topics_field: Option<String>,
    filter: Option<Filter>,
    approval: Option<bool>,
    per_minute: Option<u64>,
    every: Option<u64>,
    running: Option<bool>,
}

#[derive(Deserialize)]
struct GivenHeader {
    name: String,
    value: Option<String>,
}

/// What was said of the secret.
#[derive(Debug, Default)]
enum Said {
    /// Nothing: it stays.
    #[default]
    Nothing,
    /// There is to be none.
    None,
    /// This is it.
    Given(String),
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<String>::deserialize(deserializer)?;
        Ok(given.filter(|given| !given.is_empty()).map_or(Self::None, Self::Given))
    }
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::BadSource, detail)
}

/// Reads what a source is to be. `before` is what it was; secrets that are not given stay, as long as
/// they go to the same place.
///
/// # Errors
/// `bad_source` for what no source can be, with what is wrong.
pub(super) fn check(
    given: Value,
    before: Option<(&Settings, &Secrets)>,
) -> Result<Wanted, Problem> {
    let given: Given = serde_json::from_value(given).map_err(|error| bad(shape(&error)))?;
    let name = given.name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
        return Err(bad(format!("A source's name has 1 to {MOST_NAME} characters on one line.")));
    }
    let url = address(given.kind, given.url.as_deref())?;
    let auth = given.auth.unwrap_or_default();
    let headers = given.headers.unwrap_or_default();
    let secrets = keep(&auth, given.secret, &headers, url.as_ref(), before)?;
    check_auth(given.kind, &auth, &secrets)?;
    let topics = list("topics", &given.topics.unwrap_or_default(), MOST_TOPICS)?;
    let topics_as = given.topics_as.unwrap_or_default();
    if matches!(given.kind, Kind::WebSocket) && topics_as == TopicsAs::Form {
        return Err(bad("A WebSocket takes `topics` in its query, not as a form."));
    }
    let topics_field = given.topics_field.filter(|field| !field.is_empty());
    let topics_field = topics_field.unwrap_or_else(|| "track".to_owned());
    if topics_field.len() > 64 || topics_field.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(bad("`topics_field` has at most 64 characters without blanks."));
    }
    let filter = given.filter.unwrap_or_default();
    let filter = Filter {
        words: list("filter.words", &filter.words, MOST_TOPICS)?,
        languages: list("filter.languages", &filter.languages, MOST_LANGUAGES)?,
        blocked: list("filter.blocked", &filter.blocked, MOST_BLOCKED)?,
        repeats: filter.repeats,
    };
    if let Some(odd) = filter.languages.iter().find(|name| !language::is_name(name)) {
        let detail = format!("`filter.languages` has names as `en` or `pt-BR`, not `{odd:.20}`.");
        return Err(bad(detail));
    }
    let per_minute = given.per_minute.map(|most| u32::try_from(most).ok());
    let per_minute = match per_minute {
        None => None,
        Some(Some(most)) if (1..=cap::MOST).contains(&most) => Some(most),
        Some(_) => {
            let detail = format!("`per_minute` is 1 to {}, or null for no cap.", cap::MOST);
            return Err(bad(detail));
        }
    };
    if given.every.is_some_and(|every| !EVERY.contains(&every)) {
        return Err(bad("`every` is 1 to 86400 seconds, or null for the feed's own pace."));
    }
    let format = given.format;
    let map =
        given.map.map(Map::tidied).filter(|map| format == Format::Own || *map != format.map());
    if map.is_none() && format == Format::Own {
        return Err(bad("A format of one's own needs a `map`."));
    }
    map.as_ref().map_or(Ok(()), |map| map.read().map(|_| ())).map_err(bad)?;
    let settings = Settings {
        room: given.room,
        name,
        kind: given.kind,
        url,
        format,
        map,
        auth,
        headers: headers.into_iter().map(|header| header.name).collect(),
        topics,
        topics_as,
        topics_field,
        filter,
        approval: given.approval.unwrap_or_default(),
        per_minute,
        every: given.every,
    };
    Ok(Wanted { settings, secrets, running: given.running })
}

/// The address of what is followed.
fn address(kind: Kind, given: Option<&str>) -> Result<Option<Url>, Problem> {
    let given = given.map(str::trim).filter(|given| !given.is_empty());
    let schemes = match kind {
        Kind::Webhook => return Ok(None),
        Kind::WebSocket => ["ws", "wss"],
        Kind::Ndjson | Kind::Sse | Kind::Feed => ["http", "https"],
    };
    let begins = format!("begins with {}:// or {}://", schemes[0], schemes[1]);
    let given = given.ok_or_else(|| bad(format!("`url` is missing: an address that {begins}.")))?;
    if given.len() > MOST_URL {
        return Err(bad(format!("`url` is too long: at most {MOST_URL} bytes.")));
    }
    let url = Url::parse(given).ok().filter(Url::has_host);
    let url =
        url.ok_or_else(|| bad(format!("`url` cannot be read: give an address that {begins}.")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(bad(format!("`url` {begins} for this kind of source.")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("`url` has a user in it: use `auth`, whose secret is kept encrypted."));
    }
    Ok(Some(url))
}

/// The secrets as they are to be.
fn keep(
    auth: &Auth,
    secret: Said,
    headers: &[GivenHeader],
    url: Option<&Url>,
    before: Option<(&Settings, &Secrets)>,
) -> Result<Secrets, Problem> {
    if headers.len() > MOST_HEADERS {
        return Err(bad(format!("There may be at most {MOST_HEADERS} headers.")));
    }
    // Otherwise whoever may change a source could have its secrets sent to an address of their own.
    let place = |url: Option<&Url>| url.map(|url| (url.origin(), url.scheme().to_owned()));
    let same_place = before.is_some_and(|(before, _)| place(before.url.as_ref()) == place(url));
    let known = before.map(|(_, secrets)| secrets);
    let moved = || {
        bad("The address leads to another service than the one that the secrets were entered for. \
             Enter them again, or take them out.")
    };
    let secret = match secret {
        Said::Given(secret) => Some(secret),
        Said::None => None,
        Said::Nothing if *auth == Auth::None => None,
        Said::Nothing => match known.and_then(|known| known.secret.clone()) {
            Some(_) if !same_place => return Err(moved()),
            kept => kept,
        },
    };
    if secret.as_ref().is_some_and(|secret| secret.len() > MOST_SECRET) {
        return Err(bad(format!("`secret` is too long: at most {MOST_SECRET} bytes.")));
    }
    let mut kept = BTreeMap::new();
    for GivenHeader { name, value } in headers {
        check_header(name)?;
        let before = known.and_then(|known| known.headers.get(&name.to_ascii_lowercase()));
        let value = match (value, before) {
            (None, Some(_)) if !same_place => return Err(moved()),
            (Some(value), _) | (None, Some(value)) => value.clone(),
            (None, None) => return Err(bad(format!("The header {name} has no value."))),
        };
        if value.len() > MOST_SECRET || HeaderValue::from_str(&value).is_err() {
            return Err(bad(format!("The header {name} has a value that cannot be sent.")));
        }
        if kept.insert(name.to_ascii_lowercase(), value).is_some() {
            return Err(bad(format!("The header {name} is there twice.")));
        }
    }
    Ok(Secrets { secret, headers: kept })
}

/// Refuses names that are none, and those that belong to the connection.
fn check_header(name: &str) -> Result<(), Problem> {
    let own = [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
        header::ACCEPT_ENCODING,
    ];
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(known) if name.len() <= 100 && !own.contains(&known) => Ok(()),
        _ => Err(bad(format!(
            "A header cannot be called {:?}.",
            name.chars().take(40).collect::<String>()
        ))),
    }
}

/// Whether this kind of source can be authenticated so.
fn check_auth(kind: Kind, auth: &Auth, secrets: &Secrets) -> Result<(), Problem> {
    let has_secret = secrets.secret.is_some();
    match (kind, auth) {
        (Kind::Webhook, Auth::None) => {
            Err(bad("Deliveries have to show a secret: choose `hmac` or `bearer` as `auth`."))
        }
        (Kind::Webhook, _) if !has_secret => {
            Err(bad("A webhook needs a `secret` that deliveries are checked with."))
        }
        (Kind::Webhook, Auth::Hmac) | (_, Auth::None) => Ok(()),
        (_, Auth::Hmac) => Err(bad("`hmac` is for what is delivered here, by a webhook.")),
        (_, Auth::Basic { user })
            if user.is_empty() || user.contains(':') || user.chars().count() > MOST_ENTRY =>
        {
            Err(bad("`auth.user` is missing, too long, or has a colon."))
        }
        (_, Auth::Basic { .. } | Auth::Bearer) if !has_secret => {
            Err(bad("This `auth` needs a `secret`: the password or the token."))
        }
        (_, Auth::Bearer) if secrets.secret.as_ref().is_some_and(|token| !is_token(token)) => {
            Err(bad("A token is of printable characters without blanks."))
        }
        _ => Ok(()),
    }
}

fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A list without blanks around its entries, and without empty ones.
fn list(name: &str, given: &[String], most: usize) -> Result<Vec<String>, Problem> {
    let entries = given.iter().map(|entry| entry.trim().to_owned());
    let entries: Vec<String> = entries.filter(|entry| !entry.is_empty()).collect();
    if entries.len() > most {
        return Err(bad(format!("`{name}` has at most {most} entries.")));
    }
    let is_odd =
        |entry: &String| entry.chars().count() > MOST_ENTRY || entry.chars().any(char::is_control);
    if entries.iter().any(is_odd) {
        return Err(bad(format!(
            "An entry of `{name}` has at most {MOST_ENTRY} characters on one line."
        )));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(fields: &Value) -> Value {
        let mut given =
            json!({"room": "main", "name": "Test", "kind": "ndjson", "url": "https://x.example/a"});
        for (name, value) in fields.as_object().unwrap() {
            given[name] = value.clone();
        }
        given
    }

    fn fails(fields: &Value) -> String {
        let problem = check(with(fields), None).expect_err(&fields.to_string());
        assert_eq!(problem.code, Code::BadSource);
        problem.detail.into_owned()
    }

    #[test]
    fn the_least_that_can_be_said_is_enough() {
        let wanted = check(with(&json!({})), None).unwrap();
        assert_eq!(wanted.settings.topics_field, "track");
        assert!(wanted.settings.filter.repeats && !wanted.settings.approval);
        let told = wanted.settings.tell(Told::None);
        assert_eq!(told["map"]["fields"]["text"], "/text");
        assert_eq!((&told["has_secret"], &told["per_minute"]), (&json!(false), &Value::Null));
        let again = check(told, Some((&wanted.settings, &wanted.secrets))).unwrap();
        assert_eq!(again.settings, wanted.settings, "what is told can be said again");
    }

    #[test]
    fn what_no_source_can_be_is_refused_with_what_is_wrong() {
        for (fields, word) in [
            (json!({"name": " "}), "name"),
            (json!({"kind": "carrier pigeon"}), "asked for"),
            (json!({"room": "No Room"}), "room"),
            (json!({"url": null}), "url"),
            (json!({"url": "ftp://x.example/"}), "url"),
            (json!({"url": "https://ana:secret@x.example/"}), "auth"),
            (json!({"kind": "websocket"}), "ws"),
            (json!({"auth": {"kind": "basic", "user": "ana"}}), "secret"),
            (json!({"auth": {"kind": "basic", "user": "a:b"}, "secret": "x"}), "user"),
            (json!({"auth": {"kind": "bearer"}, "secret": "a b"}), "token"),
            (json!({"auth": {"kind": "hmac"}, "secret": "x"}), "webhook"),
            (json!({"kind": "webhook"}), "secret"),
            (json!({"kind": "webhook", "auth": {"kind": "hmac"}}), "secret"),
            (json!({"headers": [{"name": "X-Key"}]}), "X-Key"),
            (json!({"headers": [{"name": "Host", "value": "x"}]}), "Host"),
            (json!({"headers": [{"name": "X-Key", "value": "a\nb"}]}), "X-Key"),
            (
                json!({"headers": [{"name": "X-Key", "value": "a"}, {"name": "x-key", "value": "b"}]}),
                "twice",
            ),
            (json!({"topics": vec!["x"; MOST_TOPICS + 1]}), "topics"),
            (json!({"filter": {"blocked": ["x".repeat(MOST_ENTRY + 1)]}}), "blocked"),
            (json!({"filter": {"languages": ["klingon"]}}), "languages"),
            (json!({"per_minute": 0}), "per_minute"),
            (json!({"every": 0}), "every"),
            (json!({"format": "own"}), "map"),
            (
                json!({"format": "own", "map": {"kind": "post", "fields": {"text": "text"}}}),
                "map.fields.text",
            ),
        ] {
            let why = fails(&fields);
            assert!(why.contains(word), "{fields}: {why}");
        }
    }

    #[test]
    fn secrets_stay_until_they_are_given_anew_or_taken_away() {
        let fields = json!({"auth": {"kind": "bearer"}, "secret": "one",
            "headers": [{"name": "X-Key", "value": "two"}]});
        let first = check(with(&fields), None).unwrap();
        let again = |fields: Value| check(with(&fields), Some((&first.settings, &first.secrets)));
        let kept = again(
            json!({"auth": {"kind": "bearer"}, "headers": [{"name": "x-key", "value": null}]}),
        )
        .unwrap();
        assert_eq!(kept.secrets, first.secrets);
        let other = again(json!({"auth": {"kind": "bearer"}, "secret": "three"})).unwrap();
        assert_eq!(other.secrets.secret.as_deref(), Some("three"));
        assert!(other.secrets.headers.is_empty());
        let none = again(json!({"auth": {"kind": "none"}, "secret": null})).unwrap();
        assert_eq!(none.secrets, Secrets::default());
    }

    #[test]
    fn secrets_do_not_follow_an_address_that_leads_elsewhere() {
        let fields = json!({"auth": {"kind": "bearer"}, "secret": "one", "headers": [{"name": "X-Key", "value": "two"}]});
        let first = check(with(&fields), None).unwrap();
        let again = |fields: Value| check(with(&fields), Some((&first.settings, &first.secrets)));
        assert!(again(json!({"url": "https://x.example/b", "auth": {"kind": "bearer"}})).is_ok());
        for url in ["https://evil.example/a", "http://x.example/a", "https://x.example:444/a"] {
            assert!(again(json!({"url": url, "auth": {"kind": "bearer"}})).is_err(), "{url}");
            let header = json!({"url": url, "headers": [{"name": "X-Key", "value": null}]});
            assert!(again(header).is_err(), "{url}");
            assert!(again(json!({"url": url})).is_ok(), "without them");
        }
    }

    #[test]
    fn a_map_that_is_the_formats_own_stays_the_formats() {
        let map = json!(Format::Mastodon.map());
        let same = check(with(&json!({"format": "mastodon", "map": map})), None).unwrap();
        assert_eq!(same.settings.map, None);
        let mut form = map.clone();
        form["fields"]["title"] = " ".into();
        let form = check(with(&json!({"format": "mastodon", "map": form})), None).unwrap();
        assert_eq!(form.settings.map, None, "a form's empty fields are none");
        let mut other = map;
        other["fields"]["source"] = "=Here".into();
        let other = check(with(&json!({"format": "mastodon", "map": other})), None).unwrap();
        assert_eq!(other.settings.map().fields["source"], "=Here");
    }
}
