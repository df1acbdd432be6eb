use super::*;
use crate::store::Store;
use leptos::prelude::{GetUntracked, Owner};
use nowcast_shared::item::Role;
use nowcast_shared::signal::Person;

fn chat() -> (Owner, Chat) {
    let owner = Owner::new();
    let chat = owner.with(|| Store::new().chat);
    (owner, chat)
}

fn said(offset: u64, by: &str, text: &str) -> Said {
    Said {
        id: SaidId(format!("s{offset}")),
        offset: Offset(offset),
        at: 1_790_000_000_000,
        by: Author { role: Role::Viewer, id: PublicId(by.into()), name: Some(by.into()) },
        name: by.into(),
        text: text.into(),
        edited_at: None,
    }
}

fn snapshot(said: Vec<Said>, more: bool) -> Newest {
    Newest { said, more }
}

fn words(text: &str) -> Words {
    Words { text: text.into(), edited_at: Some(5) }
}

fn texts(chat: Chat) -> Vec<String> {
    let all = chat.said.get_untracked();
    all.iter().map(|entry| entry.words.get_untracked().text).collect()
}

#[test]
fn words_come_are_edited_and_go() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(vec![said(2, "ana", "one")], false));
    chat.say(said(4, "ben", "two"), false);
    chat.say(said(4, "ben", "two"), false);
    chat.edit(&SaidId("s2".into()), words("won"));
    assert_eq!(texts(chat), ["won", "two"]);
    chat.delete(&SaidId("s4".into()));
    chat.delete(&SaidId("s4".into()));
    assert_eq!(texts(chat), ["won"]);
}

#[test]
fn an_edit_keeps_the_place_of_the_words_on_the_page() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(vec![said(2, "ana", "one"), said(3, "ana", "two")], false));
    let before = chat.said.get_untracked()[1].key;
    chat.replace(snapshot(vec![said(3, "ana", "TWO"), said(7, "ben", "three")], true));
    assert_eq!(texts(chat), ["TWO", "three"]);
    assert_eq!(chat.said.get_untracked()[0].key, before);
    assert_eq!(chat.older.get_untracked(), Older::More);
}

#[test]
fn older_words_join_at_the_beginning_as_they_are_by_then() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(vec![said(9, "ana", "nine")], true));
    let request = chat.ask_older().unwrap();
    assert!(chat.ask_older().is_none(), "one request at a time");
    assert_eq!(request.before, Offset(9));
    chat.edit(&SaidId("s5".into()), words("FIVE"));
    chat.delete(&SaidId("s4".into()));
    let page = vec![said(5, "b", "five"), said(4, "b", "four"), said(3, "b", "three")];
    chat.got_older(request, Ok((page, false)));
    assert_eq!(texts(chat), ["three", "FIVE", "nine"]);
    assert_eq!(chat.older.get_untracked(), Older::End);
}

#[test]
fn an_answer_for_a_list_that_was_replaced_is_dropped() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(vec![said(9, "ana", "nine")], true));
    let request = chat.ask_older().unwrap();
    chat.replace(snapshot(vec![said(20, "ana", "twenty")], true));
    chat.got_older(request, Ok((vec![said(5, "b", "five")], false)));
    assert_eq!(texts(chat), ["twenty"]);
    let request = chat.ask_older().unwrap();
    chat.got_older(request, Err("No.".into()));
    assert_eq!(chat.older.get_untracked(), Older::Failed("No.".into()));
}

#[test]
fn a_very_long_chat_is_cut_and_can_be_loaded_again() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(Vec::new(), false));
    (1..=401).for_each(|number| chat.say(said(number, "ana", "x"), false));
    chat.trim();
    assert_eq!(chat.said.get_untracked().len(), KEPT);
    assert_eq!(chat.newest(), Offset(401));
    assert_eq!(chat.ask_older().unwrap().before, Offset(202));
}

#[test]
fn own_words_are_shown_once_whichever_comes_first() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(Vec::new(), false));
    // The answer, then the event.
    let number = chat.begin("hi".into());
    chat.taken(number, Some(Offset(3)), false);
    assert_eq!(chat.mine.get_untracked().len(), 1);
    chat.say(said(3, "me", "hi"), true);
    assert!(chat.mine.get_untracked().is_empty());
    // The event, then the answer; the same words twice.
    let (first, second) = (chat.begin("so".into()), chat.begin("so".into()));
    chat.say(said(4, "me", "so"), true);
    assert_eq!(chat.mine.get_untracked().len(), 1);
    chat.taken(first, Some(Offset(4)), false);
    chat.say(said(5, "me", "so"), true);
    chat.taken(second, Some(Offset(5)), false);
    assert!(chat.mine.get_untracked().is_empty());
    // Somebody else's are not mistaken for them.
    chat.begin("so".into());
    chat.say(said(6, "ben", "so"), false);
    assert_eq!(chat.mine.get_untracked().len(), 1);
}

#[test]
fn words_that_wait_for_approval_say_so_until_they_are_said() {
    let (_owner, chat) = chat();
    let number = chat.begin("hi".into());
    chat.taken(number, None, true);
    assert!(chat.mine.get_untracked()[0].held);
    chat.say(said(9, "me", "hi"), true);
    assert!(chat.mine.get_untracked().is_empty());
    let number = chat.begin("no".into());
    chat.forget(number);
    assert!(chat.mine.get_untracked().is_empty());
}

#[test]
fn whoever_speaks_is_no_longer_writing_and_nobody_writes_for_ever() {
    let (_owner, chat) = chat();
    for name in ["ana", "ben", "ana"] {
        chat.writes(PublicId(name.into()), name.into());
    }
    assert_eq!(chat.typists.get_untracked().len(), 2);
    chat.say(said(3, "ana", "hi"), false);
    assert_eq!(chat.typists.get_untracked()[0].name, "ben");
    chat.rest(dom::now());
    assert_eq!(chat.typists.get_untracked().len(), 1);
    chat.rest(dom::now() + WRITING);
    assert!(chat.typists.get_untracked().is_empty());
}

#[test]
fn what_others_said_is_counted_and_what_names_the_reader_apart() {
    let (_owner, chat) = chat();
    chat.replace(snapshot(
        vec![
            said(2, "ana", "old"),
            said(4, "me", "own"),
            said(5, "ben", "@me"),
            said(6, "ben", "x"),
        ],
        false,
    ));
    let counted = chat.unseen(Offset(2), &PublicId("me".into()), |text| text == "@me");
    assert_eq!(counted, (2, 1));
    assert_eq!(chat.unseen(Offset(6), &PublicId("me".into()), |_| true), (0, 0));
}

fn person(name: &str) -> Person {
    Person { id: PublicId(format!("p{name}")), name: name.into() }
}

fn joined(names: &[&str]) -> News {
    News { joined: names.iter().map(|name| person(name)).collect(), ..News::default() }
}

fn left(names: &[&str]) -> News {
    News { left: names.iter().map(|name| person(name)).collect(), ..News::default() }
}

#[test]
fn who_comes_in_one_breath_shares_a_line_and_who_was_there_for_a_moment_has_none() {
    let (_owner, chat) = chat();
    chat.note(News::default());
    assert!(chat.notes.get_untracked().is_empty());
    chat.note(joined(&["Ana"]));
    chat.note(joined(&["Ben"]));
    chat.note(left(&["Ana"]));
    let notes = chat.notes.get_untracked();
    assert_eq!((notes.len(), &*notes[0].joined), (1, &["Ben".to_owned()][..]));
    assert!(notes[0].left.is_empty());
    chat.say(said(3, "ben", "hi"), false);
    chat.note(left(&["Ben"]));
    assert_eq!(chat.notes.get_untracked().len(), 2, "words lie between them");
}
