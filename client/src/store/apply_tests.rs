use super::*;
use crate::store::feed::Older;
use leptos::prelude::{GetUntracked, Owner, RwSignal, Set};
use nowcast_shared::chat::Chat;
use nowcast_shared::event::Logged;
use nowcast_shared::frame::Snapshot;
use nowcast_shared::id::{ItemId, PublicId, RoomName};
use nowcast_shared::item::{Author, Item, Role};
use nowcast_shared::offset::Epoch;
use nowcast_shared::room::Settings;
use nowcast_shared::signal::{Presence, PresenceState, Transports};

fn author() -> Author {
    Author { role: Role::Admin, id: PublicId("p1".into()), name: Some("Desk".into()) }
}

pub(super) fn item(offset: u64, text: &str) -> Item<Body> {
    Item {
        id: ItemId(format!("i{offset}")),
        offset: Offset(offset),
        at: 1_790_000_000_000,
        kind: "message".into(),
        data: Body::Message { text: text.into() },
        html: None,
        by: author(),
        edited_at: None,
    }
}

pub(super) fn event(offset: u64, event: Event<Body, Json>) -> Read {
    let logged = Logged { offset: Offset(offset), at: 1_790_000_000_000, by: author(), event };
    Read::Frame(Box::new(ServerFrame::Event(logged)))
}

fn published(offset: u64) -> Read {
    event(offset, Event::ItemPublished { item: item(offset, &format!("number {offset}")) })
}

pub(super) fn welcome(
    epoch: &str,
    offset: u64,
    snapshot: Option<Vec<Item<Body>>>,
    more: bool,
) -> Read {
    Read::Frame(Box::new(ServerFrame::Welcome(Welcome {
        protocol: 1,
        room: RoomName::main(),
        you: PublicId("p9".into()),
        epoch: Epoch(epoch.into()),
        offset: Offset(offset),
        recovered: snapshot.is_none(),
        snapshot: snapshot.map(|items| Snapshot {
            title: "Finals".into(),
            items,
            more,
            pieces: Vec::new(),
            variables: std::collections::BTreeMap::new(),
            chat: Chat::default(),
            settings: Settings::default(),
            presence: PresenceState { version: 7, count: 3, ..PresenceState::default() },
        }),
        open: false,
        counts: false,
    })))
}

/// A store with items 1 to `n` of epoch `e1`.
fn store(n: u64) -> (Owner, Store) {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    let items = (1..=n).map(|offset| item(offset, &format!("number {offset}"))).collect();
    assert_eq!(apply(store, welcome("e1", n, Some(items), false)), Applied::Fine);
    (owner, store)
}

fn shown(store: Store) -> Vec<String> {
    store.feed.entries.get_untracked().iter().map(|entry| entry.id.0.clone()).collect()
}

pub(super) fn at(store: Store) -> String {
    store.feed.position().map(|position| position.to_string()).unwrap_or_default()
}

fn text(store: Store, place: usize) -> Body {
    store.feed.entries.get_untracked()[place].item.get_untracked().data
}

#[test]
fn a_snapshot_is_shown_newest_first() {
    let (_owner, store) = store(3);
    assert_eq!(shown(store), ["i3", "i2", "i1"]);
    assert_eq!(at(store), "e1:3");
    assert_eq!(store.title.get_untracked(), "Finals");
    assert_eq!(store.people.count(), Some(3));
    assert_eq!(store.feed.older.get_untracked(), Older::End);
    assert!(store.feed.ready.get_untracked());
}

#[test]
fn an_event_counts_once_however_often_it_comes() {
    let (_owner, store) = store(1);
    for _ in 0..3 {
        assert_eq!(apply(store, published(2)), Applied::Fine);
    }
    assert_eq!(shown(store), ["i2", "i1"]);
    assert_eq!(at(store), "e1:2");
}

#[test]
fn a_gap_is_told_and_nothing_is_applied() {
    let (_owner, store) = store(1);
    assert_eq!(apply(store, published(3)), Applied::Gap);
    assert_eq!(shown(store), ["i1"]);
    assert_eq!(at(store), "e1:1");
}

#[test]
fn an_event_before_any_welcome_is_a_gap() {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    assert_eq!(apply(store, published(1)), Applied::Gap);
}

#[test]
fn an_event_of_an_unknown_kind_takes_its_place_in_the_order() {
    let (_owner, store) = store(1);
    assert_eq!(apply(store, Read::Event(Offset(2))), Applied::Fine);
    assert_eq!(apply(store, published(3)), Applied::Fine);
    assert_eq!(shown(store), ["i3", "i1"]);
    assert_eq!(apply(store, Read::Event(Offset(9))), Applied::Gap);
}

#[test]
fn an_edit_changes_the_item_and_not_the_list() {
    let (owner, store) = store(2);
    let before = store.feed.entries.get_untracked()[1].item.clone();
    let redrawn = owner.with(|| RwSignal::new(0));
    let edited = Item { edited_at: Some(5), ..item(1, "better") };
    apply(store, event(3, Event::ItemEdited { item: edited }));
    assert_eq!(before.get_untracked().data, Body::Message { text: "better".into() });
    assert_eq!(shown(store), ["i2", "i1"]);
    assert_eq!(redrawn.get_untracked(), 0);
    assert_eq!(at(store), "e1:3");
}

#[test]
fn a_deleted_item_is_gone_and_deleting_it_again_changes_nothing() {
    let (_owner, store) = store(3);
    apply(store, event(4, Event::ItemDeleted { item: ItemId("i2".into()) }));
    apply(store, event(5, Event::ItemDeleted { item: ItemId("i2".into()) }));
    assert_eq!(shown(store), ["i3", "i1"]);
    assert_eq!(at(store), "e1:5");
}

#[test]
fn a_resumed_connection_keeps_the_list() {
    let (_owner, store) = store(3);
    assert_eq!(apply(store, welcome("e1", 3, None, false)), Applied::Fine);
    assert_eq!(shown(store), ["i3", "i2", "i1"]);
    // A trial that began before the last events came by the old way.
    assert_eq!(apply(store, welcome("e1", 2, None, false)), Applied::Fine);
    assert_eq!(apply(store, published(3)), Applied::Fine);
    assert_eq!(apply(store, published(4)), Applied::Fine);
    assert_eq!(shown(store), ["i4", "i3", "i2", "i1"]);
}

#[test]
fn a_resumed_connection_of_another_life_or_a_later_place_is_a_gap() {
    let (_owner, store) = store(3);
    assert_eq!(apply(store, welcome("e2", 3, None, false)), Applied::Gap);
    assert_eq!(apply(store, welcome("e1", 4, None, false)), Applied::Gap);
}

#[test]
fn a_snapshot_replaces_the_list_and_keeps_the_items_that_are_in_both() {
    let (_owner, store) = store(3);
    let kept = store.feed.entries.get_untracked()[0].item.clone();
    let items = vec![item(3, "number 3"), item(60, "new"), item(61, "newer")];
    assert_eq!(apply(store, welcome("e1", 61, Some(items), true)), Applied::Fine);
    assert_eq!(shown(store), ["i61", "i60", "i3"]);
    let entries = store.feed.entries.get_untracked();
    assert_eq!(entries.iter().map(|entry| entry.arrived).collect::<Vec<_>>(), [true, true, false]);
    entries[2].item.set(item(3, "same signal"));
    assert_eq!(kept.get_untracked().data, Body::Message { text: "same signal".into() });
    assert!(!store.feed.restarted.get_untracked(), "the missed items can be loaded");
}

#[test]
fn a_page_that_missed_more_than_it_is_shown_says_so_until_the_rest_is_loaded() {
    let (_owner, store) = store(3);
    let missed = || store.feed.missed.get_untracked().map(|offset| offset.0);
    apply(store, welcome("e1", 6, Some(vec![item(4, "d"), item(5, "e")]), true));
    assert_eq!(missed(), None, "it goes on where the page had been");

    let items = (30..=39).map(|offset| item(offset, "newest")).collect();
    apply(store, welcome("e1", 39, Some(items), true));
    assert_eq!(missed(), Some(6));
    apply(store, published(40));
    for (from, to, after) in [(15, 29, Some(6)), (5, 14, None)] {
        let request = store.feed.ask_older().expect("there are older ones");
        let items = (from..=to).rev().map(|offset| item(offset, "older")).collect();
        store.feed.got_older(request, Ok((items, true)));
        assert_eq!(missed(), after, "loaded back to {from}");
    }
}

#[test]
fn a_room_that_began_anew_says_so_only_if_something_is_gone() {
    let (_owner, store) = store(0);
    apply(store, welcome("e2", 1, Some(vec![item(1, "first")]), false));
    assert!(!store.feed.restarted.get_untracked());
    apply(store, welcome("e3", 0, Some(vec![]), false));
    assert!(store.feed.restarted.get_untracked());
    assert_eq!(shown(store), [""; 0]);
    assert_eq!(at(store), "e3:0");
}

#[test]
fn a_shorter_log_of_the_same_life_is_believed() {
    let (_owner, store) = store(5);
    apply(store, welcome("e1", 2, Some(vec![item(1, "a"), item(2, "b")]), false));
    assert_eq!(at(store), "e1:2");
    apply(store, published(3));
    assert_eq!(shown(store), ["i3", "i2", "i1"]);
}

#[test]
fn an_older_state_of_presence_never_overwrites_a_newer_one() {
    let (_owner, store) = store(0);
    let presence = |version, count| {
        let signal = Presence { version, count, ..Presence::default() };
        Read::Frame(Box::new(ServerFrame::Signal { signal: Signal::Presence(signal) }))
    };
    apply(store, presence(8, 4));
    apply(store, presence(6, 1));
    assert_eq!(store.people.count(), Some(4));
    assert_eq!(store.people.transports(), Transports::default());
    // Another server, or the same one after a restart, counts from the beginning.
    apply(store, welcome("e1", 0, None, false));
    apply(store, presence(1, 2));
    assert_eq!(store.people.count(), Some(2));
}

#[test]
fn older_items_join_at_the_end() {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    apply(store, welcome("e1", 9, Some(vec![item(8, "8"), item(9, "9")]), true));
    let request = store.feed.ask_older().unwrap();
    assert_eq!(request.before, Offset(8));
    assert!(store.feed.ask_older().is_none(), "one request at a time");
    store.feed.got_older(request, Ok((vec![item(7, "7"), item(6, "6")], true)));
    assert_eq!(shown(store), ["i9", "i8", "i7", "i6"]);
    assert_eq!(store.feed.older.get_untracked(), Older::More);
    let request = store.feed.ask_older().unwrap();
    store.feed.got_older(request, Err("No network.".into()));
    assert_eq!(store.feed.older.get_untracked(), Older::Failed("No network.".into()));
    let request = store.feed.ask_older().unwrap();
    store.feed.got_older(request, Ok((vec![item(5, "5")], false)));
    assert_eq!(store.feed.older.get_untracked(), Older::End);
    assert!(store.feed.ask_older().is_none());
}

#[test]
fn what_happens_to_older_items_on_their_way_is_not_lost() {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    apply(store, welcome("e1", 9, Some(vec![item(9, "9")]), true));
    let request = store.feed.ask_older().unwrap();
    apply(store, event(10, Event::ItemDeleted { item: ItemId("i7".into()) }));
    apply(store, event(11, Event::ItemEdited { item: item(6, "edited") }));
    store.feed.got_older(request, Ok((vec![item(8, "8"), item(7, "7"), item(6, "6")], false)));
    assert_eq!(shown(store), ["i9", "i8", "i6"]);
    assert_eq!(text(store, 2), Body::Message { text: "edited".into() });
}

#[test]
fn a_second_request_is_not_overwritten_by_what_came_during_the_first() {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    apply(store, welcome("e1", 9, Some(vec![item(9, "9")]), true));
    let request = store.feed.ask_older().unwrap();
    apply(store, event(10, Event::ItemEdited { item: item(8, "first edit") }));
    store.feed.got_older(request, Err("No network.".into()));
    apply(store, event(11, Event::ItemEdited { item: item(8, "second edit") }));
    let request = store.feed.ask_older().unwrap();
    store.feed.got_older(request, Ok((vec![item(8, "second edit")], false)));
    assert_eq!(text(store, 1), Body::Message { text: "second edit".into() });
}

#[test]
fn older_items_can_be_loaded_when_all_that_were_here_are_deleted() {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    assert!(store.feed.ask_older().is_none(), "nothing is known of the room yet");
    apply(store, welcome("e1", 9, Some(vec![item(9, "9")]), true));
    apply(store, event(10, Event::ItemDeleted { item: ItemId("i9".into()) }));
    assert_eq!(shown(store), [""; 0]);
    let request = store.feed.ask_older().unwrap();
    assert_eq!(request.before, Offset(11));
    assert_eq!(store.feed.newest(), Offset(10), "what is loaded now is not new");
    apply(store, published(11));
    store.feed.got_older(request, Ok((vec![item(8, "8")], false)));
    assert_eq!(shown(store), ["i11", "i8"]);
}

#[test]
fn an_answer_for_a_list_that_was_replaced_is_dropped() {
    let (_owner, store) = store(0);
    apply(store, welcome("e1", 9, Some(vec![item(9, "9")]), true));
    let request = store.feed.ask_older().unwrap();
    apply(store, welcome("e2", 1, Some(vec![item(1, "1")]), false));
    store.feed.got_older(request, Ok((vec![item(8, "8")], true)));
    assert_eq!(shown(store), ["i1"]);
    assert_eq!(store.feed.older.get_untracked(), Older::End);
}

#[test]
fn a_long_list_is_cut_and_can_be_loaded_again() {
    let (_owner, store) = store(0);
    let items = (1..=501).map(|offset| item(offset, "x")).collect();
    apply(store, welcome("e1", 501, Some(items), false));
    store.feed.trim();
    let left = shown(store);
    assert!(left.len() < 500);
    assert_eq!(left[0], "i501");
    assert_eq!(store.feed.older.get_untracked(), Older::More);
    let oldest = Offset(502 - left.len() as u64);
    assert_eq!(store.feed.ask_older().unwrap().before, oldest);
}

#[test]
fn a_very_long_list_loses_only_what_is_well_below_its_reader() {
    let (_owner, store) = store(1_000);
    store.feed.trim_below(|| unreachable!("it is not that long"));
    apply(store, published(1_001));
    store.feed.trim_below(|| 100);
    assert_eq!(shown(store).len(), 1_001, "the reader is near the end");
    // The page may not show the newest yet, so the reader's place is told from the end.
    store.feed.trim_below(|| 700);
    let left = shown(store);
    assert_eq!((left.len(), left[0].as_str()), (501, "i1001"));
    assert_eq!(store.feed.older.get_untracked(), Older::More);
    assert_eq!(store.feed.ask_older().unwrap().before, Offset(501));
}

#[test]
fn what_is_new_since_an_item_can_be_counted() {
    let (_owner, store) = store(3);
    assert_eq!(store.feed.newer_than(Offset(3)), 0);
    apply(store, published(4));
    apply(store, published(5));
    assert_eq!(store.feed.newer_than(Offset(3)), 2);
    assert_eq!(store.feed.newest(), Offset(5));
}
