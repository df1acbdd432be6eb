//! Frames of a session, as events of a page.
//!
//! What is kept arrives once: under a name of its own, else as `event`; a post as `tweet` beside
//! its `item`. What is not kept and has no name of its own arrives as `signal`. A second argument
//! says where an event stands: pages that expect one get on without.

use super::moved::{Moved, Outcome};
use super::packet;
use nowcast_shared::error::Reason;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

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

/// An object of which nothing is read.
type Fields<'a> = BTreeMap<&'a str, &'a RawValue>;

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
        // Rooms can be large, and all pages come at once after a restart: nothing is read that is
        // only handed on.
        let Ok(mut welcome) = serde_json::from_slice::<Fields<'_>>(frame) else {
            return Vec::new();
        };
        let text = |name: &str| {
            let text = welcome.get(name).and_then(|text| serde_json::from_str(text.get()).ok());
            text.unwrap_or_default()
        };
        (self.you, self.epoch) = (text("you"), text("epoch"));
        let offset = welcome.get("offset").map_or("0", |offset| offset.get());
        let position = RawValue::from_string(format!(r#""{}:{offset}""#, self.epoch));
        welcome.retain(|name, _| !["t", "protocol"].contains(name));
        let snapshot = welcome.remove("snapshot");
        welcome.extend(
            snapshot
                .and_then(|fields| {
                    serde_json::from_str::<Option<Fields<'_>>>(fields.get()).ok().flatten()
                })
                .unwrap_or_default(),
        );
        if let Ok(position) = &position {
            welcome.insert("position", position);
        }
        let presence = welcome.get("presence").map(|presence| presence.get());
        let presence = presence.map(|presence| self.emit("presence", &[presence]));
        // These are texts and JSON as it came, which can be written.
        let welcome = serde_json::to_string(&welcome).unwrap_or_default();
        [self.emit("welcome", &[&welcome])].into_iter().chain(presence).collect()
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
                let outcome = if frame.offset.is_some() { Outcome::Kept } else { Outcome::Told };
                self.moved.answered(frame.command.as_deref()?, outcome);
                let mut answer = json!({"offset": frame.offset});
                if frame.held {
                    answer["held"] = true.into();
                }
                let number = number(frame.command.as_deref())?;
                Some(vec![packet::ack(&self.namespace, number, &answer.to_string())])
            }
            "reject" => {
                let (code, message) = (frame.code?, frame.message.as_deref()?);
                if let Some(command) = frame.command.as_deref() {
                    self.moved.answered(command, Outcome::Refused);
                }
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

/// What a command is called whose answer matters here alone.
pub(super) fn own_command_id(connection: &str, number: u64) -> String {
    format!("{connection}/own-{number}")
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
mod tests;
