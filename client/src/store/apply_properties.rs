//! However a history is split into a snapshot and the events after it, the page shows the same.
//!
//! [`Room`] is what the server does, in a few lines: it is the other side of the comparison.

use super::tests::{at, event, item, welcome};
use super::*;
use crate::store::feed::{Older, Request};
use leptos::prelude::{GetUntracked, Owner};
use nowcast_shared::frame::SNAPSHOT_ITEMS;
use nowcast_shared::item::Item;
use proptest::prelude::*;
use proptest::sample::Index;

/// Something that happens in a room.
#[derive(Clone, Debug)]
enum Deed {
    /// An item of a kind that the page knows.
    Publish,
    /// An item of a kind from the future.
    PublishUnknown,
    /// One of the items that are there, if there is one, looks different.
    Edit(Index),
    /// One of the items that are there, if there is one, is taken away.
    Delete(Index),
    /// The room is called something else.
    Title,
    /// An event of a kind from the future.
    Unknown,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Publish),
        1 => Just(Deed::PublishUnknown),
        2 => any::<Index>().prop_map(Deed::Edit),
        2 => any::<Index>().prop_map(Deed::Delete),
        1 => Just(Deed::Title),
        1 => Just(Deed::Unknown),
    ]
}

fn history(length: usize) -> impl Strategy<Value = Vec<Deed>> {
    prop::collection::vec(deed(), 0..length)
}

/// How many items the snapshots hold of which a page sees several: so few that there are older
/// ones as a rule. A page does not rely on the number.
const FEW: usize = 6;

/// The server's side: the room as it is at one offset.
#[derive(Clone)]
struct Room {
    head: u64,
    title: String,
    /// Oldest first, which is the order of their offsets.
    items: Vec<Item<Body>>,
}

impl Room {
    fn new() -> Self {
        Self { head: 0, title: "Room 0".to_owned(), items: Vec::new() }
    }

    /// Does it, and gives the event.
    fn happens(&mut self, deed: &Deed) -> Read {
        self.head += 1;
        let offset = self.head;
        let read = |what| event(offset, what);
        match deed {
            Deed::Publish | Deed::PublishUnknown => {
                let mut new = item(offset, &format!("number {offset}"));
                if matches!(deed, Deed::PublishUnknown) {
                    (new.kind, new.data) = ("hologram".to_owned(), Body::Unknown);
                }
                self.items.push(new.clone());
                read(Event::ItemPublished { item: new })
            }
            Deed::Edit(which) if !self.items.is_empty() => {
                let edited = which.get_mut(&mut self.items);
                edited.data = Body::Message { text: format!("edited at {offset}") };
                edited.edited_at = Some(1_790_000_000_000);
                read(Event::ItemEdited { item: edited.clone() })
            }
            Deed::Delete(which) if !self.items.is_empty() => {
                let gone = self.items.remove(which.index(self.items.len()));
                read(Event::ItemDeleted { item: gone.id })
            }
            Deed::Title => {
                self.title = format!("Room {offset}");
                read(Event::RoomTitled { title: self.title.clone() })
            }
            // Something else happened that this version of the page does not know.
            Deed::Edit(_) | Deed::Delete(_) | Deed::Unknown => Read::Event(Offset(offset)),
        }
    }

    /// The welcome of a page that begins here, with so many items at most.
    fn snapshot(&self, most: usize) -> Read {
        let older = self.items.len().saturating_sub(most);
        let read = welcome("e1", self.head, Some(self.items[older..].to_vec()), older > 0);
        let Read::Frame(mut frame) = read else { unreachable!("a welcome is a frame") };
        if let ServerFrame::Welcome(Welcome { snapshot: Some(snapshot), .. }) = &mut *frame {
            snapshot.title.clone_from(&self.title);
        }
        Read::Frame(frame)
    }

    /// The answer to a request for items before an offset.
    fn older(&self, before: Offset, limit: usize) -> (Vec<Item<Body>>, bool) {
        let mut older: Vec<_> =
            self.items.iter().filter(|item| item.offset < before).rev().cloned().collect();
        let more = older.len() > limit;
        older.truncate(limit);
        (older, more)
    }

    /// As pages show it.
    fn newest_first(&self) -> Vec<Item<Body>> {
        self.items.iter().rev().cloned().collect()
    }
}

/// A history as it was at each offset, and the events that lead from one to the next.
struct Past {
    /// The room at offset 0, 1, 2, ….
    rooms: Vec<Room>,
    /// The event at offset 1, 2, 3, ….
    events: Vec<Read>,
}

impl Past {
    fn of(deeds: &[Deed]) -> Self {
        let mut rooms = vec![Room::new()];
        let mut events = Vec::new();
        for deed in deeds {
            let mut next = rooms[rooms.len() - 1].clone();
            events.push(next.happens(deed));
            rooms.push(next);
        }
        Self { rooms, events }
    }

    fn now(&self) -> &Room {
        &self.rooms[self.events.len()]
    }
}

fn shown(store: Store) -> Vec<Item<Body>> {
    store.feed.entries.get_untracked().iter().map(|it| it.item.get_untracked()).collect()
}

/// The page is where the room is, and shows the newest of its items: all, if it says so.
fn shows(store: Store, room: &Room) {
    assert_eq!(at(store), format!("e1:{}", room.head));
    assert_eq!(store.title.get_untracked(), room.title);
    let (shown, all) = (shown(store), room.newest_first());
    assert_eq!(shown, all[..shown.len().min(all.len())], "the newest of what there is");
    if store.feed.older.get_untracked() == Older::End {
        assert_eq!(shown.len(), all.len(), "nothing is older");
    }
}

/// Scrolls down to the end, a page of items at a time.
fn load_all(store: Store, room: &Room) {
    while let Some(request) = store.feed.ask_older() {
        let answer = room.older(request.before, 7);
        store.feed.got_older(request, Ok(answer));
    }
}

/// What a page goes through on its way to the newest event.
#[derive(Clone, Debug)]
enum Step {
    /// The next events come.
    Events(usize),
    /// Some that it has had come again, as after a change of the connection.
    Again(Index),
    /// It resumes from where it is, or the server from somewhat earlier.
    Resumes(Index),
    /// It was away for so long that it has to begin anew, so many events later.
    BeginsAnew(usize),
    /// It asks for older items; the server answers at once.
    AsksOlder,
    /// The answer arrives.
    GetsOlder,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..12_usize).prop_map(Step::Events),
        1 => any::<Index>().prop_map(Step::Again),
        1 => any::<Index>().prop_map(Step::Resumes),
        1 => (0..20_usize).prop_map(Step::BeginsAnew),
        2 => Just(Step::AsksOlder),
        2 => Just(Step::GetsOlder),
    ]
}

/// An answer that is on its way.
type Underway = (Request, (Vec<Item<Body>>, bool));

/// A page, the history that it is in, and how far it is.
struct Visit<'a> {
    store: Store,
    past: &'a Past,
    seen: usize,
    underway: Option<Underway>,
}

impl Visit<'_> {
    fn takes(&mut self, step: &Step) {
        let (store, past) = (self.store, self.past);
        match step {
            Step::Events(count) => {
                for event in past.events.iter().skip(self.seen).take(*count) {
                    assert_eq!(apply(store, event.clone()), Applied::Fine);
                    self.seen += 1;
                }
            }
            Step::Again(from) => {
                for event in &past.events[from.index(self.seen + 1)..self.seen] {
                    assert_eq!(apply(store, event.clone()), Applied::Fine);
                }
            }
            Step::Resumes(from) => {
                let from = from.index(self.seen + 1);
                let offset = past.rooms[from].head;
                assert_eq!(apply(store, welcome("e1", offset, None, false)), Applied::Fine);
                for event in &past.events[from..self.seen] {
                    assert_eq!(apply(store, event.clone()), Applied::Fine);
                }
            }
            Step::BeginsAnew(later) => {
                self.seen = (self.seen + later).min(past.events.len());
                assert_eq!(apply(store, past.rooms[self.seen].snapshot(FEW)), Applied::Fine);
            }
            Step::AsksOlder => {
                // The answer is as of now; events may come before it does.
                if let Some(request) = store.feed.ask_older() {
                    let answer = past.rooms[self.seen].older(request.before, 7);
                    self.underway = Some((request, answer));
                }
            }
            Step::GetsOlder => {
                if let Some((request, answer)) = self.underway.take() {
                    store.feed.got_older(request, Ok(answer));
                }
            }
        }
        shows(store, &past.rooms[self.seen]);
    }
}

proptest! {
    // Each case tries every place to cut at.
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_split_into_snapshot_and_events_shows_the_same(deeds in history(140)) {
        let past = Past::of(&deeds);
        let all = past.now().newest_first();
        for cut in 0..=past.events.len() {
            let owner = Owner::new();
            let store = owner.with(Store::new);
            prop_assert_eq!(apply(store, past.rooms[cut].snapshot(SNAPSHOT_ITEMS)), Applied::Fine);
            shows(store, &past.rooms[cut]);
            for event in &past.events[cut..] {
                prop_assert_eq!(apply(store, event.clone()), Applied::Fine);
            }
            shows(store, past.now());
            load_all(store, past.now());
            prop_assert_eq!(&shown(store), &all, "begun at {}", cut);
        }
    }
}

proptest! {
    #[test]
    fn every_way_through_a_history_shows_the_same(
        deeds in history(140),
        begin in any::<Index>(),
        steps in prop::collection::vec(step(), 0..16),
    ) {
        let past = Past::of(&deeds);
        let owner = Owner::new();
        let store = owner.with(Store::new);
        let seen = begin.index(past.rooms.len());
        prop_assert_eq!(apply(store, past.rooms[seen].snapshot(FEW)), Applied::Fine);
        let mut visit = Visit { store, past: &past, seen, underway: None };
        for step in &steps {
            visit.takes(step);
        }
        visit.takes(&Step::Events(past.events.len()));
        visit.takes(&Step::GetsOlder);
        load_all(store, past.now());
        prop_assert_eq!(shown(store), past.now().newest_first());
    }
}
