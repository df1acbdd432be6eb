//! What somebody asks a source to be: read from JSON, and whether it is allowed. What is shown to whom,
//! and stays secret, is of [`secrets`].

mod secrets;

use super::formats::Format;
use super::map::Map;
use super::settings::{Auth, Filter, Kind, Settings, TopicsAs};
use super::{cap, language, vault::Secrets};
use crate::error::Problem;
use crate::http::body::shape;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use secrets::{GivenHeader, Said};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// How long a source's name may be, in characters.
const MOST_NAME: usize = 80;
/// How long an address may be, in bytes.
const MOST_URL: usize = 2048;
/// How many there may be of each list, and how long each entry may be, in characters.
const MOST_TOPICS: usize = 400;
const MOST_BLOCKED: usize = 1000;
const MOST_LANGUAGES: usize = 50;
const MOST_ENTRY: usize = 200;
/// The pace at which feeds are looked at, in seconds.
const EVERY: std::ops::RangeInclusive<u64> = 1..=86_400;

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
    let secrets = secrets::keep(&auth, given.secret, &headers, url.as_ref(), before)?;
    secrets::check_auth(given.kind, &auth, &secrets)?;
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
    use crate::features::sources::settings::Told;
    use serde_json::json;

    pub(super) fn with(fields: &Value) -> Value {
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
