//! Frames of a session, as events of a page.
//!
//! What is kept arrives once: under a name of its own, else as `event`; a post as `tweet` beside
//! its `item`. What is not kept and has no name of its own arrives as `signal`. A second argument
//! says where an event stands: pages that expect one get on without.

use super::packet;
use nowcast_shared::error::Reason;
use nowcast_shared::id::PieceId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How many pieces are remembered that a page moves.
const PIECES: usize = 256;

/// The pieces that a page moves: what becomes of that is no news to it.
#[derive(Clone, Default)]
pub(super) struct Moved(Arc<Mutex<HashSet<PieceId>>>);

impl Moved {
    /// The page moves this one.
    pub(super) fn note(&self, piece: PieceId) {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pieces.len() < PIECES {
            pieces.insert(piece);
        }
    }

    /// A piece landed that somebody moved who the page is of; whether by the page itself.
    fn landed(&self, piece: &str) -> bool {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        piece.parse().is_ok_and(|piece: PieceId| pieces.remove(&piece))
    }
}

/// What a page is told of its session.
pub(super) struct Telling {
    namespace: String,
    moved: Moved,
    /// How others see the page.
    you: String,
    epoch: String,
}

/// What follows from a frame.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// These packets.
    Packets(Vec<String>),
    /// The session is over.
    Over {
        /// What says so.
        packets: Vec<String>,
        /// Whether the page should come back.
        reconnect: bool,
    },
}

/// A frame, of which only what is needed is read.
#[derive(Deserialize)]
struct Frame<'a> {
    t: &'a str,
    offset: Option<u64>,
    at: Option<i64>,
    #[serde(borrow)]
    by: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    signal: Option<&'a RawValue>,
    #[serde(borrow)]
    command: Option<Cow<'a, str>>,
    code: Option<&'a str>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    id: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    held: bool,
    reason: Option<Reason>,
}

/// An event or a signal, likewise.
#[derive(Deserialize)]
struct What<'a> {
    kind: &'a str,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    piece: Option<&'a RawValue>,
    #[serde(borrow)]
    x: Option<&'a RawValue>,
    #[serde(borrow)]
    y: Option<&'a RawValue>,
    #[serde(borrow)]
    by: Option<&'a RawValue>,
}

/// An item, likewise.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    kind: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What a post says.
#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    picture: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct You {
    you: String,
}

#[derive(Deserialize)]
struct Author<'a> {
    id: &'a str,
}

/// JSON, or null where there is none.
fn or_null(json: Option<&RawValue>) -> &str {
    json.map_or("null", RawValue::get)
}

impl Telling {
    /// To a page in this namespace.
    pub(super) fn new(namespace: String, moved: Moved) -> Self {
        Self { namespace, moved, you: String::new(), epoch: String::new() }
    }

    /// The packets for a frame.
    pub(super) fn tell(&mut self, frame: &[u8]) -> Told {
        // Frames are the server's own; what cannot be read would be a mistake of ours.
        Told::Packets(match serde_json::from_slice::<Frame<'_>>(frame) {
            Ok(Frame { t: "welcome", .. }) => self.welcome(frame),
            Ok(Frame { t: "goodbye", reason: Some(reason), .. }) => {
                let packets =
                    packet::refused(&self.namespace, None, reason.as_str(), sentence(reason));
                return Told::Over { packets, reconnect: reason.reconnect() };
            }
            Ok(frame) => self.one(&frame).unwrap_or_default(),
            Err(error) => {
                tracing::error!(%error, "a frame cannot be told");
                Vec::new()
            }
        })
    }

    fn emit(&self, name: &str, arguments: &[&str]) -> String {
        packet::event(&self.namespace, name, arguments)
    }

    /// How the session begins: whether it continues what the page had, and if not, the room as it
    /// is.
    fn welcome(&mut self, frame: &[u8]) -> Vec<String> {
        let Ok(mut welcome) = serde_json::from_slice::<Map<String, Value>>(frame) else {
            return Vec::new();
        };
        let text = |name| welcome.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (self.you, self.epoch) = (text("you"), text("epoch"));
        let offset = welcome.get("offset").and_then(Value::as_u64).unwrap_or_default();
        welcome.retain(|name, _| !["t", "protocol"].contains(&name.as_str()));
        if let Some(Value::Object(snapshot)) = welcome.remove("snapshot") {
            welcome.extend(snapshot);
        }
        welcome.insert("position".to_owned(), format!("{}:{offset}", self.epoch).into());
        let presence = welcome.get("presence").map(Value::to_string);
        let told = self.emit("welcome", &[&Value::Object(welcome).to_string()]);
        let presence = presence.map(|presence| self.emit("presence", &[&presence]));
        [told].into_iter().chain(presence).collect()
    }

    fn one(&mut self, frame: &Frame<'_>) -> Option<Vec<String>> {
        match frame.t {
            "event" => self.event(frame),
            "signal" => self.signal(frame.signal?),
            "push" => {
                let data = format!(r#"{{"data":{}}}"#, or_null(frame.data));
                let id = json!({"id": frame.id}).to_string();
                Some(vec![self.emit("push", &[&data, &id])])
            }
            "ack" => {
                let mut answer = json!({"offset": frame.offset});
                if frame.held {
                    answer["held"] = true.into();
                }
                let number = number(frame.command.as_deref())?;
                Some(vec![packet::ack(&self.namespace, number, &answer.to_string())])
            }
            "reject" => {
                let (code, message) = (frame.code?, frame.message.as_deref()?);
                let number = number(frame.command.as_deref());
                Some(packet::refused(&self.namespace, number, code, message))
            }
            _ => None,
        }
    }

    fn event(&self, frame: &Frame<'_>) -> Option<Vec<String>> {
        let (offset, at, by) = (frame.offset?, frame.at?, frame.by?.get());
        let (event, epoch) = (frame.event?, &self.epoch);
        let place =
            format!(r#"{{"offset":{offset},"position":"{epoch}:{offset}","at":{at},"by":{by}}}"#);
        let what: What<'_> = serde_json::from_str(event.get()).ok()?;
        let emit = |name: &str, first: &str| self.emit(name, &[first, &place]);
        Some(match what.kind {
            "item_published" => {
                let item = what.item?.get();
                let tweet = tweet(item).map(|tweet| emit("tweet", &tweet));
                [emit("item", item)].into_iter().chain(tweet).collect()
            }
            "item_edited" => vec![emit("item_edited", what.item?.get())],
            "item_deleted" => {
                vec![emit("item_deleted", &format!(r#"{{"id":{}}}"#, what.item?.get()))]
            }
            "said" => {
                let (id, name, text) = (what.id?, what.name?, what.text?);
                vec![emit(
                    "chat",
                    &format!(r#"{{"id":{id},"name":{name},"text":{text},"at":{at}}}"#),
                )]
            }
            "piece_moved" => {
                let author: Author<'_> = serde_json::from_str(by).ok()?;
                let piece: Cow<'_, str> = serde_json::from_str(what.piece?.get()).ok()?;
                if author.id == self.you && self.moved.landed(&piece) {
                    return None;
                }
                let by = json!(author.id).to_string();
                vec![emit("position", &position(&what, &by)?)]
            }
            _ => vec![emit("event", event.get())],
        })
    }

    fn signal(&mut self, signal: &RawValue) -> Option<Vec<String>> {
        let what: What<'_> = serde_json::from_str(signal.get()).ok()?;
        if what.kind == "you" {
            // Who registers is somebody else to the others.
            let known: You = serde_json::from_str(signal.get()).ok()?;
            self.you = known.you;
        }
        Some(vec![match what.kind {
            "piece_moving" => self.emit("position", &[&position(&what, what.by?.get())?]),
            "presence" => self.emit("presence", &[&without_kind(signal)?]),
            _ => self.emit("signal", &[signal.get()]),
        }])
    }
}

/// `{piece, x, y, by}`.
fn position(what: &What<'_>, by: &str) -> Option<String> {
    let (piece, x, y) = (what.piece?, what.x?, what.y?);
    Some(format!(r#"{{"piece":{piece},"x":{x},"y":{y},"by":{by}}}"#))
}

/// `{id, user, text, picture}` of a post.
fn tweet(item: &str) -> Option<String> {
    let item: Item<'_> = serde_json::from_str(item).ok()?;
    if item.kind != "post" {
        return None;
    }
    let post: Post<'_> = serde_json::from_str(item.data.get()).ok()?;
    let (id, user) = (item.id, or_null(post.user));
    let (text, picture) = (or_null(post.text), or_null(post.picture));
    Some(format!(r#"{{"id":{id},"user":{user},"text":{text},"picture":{picture}}}"#))
}

/// A signal whose name says its kind.
fn without_kind(signal: &RawValue) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(signal.get()).ok()?;
    fields.remove("kind");
    Some(Value::Object(fields).to_string())
}

/// The number by which a page knows an answer; see [`command_id`].
fn number(command: Option<&str>) -> Option<u64> {
    command?.rsplit_once('/')?.1.parse().ok()
}

/// What a command is called that a page wants an answer to. Pages count from 0 whenever they are
/// opened, and a repeat is recognised by this name: so a connection's own is part of it.
pub(super) fn command_id(connection: &str, number: u64) -> String {
    format!("{connection}/{number}")
}

/// Why a session ended, for people.
pub(super) fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Restarting => "The server stops, perhaps to start again.",
        Reason::SlowConsumer => {
            "This page did not read fast enough. It comes back, and goes on from `since`."
        }
        Reason::TimedOut => "There was no sign of life from this page.",
        Reason::Failed => "The server could not read its log.",
        Reason::Reauthorize => "Who you are here has ended or changed: come back with what is so.",
        Reason::Replaced => "The same `client` connected again, and goes on there.",
        Reason::RoomClosed => "The room is closed to you now, or is gone.",
        Reason::BadFrame => "What this page sent could not be read.",
        Reason::Flooding => "This page went on sending far more than it may.",
        Reason::Blocked => "An admin sent you out of this room.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling() -> (Telling, Moved) {
        let moved = Moved::default();
        let mut telling = Telling::new("/".to_owned(), moved.clone());
        let welcome = json!({"t": "welcome", "protocol": 1, "room": "main", "you": "pMe",
            "epoch": "e1", "offset": 4, "recovered": true, "snapshot": null});
        telling.tell(welcome.to_string().as_bytes());
        (telling, moved)
    }

    /// The names and arguments of what a page is told.
    fn told(telling: &mut Telling, frame: &Value) -> Vec<Value> {
        let Told::Packets(packets) = telling.tell(frame.to_string().as_bytes()) else {
            panic!("it is over");
        };
        let read = |packet: &String| serde_json::from_str(packet.strip_prefix('2').unwrap());
        packets.iter().map(read).collect::<Result<_, _>>().unwrap()
    }

    fn event(event: &Value) -> Value {
        json!({"t": "event", "offset": 5, "at": 17, "by": {"role": "viewer", "id": "pMe"},
            "event": event})
    }

    fn place() -> Value {
        json!({"offset": 5, "position": "e1:5", "at": 17, "by": {"role": "viewer", "id": "pMe"}})
    }

    #[test]
    fn a_post_is_an_item_and_a_tweet() {
        let (mut telling, _) = telling();
        let data = json!({"user": "Ana", "text": "Hi\n\"you\"", "source": "Mastodon"});
        let item = json!({"id": "i1", "offset": 5, "kind": "post", "data": data});
        let frame = event(&json!({"kind": "item_published", "item": item}));
        let tweet = json!({"id": "i1", "user": "Ana", "text": "Hi\n\"you\"", "picture": null});
        assert_eq!(
            told(&mut telling, &frame),
            [json!(["item", item, place()]), json!(["tweet", tweet, place()])]
        );
    }

    #[test]
    fn what_is_kept_arrives_once() {
        let (mut telling, _) = telling();
        let item = json!({"id": "i1", "kind": "message", "data": {"text": "Hi"}});
        for (kept, expected) in [
            (json!({"kind": "item_published", "item": item}), json!(["item", item, place()])),
            (json!({"kind": "item_edited", "item": item}), json!(["item_edited", item, place()])),
            (
                json!({"kind": "item_deleted", "item": "i1"}),
                json!(["item_deleted", {"id": "i1"}, place()]),
            ),
            (
                json!({"kind": "said", "id": "s1", "name": "Ana", "text": "Hi"}),
                json!(["chat", {"id": "s1", "name": "Ana", "text": "Hi", "at": 17}, place()]),
            ),
            (
                json!({"kind": "variable_unset", "name": "goal"}),
                json!(["event", {"kind": "variable_unset", "name": "goal"}, place()]),
            ),
        ] {
            assert_eq!(told(&mut telling, &event(&kept)), [expected], "{kept}");
        }
    }

    #[test]
    fn a_mover_does_not_hear_of_its_own_moves_and_of_others_it_does() {
        let (mut telling, moved) = telling();
        let landed = event(&json!({"kind": "piece_moved", "piece": "logo", "x": 0.5, "y": 1.0}));
        let position = json!({"piece": "logo", "x": 0.5, "y": 1.0, "by": "pMe"});
        let told_of = json!(["position", position, place()]);
        assert_eq!(
            told(&mut telling, &landed),
            std::slice::from_ref(&told_of),
            "another page of the same person"
        );
        moved.note("logo".parse().unwrap());
        assert!(told(&mut telling, &landed).is_empty());
        assert_eq!(told(&mut telling, &landed), [told_of]);
        let signal =
            json!({"kind": "piece_moving", "piece": "logo", "x": 0.25, "y": 0, "by": "pA"});
        let moving = json!({"t": "signal", "signal": signal});
        let position = json!({"piece": "logo", "x": 0.25, "y": 0, "by": "pA"});
        assert_eq!(told(&mut telling, &moving), [json!(["position", position])]);
    }

    #[test]
    fn a_mover_that_registered_meanwhile_is_still_the_mover() {
        let (mut telling, moved) = telling();
        let you = json!({"kind": "you", "you": "pAna", "user": "ana"});
        assert_eq!(
            told(&mut telling, &json!({"t": "signal", "signal": you})),
            [json!(["signal", you])]
        );
        moved.note("logo".parse().unwrap());
        let moved = json!({"kind": "piece_moved", "piece": "logo", "x": 0.5, "y": 1.0});
        let mut landed = event(&moved);
        landed["by"]["id"] = "pAna".into();
        assert!(told(&mut telling, &landed).is_empty());
    }

    #[test]
    fn pushes_and_signals_have_names() {
        let (mut telling, _) = telling();
        let push = json!({"t": "push", "id": "n1", "data": "hello"});
        assert_eq!(told(&mut telling, &push), [json!(["push", {"data": "hello"}, {"id": "n1"}])]);
        let presence =
            json!({"t": "signal", "signal": {"kind": "presence", "version": 3, "count": 2}});
        assert_eq!(
            told(&mut telling, &presence),
            [json!(["presence", {"version": 3, "count": 2}])]
        );
        let typing = json!({"kind": "typing", "by": "pA", "name": "Ana"});
        let frame = json!({"t": "signal", "signal": typing});
        assert_eq!(told(&mut telling, &frame), [json!(["signal", typing])]);
    }

    #[test]
    fn answers_go_to_who_asked() {
        let (mut telling, _) = telling();
        let id = command_id("sid", 7);
        let mut packets = |frame: Value| match telling.tell(frame.to_string().as_bytes()) {
            Told::Packets(packets) => packets,
            Told::Over { .. } => panic!("it is over"),
        };
        let ack = json!({"t": "ack", "command": id, "offset": 9});
        assert_eq!(packets(ack), [r#"37[{"offset":9}]"#]);
        assert_eq!(packets(json!({"t": "ack", "command": id})), [r#"37[{"offset":null}]"#]);
        assert!(packets(json!({"t": "ack", "command": null, "offset": 9})).is_empty());
        let reject = json!({"t": "reject", "command": id, "code": "forbidden", "message": "No\n."});
        assert_eq!(packets(reject).len(), 2);
        let reject = json!({"t": "reject", "command": null, "code": "forbidden", "message": "No."});
        assert_eq!(packets(reject), [r#"2["error_message",{"code":"forbidden","message":"No."}]"#]);
    }

    #[test]
    fn a_welcome_says_whether_it_continues_and_what_is_there() {
        let mut telling = Telling::new("/finals".to_owned(), Moved::default());
        let welcome = json!({"t": "welcome", "protocol": 1, "room": "finals", "you": "pMe",
            "epoch": "e1", "offset": 4, "recovered": false,
            "snapshot": {"title": "Finals", "items": [], "presence": {"count": 1}}});
        let Told::Packets(packets) = telling.tell(welcome.to_string().as_bytes()) else { panic!() };
        let read = |packet: &str| -> Value {
            serde_json::from_str(packet.strip_prefix("2/finals,").unwrap()).unwrap()
        };
        let expected = json!({"room": "finals", "you": "pMe", "epoch": "e1", "offset": 4,
            "position": "e1:4", "recovered": false, "title": "Finals", "items": [],
            "presence": {"count": 1}});
        assert_eq!(read(&packets[0]), json!(["welcome", expected]));
        assert_eq!(read(&packets[1]), json!(["presence", {"count": 1}]));
    }

    #[test]
    fn the_end_has_a_reason() {
        let (mut telling, _) = telling();
        for reason in Reason::ALL {
            let goodbye =
                json!({"t": "goodbye", "reason": reason, "reconnect": reason.reconnect()});
            let Told::Over { packets, reconnect } = telling.tell(goodbye.to_string().as_bytes())
            else {
                panic!("{reason} is an end");
            };
            assert_eq!(reconnect, reason.reconnect());
            assert!(packets[0].contains("error_message") && packets[0].contains(reason.as_str()));
        }
    }
}
