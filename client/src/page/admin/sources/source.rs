//! What a source is: what it follows and how, and how that goes. Pure.

/// By which way a source gets what it follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A feed that is looked at now and then.
    #[default]
    Feed,
    /// Server-sent events.
    Sse,
    /// A WebSocket with JSON messages.
    WebSocket,
    /// JSON, a line each.
    Ndjson,
    /// It is sent here by whoever has it.
    Webhook,
}

impl Kind {
    /// In the order in which they are offered: what most people look for comes first.
    pub const ALL: [Self; 5] =
        [Self::Feed, Self::Sse, Self::WebSocket, Self::Ndjson, Self::Webhook];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
            Self::Ndjson => "ndjson",
            Self::Webhook => "webhook",
        }
    }

    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Feed => "Feed",
            Self::Sse => "Event stream",
            Self::WebSocket => "WebSocket",
            Self::Ndjson => "JSON lines",
            Self::Webhook => "Webhook",
        }
    }

    /// Where one meets it.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Feed => "News and blogs: RSS, Atom, JSON Feed",
            Self::Sse => "Mastodon, and what else sends events",
            Self::WebSocket => "Bluesky, and what else sends JSON",
            Self::Ndjson => "A long answer, one record a line",
            Self::Webhook => "GitHub and others send it here",
        }
    }

    /// What an address looks like.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Feed => "https://news.example/feed.xml",
            Self::Sse => "https://mastodon.example/api/v1/streaming/public",
            Self::WebSocket => "wss://jetstream.example/subscribe",
            Self::Ndjson => "https://stream.example/filter.json",
            Self::Webhook => "",
        }
    }

    /// The formats that come by this way, the most likely one first.
    pub const fn formats(self) -> &'static [Format] {
        match self {
            Self::Feed => &[Format::Feed, Format::Own],
            Self::Sse => &[Format::Mastodon, Format::Microblog, Format::Post, Format::Own],
            Self::WebSocket => &[Format::Jetstream, Format::Mastodon, Format::Post, Format::Own],
            Self::Ndjson => &[Format::Microblog, Format::Mastodon, Format::Post, Format::Own],
            Self::Webhook => &[Format::Github, Format::Post, Format::Own],
        }
    }

    /// Whether topics can be asked for by this way.
    pub const fn takes_topics(self) -> bool {
        !self.topics().is_empty()
    }

    /// How topics can be sent by this way.
    pub const fn topics(self) -> &'static [TopicsAs] {
        match self {
            Self::Sse | Self::Ndjson => &[TopicsAs::Query, TopicsAs::Form, TopicsAs::None],
            Self::WebSocket => &[TopicsAs::Query, TopicsAs::None],
            Self::Feed | Self::Webhook => &[],
        }
    }

    /// How one can prove by this way who one is.
    pub const fn auths(self) -> &'static [AuthKind] {
        match self {
            // Whoever knows the address could publish otherwise.
            Self::Webhook => &[AuthKind::Hmac, AuthKind::Bearer],
            _ => &[AuthKind::None, AuthKind::Bearer, AuthKind::Basic],
        }
    }
}

/// Of what shape the records are that come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Entries of a feed.
    #[default]
    Feed,
    /// Mastodon's.
    Mastodon,
    /// Bluesky's.
    Jetstream,
    /// With `user.screen_name` and `text`.
    Microblog,
    /// GitHub's deliveries.
    Github,
    /// The data of Nowcast's own posts.
    Post,
    /// Whatever the map says.
    Own,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Feed,
        Self::Mastodon,
        Self::Jetstream,
        Self::Microblog,
        Self::Github,
        Self::Post,
        Self::Own,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Mastodon => "mastodon",
            Self::Jetstream => "jetstream",
            Self::Microblog => "microblog",
            Self::Github => "github",
            Self::Post => "post",
            Self::Own => "own",
        }
    }

    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Feed => "Entries of a feed",
            Self::Mastodon => "Mastodon posts",
            Self::Jetstream => "Bluesky posts",
            Self::Microblog => "Microblog posts",
            Self::Github => "GitHub events",
            Self::Post => "Nowcast posts",
            Self::Own => "Something else",
        }
    }
}

/// How a source proves who it is, or whoever sends to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AuthKind {
    /// Not at all.
    #[default]
    None,
    /// By a name and a password.
    Basic,
    /// By a token.
    Bearer,
    /// By a signature of what is sent.
    Hmac,
}

impl AuthKind {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Hmac => "hmac",
        }
    }

    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Bearer, Self::Hmac].into_iter().find(|it| it.name() == name)
    }

    /// What people call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "Nothing",
            Self::Basic => "Name and password",
            Self::Bearer => "Token",
            Self::Hmac => "Signature",
        }
    }

    /// What its secret is called; empty if it has none.
    pub const fn secret(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Basic => "Password",
            Self::Bearer => "Token",
            Self::Hmac => "Secret of the signature",
        }
    }
}

/// How topics are sent to what is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TopicsAs {
    /// Behind the address.
    #[default]
    Query,
    /// As a form, which makes the request a POST.
    Form,
    /// Not at all: they are looked for here.
    None,
}

impl TopicsAs {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Form => "form",
            Self::None => "none",
        }
    }

    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Query, Self::Form, Self::None].into_iter().find(|it| it.name() == name)
    }
}

/// What becomes an item, and of which places of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Map {
    /// The kind of item.
    pub kind: String,
    /// The item's fields with their places: JSON pointers, or `=` and a text.
    pub fields: Vec<(String, String)>,
    /// Where the record's own id stands.
    pub id: String,
    /// Where it says when it was written.
    pub at: String,
    /// Where it says in which language.
    pub lang: String,
    /// Where it says by whom.
    pub author: String,
}

impl Map {
    /// The place of a field; empty if it has none.
    pub fn place(&self, field: &str) -> &str {
        self.fields.iter().find(|(name, _)| name == field).map_or("", |(_, place)| place)
    }

    /// Gives a field its place; an empty one takes it away.
    pub fn set_place(&mut self, field: &str, place: &str) {
        let known = self.fields.iter_mut().find(|(name, _)| name == field);
        match known {
            _ if place.is_empty() => self.fields.retain(|(name, _)| name != field),
            Some((_, known)) => place.clone_into(known),
            None => self.fields.push((field.to_owned(), place.to_owned())),
        }
    }
}

/// What is let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Words of which one has to be there; any if there are none.
    pub words: Vec<String>,
    /// Languages; any if there are none.
    pub languages: Vec<String>,
    /// Authors who are left out.
    pub blocked: Vec<String>,
    /// Leaves out what was there before, or nearly so.
    pub repeats: bool,
}

/// A source as it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// By which way.
    pub kind: Kind,
    /// Of what; empty for a webhook.
    pub url: String,
    /// Of what shape.
    pub format: Format,
    /// What becomes of a record.
    pub map: Map,
    /// How it proves who it is.
    pub auth: AuthKind,
    /// The name that goes with a password.
    pub user: String,
    /// Whether a secret is kept for that.
    pub has_secret: bool,
    /// The names of headers that are sent along.
    pub headers: Vec<String>,
    /// What is asked for.
    pub topics: Vec<String>,
    /// How.
    pub topics_as: TopicsAs,
    /// In which field.
    pub topics_field: String,
    /// What is let through.
    pub filter: Filter,
    /// Whether it waits for approval.
    pub approval: bool,
    /// The most that is published in a minute.
    pub per_minute: Option<u64>,
    /// How many seconds lie between two looks at a feed.
    pub every: Option<u64>,
    /// Whether it is to follow.
    pub running: bool,
}

impl Source {
    /// Whose it is, in short: the host that it follows.
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }
}

/// How a source fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It is not to follow.
    #[default]
    Stopped,
    /// It is about to.
    Connecting,
    /// It does.
    Following,
    /// It tries again at a known moment, or looks again.
    Waiting,
    /// It has given up.
    Failed,
}

impl Phase {
    /// The one with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "stopped" => Self::Stopped,
            "connecting" => Self::Connecting,
            "following" => Self::Following,
            "waiting" => Self::Waiting,
            "failed" => Self::Failed,
            _ => return None,
        })
    }

    /// Its name in the style sheet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Connecting => "connecting",
            Self::Following => "following",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// How a source fares, with what it counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// How.
    pub phase: Phase,
    /// When it tries again, in Unix milliseconds.
    pub next: Option<i64>,
    /// Records a minute, of late.
    pub per_minute: f64,
    /// How old the newest record was when it came, in milliseconds.
    pub lag: Option<u64>,
    /// When the last record came, in Unix milliseconds.
    pub last_at: Option<i64>,
    /// Records that came.
    pub seen: u64,
    /// Those that were published.
    pub published: u64,
    /// Those that were held for approval.
    pub held: u64,
    /// Those that were left out, by reason.
    pub dropped: Vec<(String, u64)>,
    /// What went wrong last, and when.
    pub error: Option<(String, i64)>,
}

/// A source and how it fares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Followed {
    /// What it is.
    pub source: Source,
    /// How it fares.
    pub state: State,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_offers_a_format_and_one_that_is_ones_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(kind.formats().last(), Some(&Format::Own), "{kind:?}");
            assert!(kind.formats().len() > 1);
            assert_eq!(kind.auths().contains(&AuthKind::None), kind != Kind::Webhook);
        }
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
    }

    #[test]
    fn a_source_is_known_by_its_host() {
        let source = |url: &str| Source { url: url.to_owned(), ..Source::default() };
        assert_eq!(source("https://a.example:8443/x?y").host(), "a.example:8443");
        assert_eq!(source("wss://b.example?x=https://c").host(), "b.example");
        assert_eq!(source("").host(), "");
    }

    #[test]
    fn a_field_without_a_place_is_no_field() {
        let mut map = Map::default();
        map.set_place("text", "/text");
        map.set_place("url", "/url");
        map.set_place("text", "/content");
        assert_eq!((map.place("text"), map.place("user")), ("/content", ""));
        map.set_place("text", "");
        assert_eq!(map.fields, [("url".to_owned(), "/url".to_owned())]);
    }
}
