//! However a room's comings and goings are told, in whole or in parts, with parts lost or coming
//! late: the page shows who is there, or knows that it does not know.

use super::*;
use crate::store::Store;
use leptos::prelude::Owner;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn person(id: u8, name: u8) -> Person {
    Person { id: PublicId(format!("p{id}")), name: format!("name {name}") }
}

fn people() -> (Owner, People) {
    let owner = Owner::new();
    let people = owner.with(|| Store::new().people);
    (owner, people)
}

fn diff(version: u64, since: u64, joined: &[Person], left: &[u8]) -> Presence {
    Presence {
        version,
        count: 5,
        joined: joined.to_vec(),
        left: left.iter().map(|id| PublicId(format!("p{id}"))).collect(),
        since: Some(since),
        ..Presence::default()
    }
}

fn state(version: u64, people: &[Person]) -> PresenceState {
    PresenceState { version, count: 5, people: people.to_vec(), ..PresenceState::default() }
}

#[test]
fn a_change_counts_only_where_it_continues_what_is_known() {
    let (_owner, people) = people();
    people.reset(state(3, &[person(1, 1)]));
    let news = people.update(diff(4, 3, &[person(2, 2)], &[]));
    assert_eq!(news.joined, [person(2, 2)]);
    // Version 5 got lost.
    assert_eq!(people.update(diff(6, 5, &[person(3, 3)], &[1])), News::default());
    assert_eq!(people.named().unwrap(), [person(1, 1), person(2, 2)]);
    // Not even where the next one would fit.
    assert_eq!(people.update(diff(7, 6, &[], &[2])), News::default());
    let all =
        Presence { version: 7, count: 5, people: Some(vec![person(3, 3)]), ..Presence::default() };
    people.update(all);
    assert_eq!(people.named().unwrap(), [person(3, 3)]);
    assert_eq!(people.update(diff(8, 7, &[], &[3])).left, [person(3, 3)]);
}

#[test]
fn a_leave_that_was_overtaken_is_dropped() {
    let (_owner, people) = people();
    people.reset(state(9, &[person(1, 1)]));
    assert_eq!(people.update(diff(8, 7, &[], &[1])), News::default());
    assert_eq!(people.named().unwrap().len(), 1);
}

#[test]
fn another_name_is_neither_coming_nor_going() {
    let (_owner, people) = people();
    people.reset(state(1, &[person(1, 1), person(2, 2)]));
    let news = people.update(diff(2, 1, &[person(1, 9)], &[]));
    assert_eq!(news.renamed, [("name 1".to_owned(), person(1, 9))]);
    let news = people.update(diff(3, 2, &[person(2, 8)], &[2]));
    assert_eq!(news.renamed, [("name 2".to_owned(), person(2, 8))]);
    assert!(news.joined.is_empty() && news.left.is_empty());
    assert!(people.update(diff(4, 3, &[person(1, 9)], &[1])) == News::default());
}

#[test]
fn in_a_large_room_there_are_no_names() {
    let (_owner, people) = people();
    people.reset(state(1, &[person(1, 1)]));
    people.update(Presence { version: 2, count: 201, ..Presence::default() });
    assert_eq!((people.count(), people.named()), (Some(201), None));
    let taken_away =
        Presence { version: 2, count: 201, people: Some(vec![]), ..Presence::default() };
    people.update(taken_away);
    assert_eq!(people.named(), None);
    let few = Presence { version: 3, count: 200, people: Some(vec![]), ..Presence::default() };
    people.update(few);
    assert_eq!(people.named(), Some(Vec::new()));
}

#[test]
fn a_resumed_connection_begins_its_versions_anew() {
    let (_owner, people) = people();
    people.reset(state(50, &[person(1, 1)]));
    people.forget_version();
    assert_eq!(people.named().unwrap().len(), 1, "they are still shown");
    assert_eq!(people.update(diff(1, 0, &[], &[1])), News::default(), "that is another count");
    people.update(Presence { version: 2, count: 0, people: Some(vec![]), ..Presence::default() });
    assert!(people.named().unwrap().is_empty());
}

/// What happens to a room, and how the page hears of it.
#[derive(Clone, Debug)]
enum Deed {
    Comes(u8, u8),
    Goes(u8),
    /// The next one does not get through; the server notices, and tells all of it after that.
    Lost(u8),
    /// All of it is told.
    Told,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0_u8..8, 0_u8..4).prop_map(|(id, name)| Deed::Comes(id, name)),
        3 => (0_u8..8).prop_map(Deed::Goes),
        1 => (0_u8..8).prop_map(Deed::Lost),
        1 => Just(Deed::Told),
    ]
}

proptest! {
    #[test]
    fn a_page_shows_who_is_there(deeds in prop::collection::vec(deed(), 0..60)) {
        let (_owner, people) = people();
        let mut room: BTreeMap<u8, u8> = BTreeMap::new();
        let (mut version, mut told) = (1, true);
        people.reset(state(1, &[]));
        for deed in deeds {
            let since = version;
            version += 1;
            let here = |room: &BTreeMap<u8, u8>| -> Vec<Person> {
                room.iter().map(|(id, name)| person(*id, *name)).collect()
            };
            match deed {
                Deed::Comes(id, name) => {
                    room.insert(id, name);
                    people.update(diff(version, since, &[person(id, name)], &[]));
                }
                Deed::Goes(id) => {
                    room.remove(&id);
                    people.update(diff(version, since, &[], &[id]));
                }
                Deed::Lost(id) => {
                    room.remove(&id);
                    told = false;
                }
                Deed::Told => {
                    let all = Some(here(&room));
                    people.update(Presence { version, count: 5, people: all, ..Presence::default() });
                    told = true;
                }
            }
            if told {
                prop_assert_eq!(people.named().unwrap(), sorted(here(&room)));
            }
        }
    }
}
