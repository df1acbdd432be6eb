//! What a page keeps over a reload, and what it makes of storage that holds anything.

#![cfg(target_arch = "wasm32")]

use leptos::prelude::{GetUntracked, Owner};
use nowcast_client::store::Store;
use nowcast_client::store::apply::apply;
use nowcast_client::store::chat::Words;
use nowcast_client::store::feed::Older;
use nowcast_client::{keep, read};
use nowcast_shared::id::{ItemId, PublicId, RoomName};
use nowcast_shared::item::{Author, Body, Item, Picture, Role};
use nowcast_shared::offset::Offset;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn store() -> (Owner, Store) {
    let owner = Owner::new();
    let store = owner.with(Store::new);
    (owner, store)
}

fn item(offset: u64, data: Body) -> Item<Body> {
    Item {
        id: ItemId(format!("i{offset}")),
        offset: Offset(offset),
        at: 1_790_000_000_000,
        kind: match data {
            Body::Message { .. } => "message",
            Body::Link { .. } => "link",
            Body::Image { .. } => "image",
            Body::Post { .. } => "post",
            Body::Custom { .. } => "custom",
            Body::Unknown => "hologram",
        }
        .into(),
        data,
        html: Some("<p>\"a\" \\ b\n\u{1}</p>".into()),
        by: Author {
            role: Role::Publisher,
            id: PublicId("p2".into()),
            name: Some("„Ö“ 🎉".into()),
        },
        edited_at: Some(1_790_000_000_001),
    }
}

fn items(store: Store) -> Vec<Item<Body>> {
    store
        .feed
        .entries
        .with_untracked(|entries| entries.iter().map(|entry| entry.item.get_untracked()).collect())
}

#[wasm_bindgen_test]
fn what_was_kept_comes_back_whole() {
    let (_one, before) = store();
    let kept = vec![
        item(9, Body::Unknown),
        item(8, Body::Custom { json: r#"{"a":[1,null,"\"b\""],"empty":""}"#.into() }),
        item(
            7,
            Body::Post {
                user: Some("Ana".into()),
                text: None,
                picture: Some(Picture {
                    url: "/uploads/a.png".into(),
                    alt: Some("A \"b\"".into()),
                    size: Some((4, 3)),
                }),
                source: Some("Mastodon".into()),
                url: Some("https://a.example/1".into()),
            },
        ),
        item(
            5,
            Body::Image { url: "/uploads/a.png".into(), alt: "A \"b\"".into(), size: Some((4, 3)) },
        ),
        item(
            3,
            Body::Link {
                url: "https://a.example/".into(),
                title: Some("T".into()),
                description: None,
            },
        ),
        item(2, Body::Message { text: "line\nline\t\u{0}</script>".into() }),
    ];
    before.feed.restore("eAb9:12".parse().unwrap(), kept.clone(), false);
    before.title.set("The \"Finals\"".into());
    let text = keep::text(before).unwrap();

    let (_two, after) = store();
    assert!(keep::restore_text(&text, after));
    assert_eq!(items(after), kept);
    assert_eq!(after.feed.position().unwrap().to_string(), "eAb9:12");
    assert_eq!(after.title.get_untracked(), "The \"Finals\"");
    assert_eq!(after.feed.older.get_untracked(), Older::End);
    assert!(after.feed.ready.get_untracked());
    assert!(after.feed.entries.with_untracked(|all| all.iter().all(|entry| !entry.arrived)));
}

fn tell(store: Store, frame: &str) {
    apply(store, read::frame(frame));
}

#[wasm_bindgen_test]
fn what_was_said_the_variables_and_the_last_push_come_back() {
    let (_one, before) = store();
    tell(
        before,
        r#"{"t":"welcome","protocol":1,"room":"main","you":"p9","epoch":"e1","offset":7,"recovered":false,
        "snapshot":{"title":"T","items":[],"settings":{"chat":"users","slow":5,"variables":["a*"]},
        "chat":{"more":true,"said":[{"id":"s1","offset":2,"at":5,"by":{"role":"admin","id":"p1"},
            "name":"Ana \"A\"","text":"one\ntwo"}]},
        "variables":{"score":{"value":{"home":[2,null]},"version":6}}}}"#,
    );
    tell(
        before,
        r#"{"t":"event","offset":8,"at":6,"by":{"role":"viewer","id":"p9"},"event":{"kind":"said","id":"s2","name":"Me","text":"hi"}}"#,
    );
    tell(
        before,
        r#"{"t":"event","offset":9,"at":7,"by":{},"event":{"kind":"said_edited","id":"s1","text":"three"}}"#,
    );
    tell(before, r#"{"t":"push","id":"n5","data":{"text":"For you"}}"#);
    before.chat.seen.set(Some(Offset(2)));
    let text = keep::text(before).unwrap();

    let (_two, after) = store();
    assert!(keep::restore_text(&text, after));
    let said = after.chat.said.get_untracked();
    let lines: Vec<_> = said
        .iter()
        .map(|entry| (entry.offset.0, entry.name.clone(), entry.words.get_untracked()))
        .collect();
    let words = |text: &str, edited_at| Words { text: text.into(), edited_at };
    assert_eq!(lines[0], (2, "Ana \"A\"".to_owned(), words("three", Some(7))));
    assert_eq!(lines[1], (8, "Me".to_owned(), words("hi", None)));
    assert_eq!(said[1].by.id, PublicId("p9".into()));
    assert_eq!(after.me.id.get_untracked(), PublicId("p9".into()));
    assert_eq!(after.chat.older.get_untracked(), Older::More);
    assert_eq!(after.chat.seen.get_untracked(), Some(Offset(2)));
    assert_eq!(after.settings.get_untracked(), before.settings.get_untracked());
    assert_eq!(after.notices.last().as_deref(), Some("n5"));
    after.variables.with(|all| {
        assert_eq!(all["score"].value.0, r#"{"home":[2,null]}"#);
        assert_eq!(all["score"].version, 6);
    });
    // What it has seen is not shown again.
    tell(after, r#"{"t":"push","id":"n5","data":{"text":"For you"}}"#);
    assert!(after.notices.open.get_untracked().is_empty());
}

#[wasm_bindgen_test]
fn only_the_newest_fifty_are_kept() {
    let (_one, before) = store();
    let many = (1..=80).rev().map(|at| item(at, Body::Unknown)).collect();
    before.feed.restore("e1:80".parse().unwrap(), many, false);
    let (_two, after) = store();
    assert!(keep::restore_text(&keep::text(before).unwrap(), after));
    let offsets: Vec<_> = items(after).iter().map(|item| item.offset.0).collect();
    assert_eq!(offsets, (31..=80).rev().collect::<Vec<_>>());
    assert_eq!(after.feed.older.get_untracked(), Older::More);
}

#[wasm_bindgen_test]
fn a_page_that_knows_nothing_keeps_nothing() {
    let (_owner, store) = store();
    assert_eq!(keep::text(store), None);
}

#[wasm_bindgen_test]
fn garbage_in_storage_is_a_first_visit() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "{\"position\":5}",
        "{\"position\":\"nonsense\"}",
        "{\"position\":",
        "\u{0}",
        "{\"items\":[]}",
    ] {
        let (_owner, store) = store();
        assert!(!keep::restore_text(text, store), "{text}");
        assert!(!store.feed.ready.get_untracked());
        assert_eq!(store.feed.position(), None);
    }
}

#[wasm_bindgen_test]
fn items_that_cannot_be_from_this_page_are_left_out() {
    let (_owner, store) = store();
    let one = |offset: u32| {
        format!(r#"{{"id":"i{offset}","offset":{offset},"at":1,"kind":"x","data":{{}},"by":{{}}}}"#)
    };
    let text = format!(
        r#"{{"position":"e1:7","items":[{},{},{},{},5,null,{{}}]}}"#,
        one(9),
        one(6),
        one(6),
        one(7)
    );
    assert!(keep::restore_text(&text, store));
    let offsets: Vec<_> = items(store).iter().map(|item| item.offset.0).collect();
    assert_eq!(offsets, [6], "newest first, none twice, none from after the position");
}

#[wasm_bindgen_test]
fn rooms_are_kept_apart_and_full_storage_does_not_matter() {
    let storage = web_sys::window().unwrap().session_storage().unwrap().unwrap();
    let room: RoomName = "kept-apart".parse().unwrap();
    storage
        .set_item("nowcast.2.kept-apart", r#"{"position":"e1:3","title":"Here","items":[]}"#)
        .unwrap();
    let (_one, here) = store();
    assert!(keep::restore(&room, here));
    assert_eq!(here.title.get_untracked(), "Here");
    let (_two, elsewhere) = store();
    assert!(!keep::restore(&"elsewhere".parse().unwrap(), elsewhere));
    storage.clear().unwrap();
}
