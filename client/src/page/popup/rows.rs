//! The items, newest first, with a line between those that are new and those that were seen.

use crate::page::item::ItemView;
use crate::page::part::{Keyed, fixed, keyed};
use crate::store::Store;
use crate::store::feed::Entry;
use leptos::prelude::*;
use nowcast_shared::offset::Offset;
use std::sync::Arc;

/// The line's key; those of entries begin at 1.
const LINE: u64 = 0;

pub(super) fn rows(store: Store, seen: Option<Offset>) -> AnyView {
    keyed(move || {
        store.feed.entries.with(|entries| {
            let mut rows: Vec<Keyed> = entries.iter().map(row).collect();
            if let Some(place) = line(entries.iter().map(|entry| entry.offset), seen) {
                let draw = || fixed("<li class='seen'><span>Seen before</span></li>");
                rows.insert(place, Keyed { key: LINE, draw: Arc::new(draw) });
            }
            rows
        })
    })
}

fn row(entry: &Entry) -> Keyed {
    let entry = entry.clone();
    let draw = {
        let entry = entry.clone();
        move || {
            let grow = if entry.arrived { "grow" } else { "" };
            view! {
                <li class=grow>
                    <ItemView entry=entry.clone() />
                </li>
            }
            .into_any()
        }
    };
    Keyed { key: entry.key, draw: Arc::new(draw) }
}

/// Before which item the line stands: only where there is something on both of its sides.
fn line(mut offsets: impl Iterator<Item = Offset>, seen: Option<Offset>) -> Option<usize> {
    let seen = seen?;
    offsets.position(|offset| offset <= seen).filter(|place| *place > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stands_between_what_is_new_and_what_was_seen() {
        let at = |offsets: &[u64], seen: Option<u64>| {
            line(offsets.iter().copied().map(Offset), seen.map(Offset))
        };
        assert_eq!(at(&[9, 7, 4], Some(7)), Some(1));
        assert_eq!(at(&[9, 7, 4], Some(8)), Some(1), "the item that was seen last may be gone");
        assert_eq!(at(&[9, 7], Some(9)), None, "nothing is new");
        assert_eq!(at(&[9, 7], Some(3)), None, "everything is new");
        assert_eq!(at(&[9, 7], None), None, "nobody has looked before");
        assert_eq!(at(&[], Some(3)), None);
    }
}
