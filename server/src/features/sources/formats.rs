//! Ready-made maps for what is followed most.

use super::map::Map;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What records look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// Our own posts: `user`, `text`, `picture`, `url`.
    #[default]
    Post,
    /// Statuses of Mastodon and what speaks its API.
    Mastodon,
    /// Bluesky's Jetstream.
    Jetstream,
    /// Microblogs with `/user/screen_name` and `/text`.
    Microblog,
    /// Entries of RSS, Atom and JSON Feed.
    Feed,
    /// GitHub's webhooks.
    Github,
    /// As the source's own map says.
    Own,
}

/// A map's kind, fields, id, moment, language and author.
type Parts = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// What happens has a text of its own for each event.
const GITHUB: Parts = (
    "post",
    &[
        ("user", "/sender/login | /pusher/name"),
        (
            "text",
            "={/repository/full_name}: {/action} release {/release/name}\
                         | ={/repository/full_name}: {/action} release {/release/tag_name}\
                         | ={/repository/full_name}#{/pull_request/number} {/action}: {/pull_request/title}\
                         | ={/repository/full_name}#{/issue/number}, comment: {/comment/body}\
                         | ={/repository/full_name}#{/issue/number} {/action}: {/issue/title}\
                         | ={/repository/full_name}: {/workflow_run/name} {/workflow_run/conclusion}\
                         | ={/repository/full_name}: {/head_commit/message}",
        ),
        (
            "url",
            "/release/html_url | /comment/html_url | /pull_request/html_url \
                         | /issue/html_url | /workflow_run/html_url | /compare",
        ),
        ("picture", "/sender/avatar_url"),
        ("source", "=GitHub"),
    ],
    "",
    "/release/published_at | /comment/created_at | /head_commit/timestamp",
    "",
    "/sender/login",
);

impl Format {
    /// All, in the order in which forms offer them.
    const ALL: [Self; 7] = [
        Self::Post,
        Self::Mastodon,
        Self::Jetstream,
        Self::Microblog,
        Self::Feed,
        Self::Github,
        Self::Own,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Post => "Posts as Nowcast has them",
            Self::Mastodon => "Mastodon",
            Self::Jetstream => "Bluesky (Jetstream)",
            Self::Microblog => "Microblog (user/screen_name, text)",
            Self::Feed => "RSS, Atom, JSON Feed",
            Self::Github => "GitHub webhook",
            Self::Own => "A map of your own",
        }
    }

    /// Its map. That of [`Self::Own`] is where to begin.
    pub(super) fn map(self) -> Map {
        let (kind, fields, id, at, lang, author): Parts = match self {
            Self::Post | Self::Own => (
                "post",
                &[
                    ("user", "/user"),
                    ("text", "/text"),
                    ("url", "/url"),
                    ("picture", "/picture"),
                    ("alt", "/alt"),
                    ("source", "/source"),
                ],
                "/id",
                "/at",
                "/lang",
                "",
            ),
            Self::Mastodon => (
                "post",
                &[
                    ("user", "/account/display_name | /account/username"),
                    ("text", "html:/content | /spoiler_text"),
                    ("url", "/url | /uri"),
                    ("picture", "/media_attachments/0/preview_url | /media_attachments/0/url"),
                    ("alt", "/media_attachments/0/description"),
                    ("source", "=Mastodon"),
                ],
                "/uri | /id",
                "/created_at",
                "/language",
                "/account/acct",
            ),
            Self::Jetstream => (
                "post",
                &[
                    ("user", "/did"),
                    ("text", "/commit/record/text"),
                    ("url", "=https://bsky.app/profile/{/did}/post/{/commit/rkey}"),
                    ("source", "=Bluesky"),
                ],
                "=at://{/did}/{/commit/collection}/{/commit/rkey}",
                "/time_us | /commit/record/createdAt",
                "/commit/record/langs",
                "/did",
            ),
            Self::Microblog => (
                "post",
                &[
                    ("user", "/user/screen_name | /user/name"),
                    ("text", "/extended_tweet/full_text | /full_text | /text"),
                    ("url", "/url"),
                    ("picture", "/entities/media/0/media_url_https"),
                ],
                "/id_str | /id",
                "/timestamp_ms | /created_at",
                "/lang",
                "/user/screen_name",
            ),
            Self::Feed => (
                "link",
                &[("url", "/url"), ("title", "/title"), ("description", "/text | html:/html")],
                "/id | /url",
                "/published",
                "/language",
                "/author",
            ),
            Self::Github => GITHUB,
        };
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), spaced(text)));
        Map {
            kind: kind.to_owned(),
            fields: fields.collect(),
            id: some(id),
            at: some(at),
            lang: some(lang),
            author: some(author),
        }
    }
}

/// Ways that a line was broken between stand apart by ` | ` all the same.
fn spaced(text: &str) -> String {
    text.split('|').map(str::trim).collect::<Vec<_>>().join(" | ")
}

/// `{"formats":[…]}`, for forms.
pub(super) fn list() -> Value {
    let formats = Format::ALL
        .map(|format| json!({"format": format, "title": format.title(), "map": format.map()}));
    json!({"formats": formats})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(format: Format, record: &Value) -> Value {
        let mapped = format.map().read().unwrap().map(record, "Test");
        mapped.map_or(Value::Null, |mapped| mapped.item.data)
    }

    #[test]
    fn every_map_can_be_read_and_its_name_is_found_again() {
        for format in Format::ALL {
            assert!(format.map().read().is_ok(), "{format:?}");
            let name = serde_json::to_value(format).unwrap();
            assert_eq!(serde_json::from_value::<Format>(name).unwrap(), format);
        }
        assert_eq!(list()["formats"].as_array().unwrap().len(), Format::ALL.len());
    }

    #[test]
    fn a_status_of_mastodon() {
        let status = json!({
            "id": "110", "uri": "https://m.example/users/ana/statuses/110",
            "url": "https://m.example/@ana/110", "created_at": "2026-11-21T19:15:00.000Z",
            "language": "en", "content": "<p>Tall ships in the <b>harbour</b> &amp; more</p>",
            "account": {"acct": "ana@m.example", "username": "ana", "display_name": "Ana"},
            "media_attachments": [{"preview_url": "https://m.example/a.png", "description": "A ship"}],
        });
        let mapped = Format::Mastodon.map().read().unwrap().map(&status, "Test").unwrap();
        assert_eq!(
            mapped.item.data,
            json!({"user": "Ana", "text": "Tall ships in the harbour & more", "source": "Mastodon",
                "url": "https://m.example/@ana/110", "picture": "https://m.example/a.png", "alt": "A ship"})
        );
        assert_eq!(mapped.at, Some(1_795_288_500_000));
        assert_eq!(mapped.author.as_deref(), Some("ana@m.example"));
        assert_eq!(mapped.languages, ["en"]);
    }

    #[test]
    fn a_post_of_bluesky_and_nothing_else_of_jetstream() {
        let post = json!({"did": "did:plc:abc", "time_us": 1_795_288_500_000_000_i64, "kind": "commit",
            "commit": {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k",
                "record": {"text": "Ahoy", "langs": ["en"], "createdAt": "2026-11-21T19:15:00Z"}}});
        let mapped = Format::Jetstream.map().read().unwrap().map(&post, "Test").unwrap();
        assert_eq!(mapped.item.data["url"], "https://bsky.app/profile/did:plc:abc/post/3k");
        assert_eq!(mapped.id.as_deref(), Some("at://did:plc:abc/app.bsky.feed.post/3k"));
        assert_eq!(
            (mapped.at, &mapped.languages[..]),
            (Some(1_795_288_500_000), &["en".to_owned()][..])
        );
        let like = json!({"did": "did:plc:abc", "kind": "commit", "commit": {"operation": "create",
            "collection": "app.bsky.feed.like", "rkey": "3l", "record": {"subject": {}}}});
        assert_eq!(data(Format::Jetstream, &like), Value::Null);
        assert_eq!(data(Format::Jetstream, &json!({"kind": "identity", "did": "x"})), Value::Null);
    }

    #[test]
    fn microblogs_feeds_and_posts() {
        let line = json!({"id_str": "9", "text": "short", "user": {"screen_name": "ana"},
            "created_at": "Sat Nov 21 19:15:00 +0000 2026"});
        assert_eq!(
            data(Format::Microblog, &line),
            json!({"user": "ana", "text": "short", "source": "Test"})
        );
        let entry = json!({"id": "e1", "title": "Doors open", "url": "https://n.example/1",
            "text": "At seven", "author": "Ana", "published": 1_795_288_500_000_i64});
        assert_eq!(
            data(Format::Feed, &entry),
            json!({"url": "https://n.example/1", "title": "Doors open", "description": "At seven", "source": "Test"})
        );
        let post = json!({"user": "Ana", "text": "Hi", "source": "Here"});
        assert_eq!(data(Format::Post, &post), post);
    }

    #[test]
    fn what_happens_on_github() {
        let repository = json!({"full_name": "ana/ships"});
        let text = |record: Value| data(Format::Github, &record)["text"].clone();
        assert_eq!(
            text(
                json!({"repository": repository, "action": "opened", "issue": {"number": 7, "title": "It leaks"}})
            ),
            "ana/ships#7 opened: It leaks"
        );
        assert_eq!(
            text(
                json!({"repository": repository, "action": "published", "release": {"name": "1.0"}})
            ),
            "ana/ships: published release 1.0"
        );
        assert_eq!(
            text(
                json!({"repository": repository, "head_commit": {"message": "Mend the hull"}, "compare": "https://g.example/c"})
            ),
            "ana/ships: Mend the hull"
        );
        assert_eq!(
            data(Format::Github, &json!({"zen": "Keep it simple", "hook_id": 1})),
            Value::Null
        );
    }
}
