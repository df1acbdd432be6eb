//! The JSON of everything that goes over the wire, pinned. It is a contract: other programs rely
//! on it. A snapshot that changes here is a change for all of them.

#[cfg(feature = "schema")]
#[path = "schema/described.rs"]
mod described;

use nowcast_shared::chat::{Chat, Said};
use nowcast_shared::command::{self, Command};
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::event::{Event, Logged};
use nowcast_shared::frame::Variable;
use nowcast_shared::frame::{PROTOCOL, PageFrame, SUBPROTOCOL, ServerFrame, Snapshot, Welcome};
use nowcast_shared::id::{CommandId, ItemId, PublicId, RoomName};
use nowcast_shared::id::{PieceId, SaidId};
use nowcast_shared::item::{Author, Item, NewItem, Role};
use nowcast_shared::offset::{Epoch, Offset};
use nowcast_shared::room::{Settings, Who};
use nowcast_shared::signal::{Person, Presence, PresenceState, Signal, Transports};
use nowcast_shared::stage::{Piece, PieceChange};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What can be pinned.
#[cfg(feature = "schema")]
trait Wire: Serialize + DeserializeOwned + PartialEq + Debug + schemars::JsonSchema {}
#[cfg(feature = "schema")]
impl<T: Serialize + DeserializeOwned + PartialEq + Debug + schemars::JsonSchema> Wire for T {}

/// What can be pinned.
#[cfg(not(feature = "schema"))]
trait Wire: Serialize + DeserializeOwned + PartialEq + Debug {}
#[cfg(not(feature = "schema"))]
impl<T: Serialize + DeserializeOwned + PartialEq + Debug> Wire for T {}

/// The JSON of `value`, after making sure that it reads back as the same value, also when a newer
/// program has added a field, and that it is what its schema says.
fn pinned<T: Wire>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("the value has a JSON form");
    #[cfg(feature = "schema")]
    described::check::<T>(&text);
    let read: T = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(&read, value, "reading {text} gives something else");

    let mut extended: Value = serde_json::from_str(&text).expect("it is JSON");
    if let Value::Object(fields) = &mut extended {
        fields.insert("from_the_future".to_owned(), json!({"deep": [1, null]}));
        let read: T = serde_json::from_value(extended).expect("an unknown field is ignored");
        assert_eq!(&read, value, "an unknown field changed the meaning of {text}");
    }
    text
}

fn ana() -> Author {
    Author { role: Role::Admin, id: "pAna".into(), name: Some("Ana".to_owned()) }
}

fn message() -> Item<Value> {
    Item {
        id: "i1".into(),
        offset: Offset(42),
        at: 1_790_000_000_000,
        kind: "message".to_owned(),
        data: json!({"text": "*Hi*"}),
        html: Some("<p><em>Hi</em></p>".to_owned()),
        by: ana(),
        edited_at: None,
    }
}

fn logged(event: Event<Value>) -> ServerFrame<Value> {
    ServerFrame::Event(Logged { offset: Offset(42), at: 1_790_000_000_000, by: ana(), event })
}

fn welcome(recovered: bool, snapshot: Option<Snapshot<Value>>) -> Welcome<Value> {
    Welcome {
        protocol: PROTOCOL,
        room: RoomName::main(),
        you: "pMe".into(),
        epoch: Epoch("e1".to_owned()),
        offset: Offset(41),
        recovered,
        snapshot,
        open: false,
        counts: false,
    }
}

fn logo() -> Piece {
    Piece {
        id: logos(),
        x: 0.5,
        y: 0.25,
        kind: "image".to_owned(),
        text: "Our logo".to_owned(),
        url: Some("/uploads/a.png".to_owned()),
        width: 0.15,
        z: 2,
        locked: true,
    }
}

fn logos() -> PieceId {
    "logo".parse().expect("a legal id")
}

fn hello() -> Said {
    Said {
        id: "s1".into(),
        offset: Offset(40),
        at: 1_790_000_000_000,
        by: ana(),
        name: "Ana".to_owned(),
        text: "Hello".to_owned(),
        edited_at: None,
    }
}

fn ana_is_here() -> Person {
    Person { id: "pAna".into(), name: "Ana".to_owned() }
}

#[test]
fn the_protocol_has_a_number_and_a_name() {
    assert_eq!(PROTOCOL, 1);
    assert_eq!(SUBPROTOCOL, "nowcast.v1");
}

#[test]
fn a_welcome_that_continues_has_a_null_snapshot() {
    let frame = ServerFrame::Welcome(welcome(true, None));
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"welcome","protocol":1,"room":"main","you":"pMe","epoch":"e1","offset":41,"recovered":true,"snapshot":null}"#);
}

#[test]
fn a_welcome_says_when_anyone_may_publish() {
    let frame = ServerFrame::Welcome(Welcome { open: true, ..welcome(true, None) });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"welcome","protocol":1,"room":"main","you":"pMe","epoch":"e1","offset":41,"recovered":true,"snapshot":null,"open":true}"#);
}

#[test]
fn a_welcome_says_when_clicks_are_counted() {
    let frame = ServerFrame::Welcome(Welcome { counts: true, ..welcome(true, None) });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"welcome","protocol":1,"room":"main","you":"pMe","epoch":"e1","offset":41,"recovered":true,"snapshot":null,"counts":true}"#);
}

#[test]
fn a_welcome_that_begins_anew_brings_the_room() {
    let snapshot = Snapshot {
        title: "Results".to_owned(),
        items: vec![message()],
        more: true,
        pieces: vec![logo()],
        variables: BTreeMap::from([("goal".to_owned(), Variable { value: json!(3), version: 1 })]),
        chat: Chat { said: vec![hello()], more: false },
        settings: Settings { chat: Who::Users, slow: 5, ..Settings::default() },
        presence: PresenceState {
            version: 7,
            count: 2,
            people: vec![ana_is_here()],
            transports: Transports { websocket: 1, sse: 0, poll: 1, bridge: 0 },
        },
    };
    let frame = ServerFrame::Welcome(welcome(false, Some(snapshot)));
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"welcome","protocol":1,"room":"main","you":"pMe","epoch":"e1","offset":41,"recovered":false,"snapshot":{"title":"Results","items":[{"id":"i1","offset":42,"at":1790000000000,"kind":"message","data":{"text":"*Hi*"},"html":"<p><em>Hi</em></p>","by":{"role":"admin","id":"pAna","name":"Ana"}}],"more":true,"pieces":[{"id":"logo","x":0.5,"y":0.25,"kind":"image","text":"Our logo","url":"/uploads/a.png","width":0.15,"z":2,"locked":true}],"variables":{"goal":{"value":3,"version":1}},"chat":{"said":[{"id":"s1","offset":40,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"name":"Ana","text":"Hello"}],"more":false},"settings":{"chat":"users","drag":"everyone","variables":[],"private":false,"slow":5,"approval":false},"presence":{"version":7,"count":2,"people":[{"id":"pAna","name":"Ana"}],"transports":{"websocket":1,"sse":0,"poll":1}}}}"#);
}

#[test]
fn a_snapshot_of_an_older_server_can_be_read() {
    let read: Snapshot<Value> = serde_json::from_value(json!({"items": []})).unwrap();
    assert_eq!(
        read,
        Snapshot {
            title: String::new(),
            items: Vec::new(),
            more: false,
            pieces: Vec::new(),
            variables: BTreeMap::new(),
            chat: Chat::default(),
            settings: Settings::default(),
            presence: PresenceState::default(),
        }
    );
}

#[test]
fn item_published() {
    let frame = logged(Event::ItemPublished { item: message() });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"item_published","item":{"id":"i1","offset":42,"at":1790000000000,"kind":"message","data":{"text":"*Hi*"},"html":"<p><em>Hi</em></p>","by":{"role":"admin","id":"pAna","name":"Ana"}}}}"#);
}

#[test]
fn item_edited() {
    let item = Item { edited_at: Some(1_790_000_001_000), offset: Offset(7), ..message() };
    let frame = logged(Event::ItemEdited { item });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"item_edited","item":{"id":"i1","offset":7,"at":1790000000000,"kind":"message","data":{"text":"*Hi*"},"html":"<p><em>Hi</em></p>","by":{"role":"admin","id":"pAna","name":"Ana"},"edited_at":1790000001000}}}"#);
}

#[test]
fn item_deleted() {
    let frame = logged(Event::ItemDeleted { item: ItemId("i1".to_owned()) });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"item_deleted","item":"i1"}}"#);
}

#[test]
fn room_titled() {
    let frame = logged(Event::RoomTitled { title: "Finals".to_owned() });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"room_titled","title":"Finals"}}"#);
}

#[test]
fn an_item_without_markdown_and_without_a_name() {
    let item = Item {
        kind: "link".to_owned(),
        data: json!({"url": "https://example.org", "title": "There", "extra": [1]}),
        html: None,
        by: Author { role: Role::Publisher, id: "pTicker".into(), name: None },
        ..message()
    };
    insta::assert_snapshot!(pinned(&item), @r#"{"id":"i1","offset":42,"at":1790000000000,"kind":"link","data":{"extra":[1],"title":"There","url":"https://example.org"},"by":{"role":"publisher","id":"pTicker"}}"#);
}

#[test]
fn every_role_has_its_name() {
    let roles = [Role::Admin, Role::Publisher, Role::User, Role::Viewer];
    insta::assert_snapshot!(pinned(&roles.to_vec()), @r#"["admin","publisher","user","viewer"]"#);
}

#[test]
fn a_way_that_nobody_goes_is_left_out_if_it_is_a_later_one() {
    let transports = Transports { websocket: 1, sse: 0, poll: 0, bridge: 2 };
    let json = serde_json::to_string(&transports).unwrap();
    assert_eq!(json, r#"{"websocket":1,"sse":0,"poll":0,"bridge":2}"#);
    assert_eq!(serde_json::from_str::<Transports>(&json).unwrap(), transports);
    let earlier = r#"{"websocket":1,"sse":0,"poll":0}"#;
    assert_eq!(serde_json::from_str::<Transports>(earlier).unwrap().bridge, 0);
}

#[test]
fn signal_presence() {
    let signal = Signal::Presence(Presence {
        version: 8,
        count: 3,
        joined: vec![ana_is_here()],
        left: vec![PublicId("pBen".to_owned())],
        since: Some(7),
        people: None,
        transports: Transports { websocket: 1, sse: 1, poll: 1, bridge: 0 },
    });
    let frame: ServerFrame<Value> = ServerFrame::Signal { signal };
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"signal","signal":{"kind":"presence","version":8,"count":3,"joined":[{"id":"pAna","name":"Ana"}],"left":["pBen"],"since":7,"transports":{"websocket":1,"sse":1,"poll":1}}}"#);
}

#[test]
fn ack() {
    let with_both: ServerFrame<Value> =
        ServerFrame::Ack { command: Some("k17".into()), offset: Some(Offset(42)), held: false };
    insta::assert_snapshot!(pinned(&with_both), @r#"{"t":"ack","command":"k17","offset":42}"#);
    let held: ServerFrame<Value> =
        ServerFrame::Ack { command: Some("k17".into()), offset: None, held: true };
    insta::assert_snapshot!(pinned(&held), @r#"{"t":"ack","command":"k17","held":true}"#);
    let with_neither: ServerFrame<Value> =
        ServerFrame::Ack { command: None, offset: None, held: false };
    insta::assert_snapshot!(pinned(&with_neither), @r#"{"t":"ack"}"#);
}

#[test]
fn reject() {
    let named: ServerFrame<Value> = ServerFrame::Reject {
        command: Some(CommandId("k17".to_owned())),
        code: Code::Forbidden,
        message: "Only an admin may publish here.".to_owned(),
    };
    insta::assert_snapshot!(pinned(&named), @r#"{"t":"reject","command":"k17","code":"forbidden","message":"Only an admin may publish here."}"#);
    let unreadable: ServerFrame<Value> = ServerFrame::Reject {
        command: None,
        code: Code::BadJson,
        message: "That is not JSON.".to_owned(),
    };
    insta::assert_snapshot!(pinned(&unreadable), @r#"{"t":"reject","command":null,"code":"bad_json","message":"That is not JSON."}"#);
}

#[test]
fn push() {
    let frame: ServerFrame<Value> =
        ServerFrame::Push { id: "n1".to_owned(), data: json!({"any": ["value", 1, null]}) };
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"push","id":"n1","data":{"any":["value",1,null]}}"#);
}

#[test]
fn pong() {
    let frame: ServerFrame<Value> = ServerFrame::Pong;
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"pong"}"#);
}

#[test]
fn goodbye() {
    let frame: ServerFrame<Value> =
        ServerFrame::Goodbye { reason: Reason::SlowConsumer, reconnect: true };
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"goodbye","reason":"slow_consumer","reconnect":true}"#);
}

#[test]
fn every_reason_keeps_its_name_and_close_code() {
    let table: Vec<String> = Reason::ALL
        .iter()
        .map(|reason| format!("{} {} {}", reason.close_code(), reason, reason.reconnect()))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    4000 restarting true
    4001 slow_consumer true
    4002 timed_out true
    4003 failed true
    4004 reauthorize true
    4005 replaced false
    4006 room_closed false
    4007 bad_frame false
    4008 flooding false
    4009 blocked false
    ");
}

#[test]
fn every_code_keeps_its_name_and_status() {
    let table: Vec<String> =
        Code::ALL.iter().map(|code| format!("{} {code}", code.status())).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    400 bad_json
    400 bad_utf8
    400 bad_form
    400 bad_query
    400 bad_since
    400 bad_client
    400 bad_room
    400 bad_key
    400 bad_request
    426 upgrade_required
    401 unauthorized
    401 wrong_password
    403 forbidden
    401 token_invalid
    401 token_expired
    401 token_replayed
    401 token_foreign
    401 bad_signature
    403 not_invited
    403 blocked
    403 muted
    403 too_late
    403 piece_locked
    403 foreign_origin
    404 not_found
    404 unknown_room
    404 unknown_item
    404 unknown_button
    404 unknown_piece
    404 unknown_variable
    404 unknown_said
    404 unknown_person
    404 unknown_source
    405 method_not_allowed
    408 timed_out
    409 conflict
    409 piece_held
    409 stage_full
    409 pushes_full
    409 sources_full
    409 variables_full
    412 version_mismatch
    413 too_large
    415 unsupported_type
    415 not_an_image
    422 unknown_kind
    422 bad_item
    422 bad_url
    422 bad_piece
    422 bad_variable
    422 bad_said
    422 bad_name
    422 bad_settings
    422 bad_source
    422 idempotency_mismatch
    429 rate_limited
    429 slow_mode
    500 internal
    503 unavailable
    503 secrets_locked
    503 store_full
    503 store_locked
    503 store_read_only
    503 store_failed
    ");
}

#[test]
fn events_of_the_stage() {
    let put = Event::PiecePut { piece: logo() };
    insta::assert_snapshot!(pinned(&logged(put)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"piece_put","piece":{"id":"logo","x":0.5,"y":0.25,"kind":"image","text":"Our logo","url":"/uploads/a.png","width":0.15,"z":2,"locked":true}}}"#);
    let plain = Piece { text: String::new(), url: None, locked: false, ..logo() };
    insta::assert_snapshot!(pinned(&plain), @r#"{"id":"logo","x":0.5,"y":0.25,"kind":"image","width":0.15,"z":2}"#);
    let moved = Event::PieceMoved { piece: logos(), x: 0.0, y: 1.0 };
    insta::assert_snapshot!(pinned(&logged(moved)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"piece_moved","piece":"logo","x":0.0,"y":1.0}}"#);
    let removed = Event::PieceRemoved { piece: logos() };
    insta::assert_snapshot!(pinned(&logged(removed)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"piece_removed","piece":"logo"}}"#);
}

#[test]
fn events_of_variables() {
    let set = Event::VariableSet { name: "goal".to_owned(), value: json!([3]), version: 42 };
    insta::assert_snapshot!(pinned(&logged(set)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"variable_set","name":"goal","value":[3],"version":42}}"#);
    let unset = Event::VariableUnset { name: "goal".to_owned() };
    insta::assert_snapshot!(pinned(&logged(unset)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"variable_unset","name":"goal"}}"#);
}

#[test]
fn events_of_the_chat() {
    let said = Event::Said { id: "s1".into(), name: "Ana".to_owned(), text: "Hello".to_owned() };
    insta::assert_snapshot!(pinned(&logged(said)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"said","id":"s1","name":"Ana","text":"Hello"}}"#);
    let edited = Event::SaidEdited { id: "s1".into(), text: "Hello all".to_owned() };
    insta::assert_snapshot!(pinned(&logged(edited)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"said_edited","id":"s1","text":"Hello all"}}"#);
    let deleted = Event::SaidDeleted { id: "s1".into() };
    insta::assert_snapshot!(pinned(&logged(deleted)), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"said_deleted","id":"s1"}}"#);
}

#[test]
fn room_set() {
    let settings = Settings {
        chat: Who::Everyone,
        drag: Who::Nobody,
        variables: vec!["score".to_owned(), "team-*".to_owned()],
        private: true,
        slow: 30,
        approval: true,
    };
    insta::assert_snapshot!(pinned(&logged(Event::RoomSet { settings })), @r#"{"t":"event","offset":42,"at":1790000000000,"by":{"role":"admin","id":"pAna","name":"Ana"},"event":{"kind":"room_set","settings":{"chat":"everyone","drag":"nobody","variables":["score","team-*"],"private":true,"slow":30,"approval":true}}}"#);
}

#[test]
fn signals_of_people_and_pieces() {
    let frame = |signal| pinned(&ServerFrame::<Value>::Signal { signal });
    let (by, name) = (PublicId("pAna".to_owned()), "Ana".to_owned());
    let held = Signal::PieceHeld { piece: logos(), by: Some(by.clone()), name: Some(name.clone()) };
    insta::assert_snapshot!(frame(held), @r#"{"t":"signal","signal":{"kind":"piece_held","piece":"logo","by":"pAna","name":"Ana"}}"#);
    insta::assert_snapshot!(frame(Signal::PieceHeld { piece: logos(), by: None, name: None }), @r#"{"t":"signal","signal":{"kind":"piece_held","piece":"logo","by":null}}"#);
    let moving = Signal::PieceMoving { piece: logos(), x: 0.42, y: 0.1, by: by.clone() };
    insta::assert_snapshot!(frame(moving), @r#"{"t":"signal","signal":{"kind":"piece_moving","piece":"logo","x":0.42,"y":0.1,"by":"pAna"}}"#);
    let typing = Signal::Typing { by: by.clone(), name: name.clone() };
    insta::assert_snapshot!(frame(typing), @r#"{"t":"signal","signal":{"kind":"typing","by":"pAna","name":"Ana"}}"#);
    let you = Signal::You { you: by, name: Some(name), user: Some("ana".to_owned()) };
    insta::assert_snapshot!(frame(you), @r#"{"t":"signal","signal":{"kind":"you","you":"pAna","name":"Ana","user":"ana"}}"#);
    insta::assert_snapshot!(frame(Signal::Held { count: 2 }), @r#"{"t":"signal","signal":{"kind":"held","count":2}}"#);
    insta::assert_snapshot!(frame(Signal::Queued { count: 2 }), @r#"{"t":"signal","signal":{"kind":"queued","count":2}}"#);
}

#[test]
fn a_presence_that_is_relative_to_nothing_names_everybody() {
    let people = Some(vec![ana_is_here()]);
    let signal = Signal::Presence(Presence { version: 8, count: 3, people, ..Presence::default() });
    insta::assert_snapshot!(pinned(&ServerFrame::<Value>::Signal { signal }), @r#"{"t":"signal","signal":{"kind":"presence","version":8,"count":3,"joined":[],"left":[],"people":[{"id":"pAna","name":"Ana"}],"transports":{"websocket":0,"sse":0,"poll":0}}}"#);
}

fn asked(command: Command<Value>) -> PageFrame<Value> {
    PageFrame::Command { id: Some("k1".into()), command }
}

#[test]
fn command_publish() {
    let item = NewItem { kind: "message".to_owned(), data: json!({"text": "Hi"}) };
    let frame = asked(Command::Publish { item });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"command","id":"k1","command":{"kind":"publish","item":{"kind":"message","data":{"text":"Hi"}}}}"#);
}

#[test]
fn command_edit() {
    let frame = asked(Command::Edit { item: "i1".into(), data: json!({"text": "Ho"}) });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"command","id":"k1","command":{"kind":"edit","item":"i1","data":{"text":"Ho"}}}"#);
}

#[test]
fn command_delete() {
    let frame = asked(Command::Delete { item: "i1".into() });
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"command","id":"k1","command":{"kind":"delete","item":"i1"}}"#);
}

#[test]
fn a_command_may_go_without_an_id() {
    let command = Command::<Value>::Delete { item: "i1".into() };
    let frame = PageFrame::Command { id: None, command };
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"command","command":{"kind":"delete","item":"i1"}}"#);
}

#[test]
fn every_command_kind_is_listed_and_keeps_its_fields() {
    let (said, person) = (SaidId::from("s1"), PublicId::from("pBen"));
    let change = PieceChange { x: Some(0.5), look: Some("text".to_owned()), ..Default::default() };
    let all: [Command<Value>; 20] = [
        Command::Publish { item: NewItem { kind: "message".to_owned(), data: Value::Null } },
        Command::Edit { item: "i1".into(), data: Value::Null },
        Command::Delete { item: "i1".into() },
        Command::Say { text: "Hello".to_owned(), name: None },
        Command::EditSaid { said: said.clone(), text: "Ho".to_owned() },
        Command::DeleteSaid { said },
        Command::Typing {},
        Command::Put { piece: logos(), change },
        Command::Remove { piece: logos() },
        Command::Grab { piece: logos() },
        Command::Move { piece: logos(), x: 0.25, y: 1.0 },
        Command::Drop { piece: logos(), x: 0.25, y: 1.0 },
        Command::Set { name: "goal".to_owned(), value: json!(3), version: Some(0) },
        Command::Unset { name: "goal".to_owned(), version: None },
        Command::Name { name: "Ana".to_owned() },
        Command::Register { token: None, id: Some("ana".to_owned()) },
        Command::Mute { person: person.clone(), seconds: Some(60) },
        Command::Unmute { person: person.clone() },
        Command::Block { person: person.clone() },
        Command::Unblock { person },
    ];
    let texts = all.each_ref().map(pinned);
    insta::assert_snapshot!(texts.join("\n"), @r#"
    {"kind":"publish","item":{"kind":"message","data":null}}
    {"kind":"edit","item":"i1","data":null}
    {"kind":"delete","item":"i1"}
    {"kind":"say","text":"Hello"}
    {"kind":"edit_said","said":"s1","text":"Ho"}
    {"kind":"delete_said","said":"s1"}
    {"kind":"typing"}
    {"kind":"put","piece":"logo","x":0.5,"look":"text"}
    {"kind":"remove","piece":"logo"}
    {"kind":"grab","piece":"logo"}
    {"kind":"move","piece":"logo","x":0.25,"y":1.0}
    {"kind":"drop","piece":"logo","x":0.25,"y":1.0}
    {"kind":"set","name":"goal","value":3,"version":0}
    {"kind":"unset","name":"goal"}
    {"kind":"name","name":"Ana"}
    {"kind":"register","id":"ana"}
    {"kind":"mute","person":"pBen","seconds":60}
    {"kind":"unmute","person":"pBen"}
    {"kind":"block","person":"pBen"}
    {"kind":"unblock","person":"pBen"}
    "#);
    let kinds = all.map(|command| {
        let kind = serde_json::to_value(command).unwrap()["kind"].take();
        kind.as_str().map(str::to_owned).expect("a command is tagged with its kind")
    });
    assert_eq!(kinds, command::KINDS);
}

#[test]
fn ping() {
    let frame: PageFrame<Value> = PageFrame::Ping;
    insta::assert_snapshot!(pinned(&frame), @r#"{"t":"ping"}"#);
}

#[test]
fn an_unknown_kind_from_a_page_is_an_error() {
    for unknown in [
        r#"{"t":"dance"}"#,
        r#"{"t":"command","id":"k1","command":{"kind":"explode"}}"#,
        r#"{"t":"command","id":"k1","command":{"item":"i1"}}"#,
        r#"{"t":"welcome"}"#,
        r#"{"command":{"kind":"delete","item":"i1"}}"#,
    ] {
        let read = serde_json::from_str::<PageFrame<Value>>(unknown);
        assert!(read.is_err(), "{unknown} was read as {read:?}");
    }
}

#[test]
fn a_command_of_the_wrong_shape_is_an_error() {
    for malformed in [
        r#"{"kind":"publish"}"#,
        r#"{"kind":"publish","item":{"kind":"message"}}"#,
        r#"{"kind":"publish","item":{"kind":7,"data":{}}}"#,
        r#"{"kind":"edit","item":"i1"}"#,
        r#"{"kind":"edit","item":7,"data":{}}"#,
        r#"{"kind":"delete"}"#,
        r#"{"kind":"delete","item":null}"#,
    ] {
        let read = serde_json::from_str::<Command<Value>>(malformed);
        assert!(read.is_err(), "{malformed} was read as {read:?}");
    }
}

#[test]
fn an_illegal_room_name_does_not_become_a_welcome() {
    let text = pinned(&ServerFrame::Welcome(welcome(true, None))).replace("main", "../main");
    assert!(serde_json::from_str::<ServerFrame<Value>>(&text).is_err());
}
