use super::*;
use crate::store::Store;
use crate::store::chat::Chat;
use leptos::prelude::Owner;
use nowcast_shared::chat::{Chat as Newest, Said};
use nowcast_shared::id::SaidId;
use nowcast_shared::item::{Author, Role};

fn said(offset: u64, by: &str, minute: i64) -> Said {
    Said {
        id: SaidId(format!("s{offset}")),
        offset: Offset(offset),
        at: 1_790_000_000_000 + minute * 60_000,
        by: Author { role: Role::Viewer, id: PublicId(by.into()), name: None },
        name: by.to_uppercase(),
        text: format!("words {offset}"),
        edited_at: None,
    }
}

fn chat(said: Vec<Said>) -> (Owner, Chat) {
    let owner = Owner::new();
    let chat = owner.with(|| Store::new().chat);
    chat.replace(Newest { said, more: false });
    (owner, chat)
}

/// A row in a few letters: `ANA` begins a group, `ana` continues it, `+` are own words.
fn letters(rows: &[Row]) -> Vec<String> {
    let letters = |row: &Row| match row {
        Row::Said { entry, first, own } => {
            let who = if *first { entry.name.clone() } else { entry.by.id.0.clone() };
            if *own { who + "+" } else { who }
        }
        Row::New => "new".to_owned(),
        Row::Note(note) => in_words(note),
        Row::Mine { mine, first } => {
            format!("{}{}", if *first { "MINE " } else { "mine " }, mine.text)
        }
    };
    rows.iter().map(letters).collect()
}

fn rows_of(chat: Chat, mark: Option<u64>, me: &str) -> Vec<String> {
    letters(&rows(
        &chat.said.get_untracked(),
        &chat.notes.get_untracked(),
        &chat.mine.get_untracked(),
        mark.map(Offset),
        &PublicId(me.into()),
    ))
}

#[test]
fn words_of_one_person_in_a_short_time_are_one_group() {
    let (_owner, chat) = chat(vec![
        said(3, "ana", 0),
        said(5, "ana", 1),
        said(6, "ben", 1),
        said(7, "ana", 2),
        said(9, "ana", 60),
    ]);
    assert_eq!(rows_of(chat, None, ""), ["ANA", "ana", "BEN", "ANA", "ANA"]);
    assert_eq!(rows_of(chat, None, "ben"), ["ANA", "ana", "BEN+", "ANA", "ANA"]);
}

#[test]
fn what_is_new_begins_with_a_line_and_a_group() {
    let (_owner, chat) = chat(vec![said(3, "ana", 0), said(5, "ana", 1), said(6, "ana", 1)]);
    assert_eq!(rows_of(chat, Some(4), ""), ["ANA", "new", "ANA", "ana"]);
    assert_eq!(rows_of(chat, Some(6), ""), ["ANA", "ana", "ana"], "nothing is new");
    assert_eq!(rows_of(chat, Some(0), ""), ["new", "ANA", "ana", "ana"]);
}

#[test]
fn own_words_on_their_way_stand_at_the_end_and_continue_own_words() {
    let (_owner, chat) = chat(vec![said(3, "ana", 0)]);
    chat.begin("one".to_owned());
    chat.begin("two".to_owned());
    assert_eq!(rows_of(chat, None, "ben"), ["ANA", "MINE one", "mine two"]);
    assert_eq!(rows_of(chat, None, "ana"), ["ANA+", "mine one", "mine two"]);
}

#[test]
fn no_two_rows_have_the_same_key() {
    let (_owner, chat) = chat(vec![said(3, "ana", 0), said(5, "ana", 1), said(6, "ben", 1)]);
    chat.begin("one".to_owned());
    let rows = rows(
        &chat.said.get_untracked(),
        &[],
        &chat.mine.get_untracked(),
        Some(Offset(3)),
        &PublicId("ben".into()),
    );
    let mut keys: Vec<u64> = rows.iter().map(Row::key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), rows.len());
}

#[test]
fn names_are_said_as_people_say_them() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(who(&names(&["Ana"])), "Ana");
    assert_eq!(who(&names(&["Ana", "Ben"])), "Ana and Ben");
    assert_eq!(who(&names(&["Ana", "Ben", "Cleo"])), "Ana, Ben and Cleo");
    assert_eq!(who(&names(&["A", "B", "C", "D", "E"])), "5 people");
    assert_eq!(writing(&names(&[])), "");
    assert_eq!(writing(&names(&["Ana"])), "Ana is writing…");
    assert_eq!(writing(&names(&["Ana", "Ben"])), "Ana and Ben are writing…");
    assert_eq!(writing(&names(&["A", "B", "C"])), "Several people are writing…");
}
