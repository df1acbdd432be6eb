//! Sources, and the items of theirs that wait for approval.

use super::items::published;
use super::{Group, list, number, object, of, text};
use crate::features::openapi::operation::{Access, Operation, operation};
use nowcast_shared::error::Code;
use serde_json::{Value, json};

/// Why settings are refused.
const SET: [Code; 4] = [Code::BadSource, Code::SecretsLocked, Code::UnknownRoom, Code::BadRoom];

pub(super) fn group() -> Group {
    let mut operations = settings();
    operations.extend(doing());
    Group {
        name: "Sources",
        description: "What is followed outside and published into rooms.",
        operations,
    }
}

fn settings() -> Vec<Operation> {
    vec![
        operation("get", "/api/sources", "listSources", "Sources")
            .asks(Access::Admin)
            .query("room", &of("RoomName"), "Those of this room alone.")
            .gives(
                200,
                "In the order in which they were made.",
                &object(&[("sources", list(&source()))]),
                &json!({"sources": [example()]}),
            )
            .refuses(&[Code::BadRoom])
            .example("curl -b cookies.txt $SERVER/api/sources"),
        operation("post", "/api/sources", "makeSource", "Make a source")
            .says(
                "`format` chooses a ready-made map from the service's records to items; `map` overrides it, \
                 and has to be there for the format `own`. Its values are JSON pointers (`/user/name`), \
                 pointers to HTML (`html:/content`), or texts (`=Mastodon`, also with pointers in them: \
                 `=https://example.org/{/id}`); of several with ` | ` between them the first that finds \
                 something counts.\n\nSecrets are stored encrypted and never shown again.",
            )
            .asks(Access::Admin)
            .changes()
            .takes("application/json", &wanted(), &asked())
            .gives(201, "Made; it runs if it was to.", &source(), &example())
            .refuses(&SET)
            .refuses(&[Code::SourcesFull])
            .example(
                "curl -b cookies.txt --json '{\"room\":\"main\",\"name\":\"Harbour\",\"kind\":\"sse\",\"url\":\"https://mastodon.example/api/v1/streaming/public\",\"format\":\"mastodon\",\"auth\":{\"kind\":\"bearer\"},\"secret\":\"the-token\",\"filter\":{\"words\":[\"harbour\"]},\"running\":true}' \\\n  $SERVER/api/sources",
            ),
        operation("get", "/api/sources/formats", "listFormats", "Ready-made maps")
            .asks(Access::Admin)
            .gives(
                200,
                "Formats with what they are called and their maps.",
                &object(&[(
                    "formats",
                    list(&object(&[("format", format()), ("title", text()), ("map", map())])),
                )]),
                &json!({"formats": [{"format": "post", "title": "Posts as Nowcast has them",
                    "map": {"kind": "post", "fields": {"text": "/text"}}}]}),
            )
            .example("curl -b cookies.txt $SERVER/api/sources/formats"),
        operation("get", "/api/sources/{id}", "getSource", "A source")
            .asks(Access::Admin)
            .gives(200, "It, and how it stands.", &source(), &example())
            .refuses(&[Code::UnknownSource])
            .example("curl -b cookies.txt $SERVER/api/sources/$SOURCE"),
        operation("put", "/api/sources/{id}", "changeSource", "Change a source")
            .says(
                "All settings anew. A `secret` that is left out stays, and so does a header with the value \
                 `null`, unless `url` leads to another service: then they have to be entered again. One that \
                 runs goes on with what is new.",
            )
            .asks(Access::Admin)
            .changes()
            .takes("application/json", &wanted(), &asked())
            .gives(200, "Changed.", &source(), &example())
            .refuses(&SET)
            .refuses(&[Code::UnknownSource])
            .example(
                "curl -b cookies.txt -X PUT --json '{\"room\":\"main\",\"name\":\"Harbour\",\"kind\":\"feed\",\"url\":\"https://news.example/feed\",\"format\":\"feed\"}' \\\n  $SERVER/api/sources/$SOURCE",
            ),
        operation("delete", "/api/sources/{id}", "deleteSource", "Delete a source")
            .says("What it published stays, and what waits for approval goes on waiting.")
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "It is gone.")
            .refuses(&[Code::UnknownSource])
            .example("curl -b cookies.txt -X DELETE $SERVER/api/sources/$SOURCE"),
    ]
}

fn doing() -> Vec<Operation> {
    let delivered = object(&[("published", number()), ("held", number()), ("dropped", number())]);
    vec![
        operation("post", "/api/sources/{id}/start", "startSource", "Start a source")
            .says("One that runs begins anew.")
            .asks(Access::Admin)
            .changes()
            .gives(200, "It is started.", &source(), &example())
            .refuses(&[Code::UnknownSource])
            .example("curl -b cookies.txt -X POST $SERVER/api/sources/$SOURCE/start"),
        operation("post", "/api/sources/{id}/stop", "stopSource", "Stop a source")
            .asks(Access::Admin)
            .changes()
            .gives(200, "It is stopped.", &source(), &example())
            .refuses(&[Code::UnknownSource])
            .example("curl -b cookies.txt -X POST $SERVER/api/sources/$SOURCE/stop"),
        operation("post", "/api/sources/test", "testSource", "Look at what a source would show")
            .says(
                "Connects as these settings say and shows the next records as items, each with what would \
                 become of it and why. Nothing is published. With an `id`, that source's secrets are used \
                 where none are given. It answers when there were enough, when the connection ends, or \
                 after 15 seconds. For a webhook, which has to be saved before and be named by its `id`, the \
                 next records are those that are delivered to it meanwhile, with the secret that is saved; if \
                 it runs, they go their way as well.",
            )
            .asks(Access::Admin)
            .changes()
            .query(
                "count",
                &json!({"type": "integer", "minimum": 0, "default": 5}),
                "How many records: 1 to 50.",
            )
            .takes("application/json", &wanted(), &asked())
            .gives(200, "What it heard.", &trial(), &trial_example())
            .refuses(&[Code::BadSource, Code::SecretsLocked, Code::UnknownSource, Code::RateLimited])
            .example(
                "curl -b cookies.txt --json '{\"room\":\"main\",\"name\":\"News\",\"kind\":\"feed\",\"url\":\"https://news.example/feed\",\"format\":\"feed\"}' \\\n  \"$SERVER/api/sources/test?count=5\"",
            ),
        operation("post", "/api/sources/{id}", "deliver", "Deliver to a source")
            .says(
                "The webhook of a source of this kind. Deliveries show its secret: a signature of the body \
                 as GitHub makes it (`X-Hub-Signature-256: sha256=…`), or `Authorization: Bearer` or `Basic`, \
                 as the source is set. The body is a record, or a list of at most 1,000; or a form with JSON \
                 as `payload`. At most 1 MiB, 20 deliveries a second. A source that is stopped takes them \
                 only while it is tested.",
            )
            .changes()
            .header(
                "X-Hub-Signature-256",
                &text(),
                "HMAC-SHA256 of the body with the source's secret, in hexadecimal digits after `sha256=`.",
            )
            .takes("application/json", &json!({}), &json!({"user": "ana", "text": "Ship ahoy"}))
            .takes(
                "application/x-www-form-urlencoded",
                &json!({"type": "object", "properties": {"payload": text()}, "required": ["payload"]}),
                &json!({"payload": "{\"text\":\"Ship ahoy\"}"}),
            )
            .gives(
                200,
                "It is kept, waits for approval, or was dropped.",
                &delivered,
                &json!({"published": 1, "held": 0, "dropped": 0}),
            )
            .gives(
                202,
                "The source is stopped: those who test it see this, and nobody else.",
                &delivered,
                &json!({"published": 0, "held": 0, "dropped": 1}),
            )
            .refuses(&[
                Code::UnknownSource,
                Code::Unauthorized,
                Code::BadSignature,
                Code::RateLimited,
                Code::SecretsLocked,
            ])
            .example(
                "curl -H \"Authorization: Bearer $SECRET\" --json '{\"text\":\"Ship ahoy\"}' \\\n  $SERVER/api/sources/$SOURCE",
            ),
    ]
}

pub(super) fn queue() -> Group {
    let operations = vec![
        operation("get", "/api/rooms/{room}/queue", "listQueue", "Items that wait")
            .in_room()
            .asks(Access::Admin)
            .gives(
                200,
                "The oldest first; at most 500.",
                &object(&[("waiting", list(&waiting())), ("count", number())]),
                &json!({"count": 1, "waiting": [{"id": "q9k2x", "at": 1_790_000_000_000_i64,
                    "source": {"id": "s8d2k1", "name": "Harbour"}, "kind": "post",
                    "data": {"user": "ana", "text": "Ship ahoy"}, "html": null}]}),
            )
            .example("curl -b cookies.txt $SERVER/api/rooms/main/queue"),
        operation("delete", "/api/rooms/{room}/queue", "turnAllDown", "Turn all down")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "None of them is shown.")
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/queue"),
        operation(
            "post",
            "/api/rooms/{room}/queue/{id}",
            "approveItem",
            "Publish an item that waits",
        )
        .in_room()
        .asks(Access::Admin)
        .changes()
        .gives(201, "Published.", &of("Published"), &published())
        .gives(200, "It was published before.", &of("Published"), &published())
        .refuses(&[Code::UnknownItem])
        .example("curl -b cookies.txt -X POST $SERVER/api/rooms/main/queue/$ITEM"),
        operation("delete", "/api/rooms/{room}/queue/{id}", "turnItemDown", "Turn an item down")
            .in_room()
            .asks(Access::Admin)
            .changes()
            .gives_nothing(204, "It is not shown.")
            .refuses(&[Code::UnknownItem])
            .example("curl -b cookies.txt -X DELETE $SERVER/api/rooms/main/queue/$ITEM"),
    ];
    let description = "What sources found, before anybody sees it. Admin pages are told how many wait \
                       by the signal `queued`.";
    Group { name: "Approval queue", description, operations }
}

fn moment() -> Value {
    json!({"type": "integer", "description": "Unix milliseconds."})
}

fn or_null(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    schema
}

fn format() -> Value {
    json!({"enum": ["post", "mastodon", "jetstream", "microblog", "feed", "github", "own"]})
}

fn map() -> Value {
    json!({
        "type": "object",
        "properties": {
            "kind": {"enum": nowcast_shared::item::KINDS},
            "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            "id": or_null(text()), "at": or_null(text()), "lang": or_null(text()), "author": or_null(text()),
        },
        "required": ["kind", "fields"],
    })
}

/// What settings and what is told of them have in common.
fn fields() -> Value {
    let texts = || list(&text());
    json!({
        "room": of("RoomName"),
        "name": {"type": "string", "minLength": 1},
        "kind": {"enum": ["ndjson", "sse", "websocket", "feed", "webhook"]},
        "url": {"type": ["string", "null"], "description": "Nowhere for a webhook."},
        "format": format(),
        "map": map(),
        "auth": {
            "type": "object",
            "properties": {"kind": {"enum": ["none", "basic", "bearer", "hmac"]}, "user": text()},
            "required": ["kind"],
        },
        "headers": list(&json!({
            "type": "object",
            "properties": {"name": text(), "value": {"type": ["string", "null"], "description": "Never shown."}},
            "required": ["name"],
        })),
        "topics": texts(),
        "topics_as": {"enum": ["query", "form", "none"], "description": "`none`: they are looked for here."},
        "topics_field": text(),
        "filter": {
            "type": "object",
            "properties": {
                "words": texts(), "languages": texts(), "blocked": texts(),
                "repeats": {"type": "boolean", "default": true, "description": "Leaves out what says nearly the same."},
            },
        },
        "approval": {"type": "boolean"},
        "per_minute": {"type": ["integer", "null"], "minimum": 1, "maximum": 60_000},
        "every": {"type": ["integer", "null"], "minimum": 1, "maximum": 86_400, "description": "Seconds."},
        "running": {"type": "boolean"},
    })
}

fn wanted() -> Value {
    let mut fields = fields();
    fields["id"] = text();
    fields["secret"] = json!({
        "type": ["string", "null"],
        "description": "A password, a token, or what deliveries are signed with. Null takes it away; left out, it stays.",
    });
    // What may be told may be left out or null as well.
    for name in [
        "map",
        "auth",
        "topics",
        "topics_as",
        "topics_field",
        "filter",
        "approval",
        "running",
        "headers",
    ] {
        let schema = fields[name].take();
        fields[name] = json!({"anyOf": [schema, {"type": "null"}]});
    }
    json!({"type": "object", "properties": fields, "required": ["room", "name", "kind"]})
}

fn source() -> Value {
    let mut fields = fields();
    fields["id"] = text();
    fields["has_secret"] = json!({"type": "boolean"});
    fields["state"] = state();
    let names: Vec<&String> = fields.as_object().into_iter().flat_map(|all| all.keys()).collect();
    json!({"type": "object", "required": names, "properties": fields})
}

fn state() -> Value {
    let reasons = [
        "malformed",
        "unmapped",
        "words",
        "language",
        "author",
        "repeat",
        "rate",
        "queue",
        "refused",
    ];
    let dropped = reasons.map(|reason| (reason, number()));
    let error = json!({"anyOf": [object(&[("text", text()), ("at", moment())]), {"type": "null"}]});
    object(&[
        ("state", json!({"enum": ["stopped", "connecting", "following", "waiting", "failed"]})),
        ("since", moment()),
        ("next", or_null(moment())),
        ("per_minute", json!({"type": "number", "description": "Records of the last minute."})),
        (
            "lag",
            or_null(
                json!({"type": "integer", "description": "Milliseconds from being said to being heard, of the newest."}),
            ),
        ),
        ("last_at", or_null(moment())),
        ("seen", number()),
        ("published", number()),
        ("held", number()),
        ("dropped", object(&dropped)),
        ("error", error),
    ])
}

fn waiting() -> Value {
    object(&[
        ("id", text()),
        ("at", moment()),
        ("source", object(&[("id", text()), ("name", text())])),
        ("kind", text()),
        ("data", json!({})),
        ("html", or_null(text())),
    ])
}

fn trial() -> Value {
    let item = object(&[
        (
            "kind",
            json!({"type": ["string", "null"], "description": "Null where it is none: `data` is the record."}),
        ),
        ("data", json!({})),
        ("html", or_null(text())),
        ("would", json!({"enum": ["publish", "hold", "drop"]})),
        ("why", or_null(text())),
    ]);
    object(&[
        ("connected", json!({"type": "boolean"})),
        ("seen", number()),
        ("malformed", number()),
        ("items", list(&item)),
        ("error", or_null(text())),
        ("timed_out", json!({"type": "boolean"})),
    ])
}

fn trial_example() -> Value {
    json!({"connected": true, "seen": 1, "malformed": 0, "error": null, "timed_out": false,
        "items": [{"kind": "post", "data": {"user": "ana", "text": "Ship ahoy", "source": "Harbour"},
            "html": null, "would": "publish", "why": null}]})
}

fn asked() -> Value {
    json!({"room": "main", "name": "Harbour", "kind": "sse", "format": "mastodon",
        "url": "https://mastodon.example/api/v1/streaming/public",
        "auth": {"kind": "bearer"}, "secret": "a token of that service",
        "filter": {"words": ["harbour"], "languages": ["en"]}, "per_minute": 30, "running": true})
}

fn example() -> Value {
    let mut told = asked();
    if let Some(told) = told.as_object_mut() {
        told.remove("secret");
    }
    let rest = json!({
        "id": "s8d2k1m3p4q5r6t7", "has_secret": true, "headers": [], "topics": [], "topics_as": "none",
        "topics_field": "track", "approval": false, "every": null,
        "map": {"kind": "post", "fields": {"text": "html:/content"}},
        "filter": {"words": ["harbour"], "languages": ["en"], "blocked": [], "repeats": true},
        "state": {"state": "following", "since": 1_790_000_000_000_i64, "next": null, "per_minute": 12.5,
            "lag": 840, "last_at": 1_790_000_000_000_i64, "seen": 93, "published": 12, "held": 0,
            "dropped": {"malformed": 0, "unmapped": 0, "words": 80, "language": 1, "author": 0,
                "repeat": 0, "rate": 0, "queue": 0, "refused": 0},
            "error": null},
    });
    for (name, value) in rest.as_object().into_iter().flatten() {
        told[name] = value.clone();
    }
    told
}
