//! Events that were kept, read again.

use super::append::{Raw, parse};
use super::apply::Effect;
use super::from_column;
use crate::markdown;
use nowcast_shared::event::Event;
use nowcast_shared::item::Item;
use rusqlite::Result;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

/// An event as the log has it.
pub(super) struct Past {
    /// What it says, but for JSON of somebody's own.
    pub(super) event: Event<IgnoredAny>,
    /// The JSON of its item, or of its variable's value, byte for byte.
    raw: Option<Raw>,
}

impl Past {
    /// Reads an event's JSON.
    pub(super) fn read(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Around {
            item: Option<Raw>,
            value: Option<Raw>,
        }
        let event = parse(text)?;
        let raw = match event {
            Event::ItemPublished { .. } | Event::ItemEdited { .. } | Event::VariableSet { .. } => {
                let around: Around = parse(text)?;
                around.item.or(around.value)
            }
            _ => None,
        };
        Ok(Self { event, raw })
    }

    /// The item that it carries, if it carries one.
    pub(super) fn item(&self) -> Option<Result<Item<Raw>>> {
        match &self.event {
            Event::ItemPublished { .. } | Event::ItemEdited { .. } => {
                self.raw.as_deref().map(|item| parse(item.get()))
            }
            _ => None,
        }
    }

    /// Whether its item has HTML that neither this version nor another would have made.
    pub(super) fn is_harmful(&self) -> bool {
        let Some(Ok(item)) = self.item() else { return false };
        let Some(html) = item.html.as_deref() else { return false };
        let data: Value = serde_json::from_str(item.data.get()).unwrap_or_default();
        let ours = data["text"].as_str().map(markdown::to_html);
        ours.as_deref() != Some(html) && !markdown::is_safe(html)
    }

    /// What it does.
    pub(super) fn effect(&self) -> Effect<'_> {
        let text = self.raw.as_deref().map_or("null", RawValue::get);
        match &self.event {
            Event::ItemPublished { item } => {
                Effect::Publish { item: &item.id, kind: &item.kind, text }
            }
            Event::ItemEdited { item } => Effect::Edit { item: &item.id, text },
            Event::ItemDeleted { item } => Effect::Delete(item),
            Event::RoomTitled { title } => Effect::Title(title),
            Event::RoomSet { settings } => Effect::Set(settings),
            Event::Said { id, name, text } => Effect::Say { said: id, name, text },
            Event::SaidEdited { id, text } => Effect::Reword { said: id, text },
            Event::SaidDeleted { id } => Effect::Unsay(id),
            Event::PiecePut { piece } => Effect::Put(piece),
            Event::PieceMoved { piece, x, y } => Effect::Move { piece, place: (*x, *y) },
            Event::PieceRemoved { piece } => Effect::Remove(piece),
            Event::VariableSet { name, .. } => Effect::Assign { name, value: text },
            Event::VariableUnset { name } => Effect::Unset(name),
        }
    }

    /// Its kind, as the log files it.
    pub(super) fn kind(&self) -> &'static str {
        match &self.event {
            Event::ItemPublished { .. } => "item_published",
            Event::ItemEdited { .. } => "item_edited",
            Event::ItemDeleted { .. } => "item_deleted",
            Event::RoomTitled { .. } => "room_titled",
            Event::RoomSet { .. } => "room_set",
            Event::Said { .. } => "said",
            Event::SaidEdited { .. } => "said_edited",
            Event::SaidDeleted { .. } => "said_deleted",
            Event::PiecePut { .. } => "piece_put",
            Event::PieceMoved { .. } => "piece_moved",
            Event::PieceRemoved { .. } => "piece_removed",
            Event::VariableSet { .. } => "variable_set",
            Event::VariableUnset { .. } => "variable_unset",
        }
    }

    /// What about it cannot be where it stands, if anything.
    pub(super) fn misplaced(&self, offset: i64, at: i64) -> Option<&'static str> {
        match &self.event {
            Event::ItemPublished { item } if item.offset != from_column(offset) => {
                Some("its item has another offset")
            }
            Event::ItemPublished { item } if item.at != at => Some("its item has another time"),
            Event::VariableSet { version, .. } if *version != from_column(offset).0 => {
                Some("the variable's version is not its offset")
            }
            _ => None,
        }
    }
}
