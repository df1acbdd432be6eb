//! What a source is set to, as it is kept and told again, without what is secret. What somebody asks
//! for becomes this in [`wanted`](super::wanted).

use super::formats::Format;
use super::map::Map;
use nowcast_shared::id::RoomName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

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
        super::wanted::check(given, None).unwrap().settings
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
