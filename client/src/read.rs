//! From JSON to the types of `nowcast_shared`. The browser parses; this reads what it made of it.
//!
//! Tolerant, as the contract asks: fields that are not known are not looked at, a `t` or `kind`
//! that is not known is skipped. What is known but malformed is skipped as well: a page shows what
//! it understands. It is always text that comes out, never markup; only an item's `html`, which
//! the server has sanitised, is meant as such.

pub mod chat;
mod people;
mod stage;

pub use stage::piece;

use crate::api::Problem;
use crate::link::Answer;
use crate::link::sending::Taken;
use js_sys::{Array, Reflect};
use nowcast_shared::error::Reason;
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::{ServerFrame, Snapshot, Welcome};
use nowcast_shared::id::{ItemId, PublicId};
use nowcast_shared::item::{Author, Body, Item, Picture, Role};
use nowcast_shared::offset::{Epoch, Offset, Position};
use nowcast_shared::room::{Settings, Who};
use nowcast_shared::signal::Signal;
use wasm_bindgen::prelude::*;

/// The frames that pages act on.
pub type Frame = ServerFrame<Body, Json>;

/// Any JSON value, as its text: pages hand it on and do not look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(pub String);

/// What reading one frame came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A frame.
    Frame(Box<Frame>),
    /// What became of a command of this page.
    Answer(String, Answer),
    /// An event of a kind that this version does not know. It has no effect, but its place in the
    /// order is taken.
    Event(Offset),
    /// Something to skip.
    Other,
}

/// A value as its text again.
pub fn json(value: &JsValue) -> Option<Json> {
    js_sys::JSON::stringify(value).ok()?.as_string().map(Json)
}

/// Parses JSON.
pub fn parse(text: &str) -> Option<JsValue> {
    js_sys::JSON::parse(text).ok()
}

/// Reads the text of a frame.
pub fn frame(text: &str) -> Read {
    parse(text).map_or(Read::Other, |value| frame_value(&value))
}

/// Reads a frame that is parsed already.
pub fn frame_value(value: &JsValue) -> Read {
    let Some(kind) = text(value, "t") else {
        return Read::Other;
    };
    let frame = match kind.as_str() {
        "welcome" => welcome(value).map(ServerFrame::Welcome),
        "event" => {
            let Some(offset) = offset(value, "offset") else {
                return Read::Other;
            };
            match logged(value, offset) {
                Some(logged) => Some(ServerFrame::Event(logged)),
                None => return Read::Event(offset),
            }
        }
        "signal" => signal(&get(value, "signal")).map(|signal| ServerFrame::Signal { signal }),
        "pong" => Some(ServerFrame::Pong),
        "goodbye" => Some(goodbye(value)),
        "push" => chat::push(value),
        "ack" | "reject" => return answer(value, kind == "ack"),
        _ => None,
    };
    frame.map_or(Read::Other, |frame| Read::Frame(Box::new(frame)))
}

/// A field. `undefined` if there is none, or if the value has no fields.
pub fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// A text field.
pub fn text(value: &JsValue, name: &str) -> Option<String> {
    get(value, name).as_string()
}

/// A text field that counts as absent where it is empty.
fn filled(value: &JsValue, name: &str) -> Option<String> {
    text(value, name).filter(|text| !text.is_empty())
}

/// A field that is a whole number, not negative, and small enough to be exact.
pub fn whole(value: &JsValue, name: &str) -> Option<u64> {
    let number = get(value, name).as_f64()?;
    let exact = (0.0..=js_sys::Number::MAX_SAFE_INTEGER).contains(&number) && number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    exact.then_some(number as u64)
}

/// A field that is true. Anything else is false.
pub fn truth(value: &JsValue, name: &str) -> bool {
    get(value, name).as_bool() == Some(true)
}

/// The elements of a field that is a list, read by `each`; what it does not like is left out.
pub fn list<T>(value: &JsValue, name: &str, each: impl Fn(&JsValue) -> Option<T>) -> Vec<T> {
    match get(value, name).dyn_into::<Array>() {
        Ok(array) => array.iter().filter_map(|value| each(&value)).collect(),
        Err(_) => Vec::new(),
    }
}

/// A position as in `since`.
pub fn position(value: &JsValue, name: &str) -> Option<Position> {
    text(value, name)?.parse().ok()
}

fn offset(value: &JsValue, name: &str) -> Option<Offset> {
    whole(value, name).map(Offset)
}

fn moment(value: &JsValue, name: &str) -> Option<i64> {
    whole(value, name).and_then(|at| at.try_into().ok())
}

fn welcome(value: &JsValue) -> Option<Welcome<Body, Json>> {
    let whole_room = get(value, "snapshot");
    Some(Welcome {
        protocol: whole(value, "protocol").and_then(|number| number.try_into().ok())?,
        room: text(value, "room")?.parse().ok()?,
        you: PublicId(text(value, "you").unwrap_or_default()),
        epoch: Epoch(text(value, "epoch")?),
        offset: offset(value, "offset")?,
        recovered: truth(value, "recovered"),
        snapshot: whole_room.is_object().then(|| snapshot(&whole_room)),
        open: truth(value, "open"),
        counts: truth(value, "counts"),
    })
}

fn snapshot(value: &JsValue) -> Snapshot<Body, Json> {
    Snapshot {
        title: text(value, "title").unwrap_or_default(),
        items: list(value, "items", item),
        more: truth(value, "more"),
        pieces: list(value, "pieces", stage::piece),
        variables: chat::variables(&get(value, "variables")),
        chat: chat::chat(&get(value, "chat")),
        settings: settings(&get(value, "settings")),
        presence: people::state(&get(value, "presence")),
    }
}

fn logged(value: &JsValue, offset: Offset) -> Option<Logged<Body, Json>> {
    let event = get(value, "event");
    let event = match text(&event, "kind")?.as_str() {
        "item_published" => Event::ItemPublished { item: item(&get(&event, "item"))? },
        "item_edited" => Event::ItemEdited { item: item(&get(&event, "item"))? },
        "room_titled" => Event::RoomTitled { title: text(&event, "title")? },
        "item_deleted" => Event::ItemDeleted { item: ItemId(text(&event, "item")?) },
        "room_set" => Event::RoomSet { settings: settings(&get(&event, "settings")) },
        kind => stage::event(kind, &event).or_else(|| chat::event(kind, &event))?,
    };
    Some(Logged {
        offset,
        at: moment(value, "at").unwrap_or_default(),
        by: author(&get(value, "by")),
        event,
    })
}

/// Reads an item. One of an unknown kind is an item too.
pub fn item(value: &JsValue) -> Option<Item<Body>> {
    let kind = text(value, "kind")?;
    let data = get(value, "data");
    Some(Item {
        id: ItemId(text(value, "id")?),
        offset: offset(value, "offset")?,
        at: moment(value, "at")?,
        data: body(&kind, &data),
        kind,
        html: text(value, "html"),
        by: author(&get(value, "by")),
        edited_at: moment(value, "edited_at"),
    })
}

/// Reads an item's data.
pub fn body(kind: &str, data: &JsValue) -> Body {
    let known = match kind {
        "message" => text(data, "text").map(|text| Body::Message { text }),
        "link" => filled(data, "url").map(|url| Body::Link {
            url,
            title: filled(data, "title"),
            description: filled(data, "description"),
        }),
        "image" => filled(data, "url").map(|url| Body::Image {
            url,
            alt: text(data, "alt").unwrap_or_default(),
            size: size(data),
        }),
        "post" => post(data),
        "custom" => json(data).map(|json| Body::Custom { json: json.0 }),
        _ => None,
    };
    known.unwrap_or(Body::Unknown)
}

fn post(data: &JsValue) -> Option<Body> {
    let text = filled(data, "text");
    let picture = filled(data, "picture").map(|url| Picture {
        url,
        alt: filled(data, "alt"),
        size: size(data),
    });
    (text.is_some() || picture.is_some()).then(|| Body::Post {
        user: filled(data, "user"),
        text,
        picture,
        source: filled(data, "source"),
        url: filled(data, "url"),
    })
}

fn size(data: &JsValue) -> Option<(u32, u32)> {
    side(data, "width").zip(side(data, "height"))
}

fn side(data: &JsValue, name: &str) -> Option<u32> {
    whole(data, name).and_then(|side| side.try_into().ok()).filter(|side| *side > 0)
}

fn author(value: &JsValue) -> Author {
    let role = match text(value, "role").as_deref() {
        Some("admin") => Role::Admin,
        Some("publisher") => Role::Publisher,
        Some("user") => Role::User,
        _ => Role::Viewer,
    };
    Author {
        role,
        id: PublicId(text(value, "id").unwrap_or_default()),
        name: filled(value, "name"),
    }
}

fn signal(value: &JsValue) -> Option<Signal> {
    match text(value, "kind")?.as_str() {
        "presence" => people::presence(value).map(Signal::Presence),
        kind => stage::signal(kind, value).or_else(|| chat::signal(kind, value)),
    }
}

/// Reads what a room is set to.
pub fn settings(value: &JsValue) -> Settings {
    let who = |name| match text(value, name).as_deref() {
        Some("users") => Who::Users,
        Some("nobody") => Who::Nobody,
        _ => Who::Everyone,
    };
    Settings {
        chat: who("chat"),
        drag: who("drag"),
        variables: list(value, "variables", JsValue::as_string),
        private: truth(value, "private"),
        slow: whole(value, "slow").and_then(|slow| slow.try_into().ok()).unwrap_or_default(),
        approval: truth(value, "approval"),
    }
}

/// An answer to a command that had an id; others are nobody's.
fn answer(value: &JsValue, taken: bool) -> Read {
    let Some(command) = text(value, "command") else {
        return Read::Other;
    };
    let answer = if taken {
        Ok(Taken { offset: offset(value, "offset"), held: truth(value, "held") })
    } else {
        let code = text(value, "code").unwrap_or_default();
        let detail = text(value, "message").unwrap_or_default();
        Err(Problem { status: 400, code, detail, wait: None })
    };
    Read::Answer(command, answer)
}

/// A reason that is not known yet is as good as "failed"; whether to return is said apart from it.
fn goodbye(value: &JsValue) -> Frame {
    let reason = text(value, "reason").and_then(|name| Reason::from_name(&name));
    ServerFrame::Goodbye {
        reason: reason.unwrap_or(Reason::Failed),
        reconnect: truth(value, "reconnect"),
    }
}
