//! Every address, by what it is for.

mod chat;
#[cfg(feature = "compat")]
mod compat;
mod desk;
mod items;
mod pages;
mod rooms;
mod service;
#[cfg(feature = "socketio")]
mod socketio;
#[cfg(feature = "sources")]
mod sources;
#[cfg(feature = "stats")]
mod stats;
mod store;
mod variables;
#[cfg(feature = "stats")]
mod visits;

use super::operation::Operation;
use serde_json::{Value, json};

/// Operations of one kind, and what they have in common.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) operations: Vec<Operation>,
}

/// All of them, in the order to read them.
pub(super) fn groups() -> Vec<Group> {
    vec![
        items::group(),
        pages::group(),
        chat::group(),
        variables::group(),
        rooms::group(),
        store::group(),
        desk::push(),
        desk::group(),
        #[cfg(feature = "sources")]
        sources::group(),
        #[cfg(feature = "sources")]
        sources::queue(),
        service::group(),
        service::files(),
        #[cfg(feature = "compat")]
        compat::group(),
        #[cfg(feature = "socketio")]
        socketio::group(),
        #[cfg(feature = "stats")]
        stats::group(),
        #[cfg(feature = "stats")]
        visits::group(),
    ]
}

/// A schema of the document's components.
fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn text() -> Value {
    json!({"type": "string"})
}

/// An object with these fields, all of them there.
fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let fields: serde_json::Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": fields, "required": names})
}

fn list(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}
