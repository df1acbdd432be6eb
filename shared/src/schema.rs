//! JSON Schemas of everything on the wire, made of the types themselves; [`asyncapi`] describes the
//! frames with them.
//!
//! The schemas refer to each other as `#/components/schemas/{name}`, which is where AsyncAPI and
//! OpenAPI documents keep theirs. They are written for draft 7, which both understand, and leave
//! unknown fields alone: a later server may send more of them.

pub mod asyncapi;
mod tidy;

use crate::chat::Said;
use crate::error::{Code, Reason};
use crate::frame::{PageFrame, ServerFrame};
use crate::id::{ClientId, PersonId};
use crate::item::{Item, NewItem};
use crate::offset::Position;
use crate::stage::PieceChange;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Where documents keep schemas.
const PATH: &str = "/components/schemas";

/// The enums whose variants have a schema each, and what is added to the variants' names.
const SPLIT: [(&str, &str); 5] = [
    ("ServerFrame", "Frame"),
    ("PageFrame", "Frame"),
    ("Event", "Event"),
    ("Signal", "Signal"),
    ("Command", "Command"),
];

/// Every schema by its name: what the server sends as it writes it, what pages and programs send as
/// the server reads it.
pub fn schemas() -> Map<String, Value> {
    let mut sent = generator(Contract::Serialize);
    sent.subschema_for::<ServerFrame<Value>>();
    sent.subschema_for::<Item<Value>>();
    sent.subschema_for::<Said>();
    sent.subschema_for::<Code>();
    sent.subschema_for::<Reason>();
    sent.subschema_for::<Position>();
    let mut asked = generator(Contract::Deserialize);
    asked.subschema_for::<PageFrame<Value>>();
    asked.subschema_for::<NewItem<Value>>();
    asked.subschema_for::<PieceChange>();
    asked.subschema_for::<ClientId>();
    asked.subschema_for::<PersonId>();

    let mut all = sent.take_definitions(true);
    all.values_mut().for_each(tidy::never_null);
    // What both directions have in common (ids, offsets) is the same in both.
    all.extend(asked.take_definitions(true));
    for (of, ending) in SPLIT {
        split(&mut all, of, ending);
    }
    all.values_mut().for_each(tidy::plain_words);
    all
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = PATH.into();
        settings.contract = contract;
    });
    settings.into_generator()
}

/// Gives each variant of a tagged enum a schema of its own: `item_published` of `Event` becomes
/// `ItemPublishedEvent`.
fn split(all: &mut Map<String, Value>, of: &str, ending: &str) {
    let Some(Value::Array(variants)) = all.get_mut(of).and_then(|one| one.get_mut("oneOf")) else {
        return;
    };
    let mut split = Vec::new();
    for variant in variants.iter_mut() {
        let Some(tag) = tag(variant) else { continue };
        let name = format!("{}{ending}", camel(tag));
        let reference = serde_json::json!({"$ref": format!("#{PATH}/{name}")});
        split.push((name, std::mem::replace(variant, reference)));
    }
    all.extend(split);
}

/// The constant that tells a variant from the others.
fn tag(variant: &Value) -> Option<&str> {
    let fields = &variant["properties"];
    ["t", "kind"].iter().find_map(|tag| fields[tag]["const"].as_str())
}

/// `item_published` as `ItemPublished`.
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}

impl JsonSchema for Position {
    fn schema_name() -> Cow<'static, str> {
        "Position".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a page has seen: `{epoch}:{offset}`; everything up to and including that offset.",
            "type": "string",
            "pattern": "^e[A-Za-z0-9]{1,31}:[0-9]{1,20}$",
        })
    }
}
