//! Reading what the server sends, with the browser's own JSON parser.

#![cfg(target_arch = "wasm32")]

use nowcast_client::link::sending::Taken;
use nowcast_client::read::{self, Json, Read};
use nowcast_shared::error::Reason;
use nowcast_shared::event::Event;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::{ItemId, PublicId};
use nowcast_shared::item::{Author, Body, Role};
use nowcast_shared::offset::{Epoch, Offset};
use nowcast_shared::signal::{Person, Signal, Transports};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn frame(text: &str) -> ServerFrame<Body, Json> {
    match read::frame(text) {
        Read::Frame(frame) => *frame,
        other => panic!("{text} was read as {other:?}"),
    }
}

const PUBLISHED: &str = r#"{"t":"event","offset":42,"at":1790000000000,
    "by":{"role":"admin","id":"p1","name":"Ana"},
    "event":{"kind":"item_published","item":{"id":"i7","offset":42,"at":1790000000000,
        "kind":"message","data":{"text":"*hi*","later":1},"html":"<p><em>hi</em></p>",
        "by":{"role":"admin","id":"p1","name":"Ana"},"more":{}}},"new":true}"#;

#[wasm_bindgen_test]
fn an_event_is_read_whole_and_unknown_fields_are_passed_over() {
    let ServerFrame::Event(logged) = frame(PUBLISHED) else { panic!("no event") };
    assert_eq!(logged.offset, Offset(42));
    assert_eq!(logged.at, 1_790_000_000_000);
    let ana = Author { role: Role::Admin, id: PublicId("p1".into()), name: Some("Ana".into()) };
    assert_eq!(logged.by, ana);
    let Event::ItemPublished { item } = logged.event else { panic!("not published") };
    assert_eq!(item.id, ItemId("i7".into()));
    assert_eq!(item.data, Body::Message { text: "*hi*".into() });
    assert_eq!(item.html.as_deref(), Some("<p><em>hi</em></p>"));
    assert_eq!(item.edited_at, None);
    assert_eq!(item.by, ana);
}

#[wasm_bindgen_test]
fn a_welcome_brings_its_snapshot() {
    let welcome = r#"{"t":"welcome","protocol":1,"room":"main","you":"p9","epoch":"eX","offset":7,
        "recovered":false,"open":true,"snapshot":{"title":"Finals","more":true,"items":[
            {"id":"i1","offset":1,"at":5,"kind":"link","data":{"url":"https://a.example/","title":""},"by":{}},
            {"id":"i2","offset":2,"at":5,"kind":"image","data":{"url":"/uploads/a.png","alt":"A","width":4,"height":3},
             "by":{"role":"publisher","id":"p2"},"edited_at":6},
            {"id":"i3","offset":3,"at":5,"kind":"hologram","data":{"x":1},"by":{"role":"ghost"}},
            {"id":"broken"}, null, 5],
        "presence":{"version":3,"count":2,"people":[],"transports":{"websocket":1,"sse":1,"poll":0}}}}"#;
    let ServerFrame::Welcome(welcome) = frame(welcome) else { panic!("no welcome") };
    assert_eq!(welcome.epoch, Epoch("eX".into()));
    assert!(welcome.open);
    let room = welcome.snapshot.unwrap();
    assert_eq!((room.title.as_str(), room.more), ("Finals", true));
    let data: Vec<_> = room.items.iter().map(|item| &item.data).collect();
    let link = Body::Link { url: "https://a.example/".into(), title: None, description: None };
    let image = Body::Image { url: "/uploads/a.png".into(), alt: "A".into(), size: Some((4, 3)) };
    assert_eq!(data, [&link, &image, &Body::Unknown]);
    assert_eq!(room.items[1].edited_at, Some(6));
    assert_eq!(room.items[2].by.role, Role::Viewer);
    assert_eq!(room.presence.transports, Transports { websocket: 1, sse: 1, poll: 0, bridge: 0 });
}

#[wasm_bindgen_test]
fn a_resumed_welcome_has_no_snapshot() {
    let text = r#"{"t":"welcome","protocol":1,"room":"main","you":"p","epoch":"e1","offset":7,"recovered":true,"snapshot":null}"#;
    let ServerFrame::Welcome(welcome) = frame(text) else { panic!("no welcome") };
    assert!(welcome.recovered && welcome.snapshot.is_none() && !welcome.open);
}

#[wasm_bindgen_test]
fn signals_pongs_and_goodbyes_are_read() {
    let presence = r#"{"t":"signal","signal":{"kind":"presence","version":4,"count":9,"joined":[],"left":[]}}"#;
    let ServerFrame::Signal { signal: Signal::Presence(now) } = frame(presence) else {
        panic!("no presence")
    };
    assert_eq!((now.version, now.count), (4, 9));
    assert_eq!(frame(r#"{"t":"pong"}"#), ServerFrame::Pong);
    for (text, reason, reconnect) in [
        (r#"{"t":"goodbye","reason":"restarting","reconnect":true}"#, Reason::Restarting, true),
        (r#"{"t":"goodbye","reason":"replaced","reconnect":false}"#, Reason::Replaced, false),
        (r#"{"t":"goodbye","reason":"of tomorrow","reconnect":true}"#, Reason::Failed, true),
    ] {
        assert_eq!(frame(text), ServerFrame::Goodbye { reason, reconnect });
    }
}

#[wasm_bindgen_test]
fn answers_to_commands_are_told_by_their_ids() {
    let taken = Taken { offset: Some(Offset(7)), held: false };
    let held = Taken { offset: None, held: true };
    for (text, answer) in [
        (r#"{"t":"ack","command":"k1","offset":7}"#, Ok(taken)),
        (r#"{"t":"ack","command":"k1","held":true}"#, Ok(held)),
        (r#"{"t":"ack","command":"k1"}"#, Ok(Taken::default())),
    ] {
        assert_eq!(read::frame(text), Read::Answer("k1".into(), answer), "{text}");
    }
    let text = r#"{"t":"reject","command":"k2","code":"muted","message":"Not now."}"#;
    let Read::Answer(id, Err(problem)) = read::frame(text) else { panic!("no answer") };
    assert_eq!((&*id, &*problem.code, &*problem.detail), ("k2", "muted", "Not now."));
}

#[wasm_bindgen_test]
fn people_pushes_and_variables_are_read() {
    let presence = r#"{"t":"signal","signal":{"kind":"presence","version":4,"count":9,"since":3,
        "joined":[{"id":"p1","name":"Ana"},{"id":5}],"left":["p2",7]}}"#;
    let ServerFrame::Signal { signal: Signal::Presence(now) } = frame(presence) else {
        panic!("no presence")
    };
    let ana = Person { id: PublicId("p1".into()), name: "Ana".into() };
    assert_eq!((now.joined, now.left), (vec![ana], vec![PublicId("p2".into())]));
    assert_eq!((now.since, now.people), (Some(3), None));
    let push = r#"{"t":"push","id":"n1","data":{"a":[1,"x\u0000"]}}"#;
    let ServerFrame::Push { id, data } = frame(push) else { panic!("no push") };
    assert_eq!((&*id, &*data.0), ("n1", r#"{"a":[1,"x\u0000"]}"#));
    let set = r#"{"t":"event","offset":5,"at":1,"by":{},"event":{"kind":"variable_set","name":"a","value":null,"version":5}}"#;
    let ServerFrame::Event(logged) = frame(set) else { panic!("no event") };
    let Event::VariableSet { name, value, version } = logged.event else { panic!("not set") };
    assert_eq!((&*name, &*value.0, version), ("a", "null", 5));
}

#[wasm_bindgen_test]
fn an_event_that_is_not_understood_still_takes_its_place() {
    for text in [
        r#"{"t":"event","offset":9,"at":1,"by":{},"event":{"kind":"fireworks"}}"#,
        r#"{"t":"event","offset":9,"event":{"kind":"item_published","item":{"id":5}}}"#,
        r#"{"t":"event","offset":9}"#,
    ] {
        assert_eq!(read::frame(text), Read::Event(Offset(9)), "{text}");
    }
}

#[wasm_bindgen_test]
fn whatever_comes_is_read_or_skipped() {
    for text in [
        "",
        "null",
        "5",
        "\"text\"",
        "[]",
        "{}",
        "{",
        "{\"t\":5}",
        "{\"t\":\"new\"}",
        r#"{"t":"event"}"#,
        r#"{"t":"event","offset":-1}"#,
        r#"{"t":"event","offset":1.5}"#,
        r#"{"t":"event","offset":"1"}"#,
        r#"{"t":"event","offset":1e300}"#,
        r#"{"t":"welcome"}"#,
        r#"{"t":"welcome","protocol":1,"room":"Not A Room","epoch":"e","offset":1}"#,
        r#"{"t":"signal"}"#,
        r#"{"t":"signal","signal":{"kind":"typing"}}"#,
        r#"{"t":"push","data":{}}"#,
        r#"{"t":"ack","offset":5}"#,
        r#"{"t":"reject","command":null,"code":"bad_json","message":"No."}"#,
    ] {
        assert_eq!(read::frame(text), Read::Other, "{text}");
    }
}

#[wasm_bindgen_test]
fn what_happens_on_the_stage_is_read_and_stays_on_it() {
    let put = r#"{"t":"event","offset":7,"at":5,"by":{"role":"admin","id":"p1"},"event":
        {"kind":"piece_put","piece":{"id":"logo","x":0.25,"y":7,"kind":"image","text":"Logo",
            "url":"/uploads/a.png","width":0,"z":3,"locked":true}}}"#;
    let ServerFrame::Event(logged) = frame(put) else { panic!("no event") };
    let Event::PiecePut { piece } = logged.event else { panic!("not put") };
    assert_eq!((piece.id.as_str(), piece.kind.as_str()), ("logo", "image"));
    assert_eq!((piece.x, piece.y), (0.25, 1.0), "what lies outside is taken as the nearest inside");
    assert!(piece.width > 0.0, "and what is too small to be seen as the smallest");
    assert_eq!((piece.z, piece.locked), (3, true));
    assert_eq!(
        read::piece(&read::parse(&nowcast_client::write::piece(&piece)).unwrap()),
        Some(piece)
    );

    let moving = r#"{"t":"signal","signal":{"kind":"piece_moving","piece":"logo","x":0.5,"y":0.25,
        "by":"p2"}}"#;
    let ServerFrame::Signal { signal: Signal::PieceMoving { x, y, by, .. } } = frame(moving) else {
        panic!("not moving")
    };
    assert_eq!((x, y, by), (0.5, 0.25, PublicId("p2".into())));

    let free = r#"{"t":"signal","signal":{"kind":"piece_held","piece":"logo","by":null}}"#;
    let ServerFrame::Signal { signal: Signal::PieceHeld { by, name, .. } } = frame(free) else {
        panic!("not held")
    };
    assert_eq!((by, name), (None, None));

    let nowhere = r#"{"t":"event","offset":8,"event":{"kind":"piece_moved","piece":"no id","x":0,
        "y":0}}"#;
    assert_eq!(read::frame(nowhere), Read::Event(Offset(8)), "its place in the order is taken");
}
