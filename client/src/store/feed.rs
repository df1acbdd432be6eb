//! The items of a room, newest first, and how far the page is in the room's log.
//!
//! Each item has a signal of its own, so that an edit redraws that item alone. Older items come
//! by request while events keep coming; what happens to an item in between is remembered and done
//! again to the answer, which may be from before.

use super::live::Live;
use super::{set, signal};
use leptos::prelude::*;
use nowcast_shared::id::ItemId;
use nowcast_shared::item::{Body, Item};
use nowcast_shared::offset::{Offset, Position};

/// An item of the list.
#[derive(Clone)]
pub struct Entry {
    /// The key of its place in the page's list: as long as the item is in it, its entry keeps it.
    pub key: u64,
    /// Which item.
    pub id: ItemId,
    /// Where it was published.
    pub offset: Offset,
    /// The item as it is now.
    pub item: ArcRwSignal<Item<Body>>,
    /// Whether it came while the page was open, so that it may draw attention to itself.
    pub arrived: bool,
}

impl Entry {
    fn replace(&self, item: Item<Body>) {
        if self.item.with_untracked(|now| *now != item) {
            self.item.set(item);
        }
    }
}

/// What is known of the items before the oldest one in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Older {
    /// There are some, or there may be.
    More,
    /// Asked for.
    Loading,
    /// Could not be had; the sentence says why.
    Failed(String),
    /// There are none.
    End,
}

/// A request for older items under way; tells the feed what to make of the answer.
#[derive(Debug)]
pub struct Request {
    /// Items before this one are asked for.
    pub before: Offset,
    generation: u32,
}

/// What happened to an item that is not in the list while older ones were under way.
#[derive(Clone)]
enum Meanwhile {
    Edited(Box<Item<Body>>),
    Deleted(ItemId),
}

/// The list.
#[derive(Clone, Copy)]
pub struct Feed {
    /// Newest first.
    pub entries: Live<Vec<Entry>>,
    /// What lies before the last entry.
    pub older: Live<Older>,
    /// Whether the list is worth showing: it came from the server or was kept by the page.
    pub ready: Live<bool>,
    /// Whether the room began anew, so that items that were here before may be gone.
    pub restarted: Live<bool>,
    /// Up to where the page had been when more came while it was away than the list begins with;
    /// until the items in between were loaded.
    pub missed: Live<Option<Offset>>,
    /// Whether there is no item.
    pub empty: Live<bool>,
    /// Grows with every change of [`Self::position`].
    pub changes: Live<u64>,
    hidden: StoredValue<Hidden>,
}

/// What no view looks at.
#[derive(Default)]
struct Hidden {
    /// The last event that the list contains.
    position: Option<Position>,
    /// Grows whenever the list begins anew, so that an answer to an older request is recognised.
    generation: u32,
    meanwhile: Vec<Meanwhile>,
    /// How many entries were made.
    made: u64,
}

/// Beyond this many entries the oldest are dropped once nobody looks at them.
pub const MOST: usize = 500;
const KEPT: usize = 200;

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            entries: signal(Vec::new()),
            older: signal(Older::More),
            ready: signal(false),
            restarted: signal(false),
            missed: signal(None),
            empty: signal(true),
            changes: signal(0),
            hidden: StoredValue::new(Hidden::default()),
        }
    }

    /// Where to resume: the last event that the list contains.
    pub fn position(self) -> Option<Position> {
        self.hidden.with_value(|hidden| hidden.position.clone())
    }

    /// Moves on without a change to the list.
    pub fn set_position(self, position: Position) {
        self.hidden.update_value(|hidden| hidden.position = Some(position));
        self.changes.update(|changes| *changes += 1);
    }

    fn entry(self, item: Item<Body>, arrived: bool) -> Entry {
        let mut key = 0;
        self.hidden.update_value(|hidden| {
            hidden.made += 1;
            key = hidden.made;
        });
        let (id, offset) = (item.id.clone(), item.offset);
        Entry { key, id, offset, item: ArcRwSignal::new(item), arrived }
    }

    /// Changes the list.
    fn update(self, change: impl FnOnce(&mut Vec<Entry>)) {
        let mut empty = false;
        self.entries.update(|entries| {
            change(entries);
            empty = entries.is_empty();
        });
        set(self.empty, empty);
    }

    /// Answers to requests that are under way are for a list that is no more.
    fn forget_requests(self) {
        self.hidden.update_value(|hidden| {
            hidden.generation += 1;
            hidden.meanwhile.clear();
        });
    }

    /// Begins with what the page kept; newest first, as it was.
    pub fn restore(self, position: Position, items: Vec<Item<Body>>, more: bool) {
        self.replace(position, items.into_iter().rev(), more);
    }

    /// Takes a whole new list, oldest first as snapshots have it. Items that are in both keep their
    /// place on the page.
    pub(super) fn replace(
        self,
        position: Position,
        items: impl DoubleEndedIterator<Item = Item<Body>>,
        more: bool,
    ) {
        let known = self.position();
        let anew = known.as_ref().is_some_and(|known| known.epoch != position.epoch);
        let old = self.entries.get_untracked();
        let seen = known.filter(|_| !anew).map(|known| known.offset);
        let mut entries: Vec<Entry> = Vec::new();
        for item in items.rev() {
            if let Some(entry) =
                old.iter().find(|entry| entry.id == item.id && entry.offset == item.offset)
            {
                entry.replace(item);
                entries.push(entry.clone());
            } else {
                let arrived = seen.is_some_and(|seen| item.offset > seen);
                entries.push(self.entry(item, arrived));
            }
        }
        let gone = |old: &Entry| !entries.iter().any(|entry| entry.id == old.id);
        set(self.restarted, anew && old.iter().any(gone));
        let gap = |seen: &Offset| {
            more && entries.last().is_some_and(|oldest| oldest.offset > seen.next())
        };
        set(self.missed, seen.filter(gap));
        self.forget_requests();
        self.update(|list| *list = entries);
        self.set_position(position);
        set(self.older, if more { Older::More } else { Older::End });
        set(self.ready, true);
    }

    pub(super) fn publish(self, item: Item<Body>) {
        self.update(|entries| {
            // Events come in order, so that this is the top; a repeat is not shown twice.
            let newest = entries.first().is_none_or(|first| first.offset < item.offset);
            if newest || !entries.iter().any(|entry| entry.id == item.id) {
                let place = entries.partition_point(|entry| entry.offset > item.offset);
                entries.insert(place, self.entry(item, true));
            }
        });
    }

    pub(super) fn edit(self, item: Item<Body>) {
        let entry = self.entries.with_untracked(|entries| {
            entries.iter().find(|entry| entry.id == item.id).map(|entry| entry.item.clone())
        });
        match entry {
            Some(signal) => signal.set(item),
            None => self.remember(Meanwhile::Edited(Box::new(item))),
        }
    }

    pub(super) fn delete(self, id: &ItemId) {
        let place =
            self.entries.with_untracked(|entries| entries.iter().position(|entry| entry.id == *id));
        match place {
            Some(place) => self.update(|entries| drop(entries.remove(place))),
            None => self.remember(Meanwhile::Deleted(id.clone())),
        }
    }

    fn generation(self) -> u32 {
        self.hidden.with_value(|hidden| hidden.generation)
    }

    fn remember(self, what: Meanwhile) {
        if self.older.get_untracked() == Older::Loading {
            self.hidden.update_value(|hidden| hidden.meanwhile.push(what));
        }
    }

    /// Begins to load older items; `None` if there are none, or some are on the way.
    pub fn ask_older(self) -> Option<Request> {
        if matches!(self.older.get_untracked(), Older::Loading | Older::End) {
            return None;
        }
        let oldest =
            self.entries.with_untracked(|entries| entries.last().map(|entry| entry.offset));
        // All that were here may have been deleted.
        let before = oldest.or_else(|| self.position().map(|position| position.offset.next()))?;
        // The answer knows what happened before it was asked for.
        self.hidden.update_value(|hidden| hidden.meanwhile.clear());
        self.older.set(Older::Loading);
        Some(Request { before, generation: self.generation() })
    }

    /// Takes in the answer: items newest first, and whether there are more; or why not.
    #[expect(clippy::needless_pass_by_value, reason = "a request has one answer")]
    pub fn got_older(self, request: Request, answer: Result<(Vec<Item<Body>>, bool), String>) {
        if request.generation != self.generation() {
            return;
        }
        let (mut items, more) = match answer {
            Ok(page) => page,
            Err(detail) => return self.older.set(Older::Failed(detail)),
        };
        let mut meanwhile = Vec::new();
        self.hidden.update_value(|hidden| meanwhile = std::mem::take(&mut hidden.meanwhile));
        for what in meanwhile {
            match what {
                Meanwhile::Deleted(id) => items.retain(|item| item.id != id),
                Meanwhile::Edited(new) => {
                    items
                        .iter_mut()
                        .filter(|item| item.id == new.id)
                        .for_each(|item| *item = (*new).clone());
                }
            }
        }
        items.retain(|item| item.offset < request.before);
        let reached = items.last().map(|oldest| oldest.offset);
        let open = |missed: &Offset| more && reached.is_none_or(|reached| reached > missed.next());
        set(self.missed, self.missed.get_untracked().filter(open));
        self.update(|entries| {
            entries.extend(items.into_iter().map(|item| self.entry(item, false)));
        });
        self.older.set(if more { Older::More } else { Older::End });
    }

    /// Drops the oldest items of a list that has become long; they can be loaded again.
    pub fn trim(self) {
        if self.entries.with_untracked(Vec::len) > MOST {
            self.cut(KEPT);
        }
    }

    /// Drops the oldest items of a very long list whose reader is not at its top: those well
    /// below. `below` counts the items after the last one in view; it is asked only if need be.
    pub fn trim_below(self, below: impl FnOnce() -> usize) {
        let length = self.entries.with_untracked(Vec::len);
        if length <= 2 * MOST {
            return;
        }
        let spare = below().saturating_sub(KEPT);
        if spare > 0 {
            self.cut(length.saturating_sub(spare));
        }
    }

    fn cut(self, keep: usize) {
        self.forget_requests();
        self.update(|entries| entries.truncate(keep));
        self.older.set(Older::More);
    }

    /// How many items were published after `seen`. Reading it tracks the list.
    pub fn newer_than(self, seen: Offset) -> u64 {
        self.entries
            .with(|entries| entries.iter().take_while(|entry| entry.offset > seen).map(|_| 1).sum())
    }

    /// Where the newest item stands; without any, where the page is, since nothing that may still
    /// be loaded is newer. Reading it tracks the list.
    pub fn newest(self) -> Offset {
        self.entries
            .with(|entries| entries.first().map(|entry| entry.offset))
            .or_else(|| self.position().map(|position| position.offset))
            .unwrap_or(Offset(0))
    }
}
