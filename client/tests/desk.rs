//! The desk's views in a real browser, without a server: what it does not fetch it is given.

#![cfg(target_arch = "wasm32")]

use leptos::prelude::*;
use leptos::task::tick;
use nowcast_client::dom::sleep;
use nowcast_client::page::admin::ask::queue::read_queue;
use nowcast_client::page::admin::ask::sources::{Would, read_sources, read_trial};
use nowcast_client::page::admin::ask::{read_me, read_tiles};
use nowcast_client::page::admin::board::Board;
use nowcast_client::page::admin::composer::Composer;
use nowcast_client::page::admin::desk::{Board as State, Desk};
use nowcast_client::page::admin::draft::{Draft, Kind as ItemKind};
use nowcast_client::page::admin::item_tools::ItemTools;
use nowcast_client::page::admin::me::{Me, Right};
use nowcast_client::page::admin::rooms::new_room::NewRoom;
use nowcast_client::page::admin::sources::source::{Format, Kind, Phase};
use nowcast_client::page::admin::tile::{Color, Face, Outcome, Tile};
use nowcast_client::page::admin::variables::Variables;
use nowcast_client::page::admin::variables::editor::Editor;
use nowcast_client::read::{self, Json};
use nowcast_client::store::Store;
use nowcast_shared::frame::Variable;
use nowcast_shared::id::{PublicId, RoomName};
use nowcast_shared::item::{Author, Body, Item, Role};
use nowcast_shared::offset::Offset;
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlTextAreaElement};

wasm_bindgen_test_configure!(run_in_browser);

fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

fn me(role: Role, may: &[Right]) -> Me {
    Me { role, name: None, may: may.to_vec(), open: false, features: Vec::new() }
}

fn admin() -> Me {
    me(Role::Admin, &[Right::Publish, Right::Buttons, Right::Upload])
}

fn tile(number: usize, label: &str) -> Tile {
    Tile {
        id: format!("b{number}").as_str().into(),
        face: Face {
            label: label.to_owned(),
            color: Color::Teal,
            kind: "message".to_owned(),
            body: Body::Message { text: "<b>bold</b>".to_owned() },
            data: Json(r#"{"text":"<b>bold</b>"}"#.to_owned()),
        },
    }
}

fn item() -> Item<Body> {
    Item {
        id: "i1".into(),
        offset: Offset(1),
        at: 0,
        kind: "message".to_owned(),
        data: Body::Message { text: "Doors open".to_owned() },
        html: None,
        by: Author { role: Role::Admin, id: PublicId("p1".to_owned()), name: None },
        edited_at: None,
    }
}

/// Shows a view of the desk of a room, on a place of its own; the desk tells what it knows.
fn show<V: IntoView + 'static>(name: &str, view: impl FnOnce() -> V + 'static) -> (Desk, Element) {
    let place = document().create_element("div").unwrap();
    document().body().unwrap().append_child(&place).unwrap();
    let desk = StoredValue::new(None);
    let name = room(name);
    let shown = leptos::mount::mount_to(place.clone().unchecked_into(), move || {
        let made = Desk::new(name, Store::new());
        provide_context(made);
        desk.set_value(Some(made));
        view()
    });
    shown.forget();
    (desk.get_value().unwrap(), place)
}

fn all(place: &Element, selector: &str) -> Vec<HtmlElement> {
    let found = place.query_selector_all(selector).unwrap();
    (0..found.length()).filter_map(|n| found.item(n)?.dyn_into().ok()).collect()
}

fn one(place: &Element, selector: &str) -> HtmlElement {
    let mut found = all(place, selector);
    assert_eq!(found.len(), 1, "{selector} in {}", place.inner_html());
    found.remove(0)
}

fn all_texts(place: &Element, selector: &str) -> Vec<String> {
    all(place, selector).iter().map(text).collect()
}

fn text(element: &HtmlElement) -> String {
    element.text_content().unwrap_or_default()
}

#[wasm_bindgen_test]
fn answers_are_read_and_what_is_not_known_is_left_out() {
    let json = r#"{"role":"admin","id":"p1","name":"","may":["publish","fly"],"open":true,
        "features":["openapi","stats"]}"#;
    let me = read_me(&read::parse(json).unwrap()).unwrap();
    assert_eq!((me.role, me.name.as_deref(), me.open), (Role::Admin, None, true));
    assert!(me.may(Right::Publish) && !me.may(Right::Edit));
    assert!(me.serves("stats") && !me.serves("sources"));
    assert_eq!(read_me(&read::parse("[]").unwrap()), None);

    let json = r#"{"buttons":[
        {"id":"b1","label":"A","color":"mauve","item":{"kind":"poll","data":{}}},
        {"id":"b2"}, 5, null]}"#;
    let tiles = read_tiles(json);
    assert_eq!(tiles.len(), 1);
    assert_eq!((tiles[0].face.color, &tiles[0].face.body), (Color::Ink, &Body::Unknown));
}

#[wasm_bindgen_test]
fn sources_are_read_and_what_is_not_known_is_left_out() {
    let json = r#"{"sources":[
        {"id":"s1","name":"Harbour","kind":"ndjson","url":"https://a.example/x","format":"moon",
         "map":{"kind":"post","fields":{"text":"/text"},"id":"/id"},"has_secret":true,
         "auth":{"kind":"basic","user":"ana"},"headers":[{"name":"X-Key","value":null}],
         "topics":["a"],"topics_as":"form","topics_field":"track","per_minute":60,"every":null,
         "filter":{"words":["b"],"repeats":true},"approval":true,"running":true,
         "state":{"state":"waiting","next":5,"per_minute":1.5,"lag":null,"seen":3,"published":1,
                  "held":0,"dropped":{"words":2,"moon":1},"error":{"text":"Gone.","at":4}}},
        {"id":"s2","name":"Of another time","kind":"carrier pigeon"}, 5, null]}"#;
    let sources = read_sources(&read::parse(json).unwrap());
    assert_eq!(sources.len(), 1);
    let (source, state) = (&sources[0].source, &sources[0].state);
    assert_eq!((source.kind, source.format), (Kind::Ndjson, Format::Own));
    assert_eq!((source.map.place("text"), source.headers[0].as_str()), ("/text", "X-Key"));
    assert!(source.has_secret && source.approval && source.filter.repeats);
    assert_eq!((source.per_minute, source.every), (Some(60), None));
    assert_eq!((state.phase, state.next, state.lag), (Phase::Waiting, Some(5), None));
    assert_eq!(state.dropped.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert_eq!(state.error, Some(("Gone.".to_owned(), 4)));
}

#[wasm_bindgen_test]
fn what_waits_is_read_to_the_letter() {
    let json = r#"{"count":7,"waiting":[
        {"id":"q1","at":9,"source":{"id":"s1","name":"Harbour"},"kind":"post",
         "data":{"text":"Ahoy","number":12345678901234567890},"html":null},
        {"id":"q2"}]}"#;
    let queue = read_queue(json);
    assert_eq!((queue.count, queue.waiting.len()), (7, 1));
    let first = &queue.waiting[0];
    assert_eq!((first.source.as_str(), first.at), ("Harbour", 9));
    assert!(first.data.0.contains("12345678901234567890"), "numbers stay as they are");
}

#[wasm_bindgen_test]
fn a_test_tells_what_would_become_of_each_record() {
    let json = r#"{"connected":true,"seen":3,"malformed":1,"timed_out":false,"error":null,"items":[
        {"kind":"message","data":{"text":"A"},"html":"<p>A</p>","would":"publish","why":null},
        {"kind":null,"data":{"odd":[1,2]},"html":null,"would":"drop","why":"unmapped"},
        {"kind":"message","data":{"text":"B"},"would":"fly"}]}"#;
    let trial = read_trial(&read::parse(json).unwrap());
    assert_eq!((trial.seen, trial.malformed, trial.items.len()), (3, 1, 2));
    assert_eq!((trial.items[0].would, &trial.items[0].record), (Would::Publish, &None));
    assert_eq!(trial.items[1].record, Some(Json(r#"{"odd":[1,2]}"#.to_owned())));
    assert_eq!(trial.items[1].why.as_deref(), Some("unmapped"));
}

/// Answers requests in the server's place by a JavaScript function of method and address, until it
/// is dropped. What was asked is found by [`asked`].
struct Answering(JsValue);

impl Answering {
    fn by(function: &str) -> Self {
        let before = read::get(&window(), "fetch");
        let stub = format!(
            "window.asked = []; window.fetch = async (url, init) => {{
                asked.push(`${{init.method}} ${{url}} ${{init.body ?? ''}}`);
                return new Response(await ({function})(init.method, url, init.signal));
            }};"
        );
        js_sys::eval(&stub).unwrap();
        Self(before)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let _ = js_sys::Reflect::set(&window(), &"fetch".into(), &self.0);
    }
}

/// Method, address and body of each request since there is an [`Answering`].
fn asked() -> Vec<String> {
    read::list(&window(), "asked", JsValue::as_string)
}

/// The desk with the tools of this item.
fn tools(name: &str, item: Item<Body>) -> (Desk, Element) {
    let (desk, place) = show(name, move || {
        let item = ArcRwSignal::new(item.clone());
        view! { <ItemTools item /> }
    });
    desk.me.set(Some(me(Role::Admin, &[Right::Edit, Right::Delete])));
    (desk, place)
}

#[wasm_bindgen_test]
fn the_data_of_buttons_is_read_to_the_letter() {
    let data = r#"{"id":9007199254740993,"ratio":1.0}"#;
    for kind in ["custom", "poll"] {
        let json = format!(
            r#"{{"buttons":[{{"id":"b1","label":"A","color":"teal","item":{{"kind":"{kind}","data":{data}}}}}]}}"#
        );
        let face = read_tiles(&json).remove(0).face;
        assert_eq!(face.data.0, data);
        if let Some(draft) = Draft::of(&face.body) {
            assert_eq!(draft.body(), Body::Custom { json: data.to_owned() });
            assert_eq!(Face::of("B".to_owned(), Color::Teal, &draft, Some(&face)).data.0, data);
        }
    }
}

#[wasm_bindgen_test]
async fn the_form_of_a_custom_item_begins_with_what_the_server_has_to_the_letter() {
    let _answering =
        Answering::by(r#"() => '{"items":[{"id":"i1","data":{"id":9007199254740993,"a":1.0}}]}'"#);
    // As it came through the browser's numbers.
    let data = Body::Custom { json: r#"{"id":9007199254740992,"a":1}"#.to_owned() };
    let (_, place) = tools("letter", Item { kind: "custom".to_owned(), data, ..item() });
    tick().await;
    one(&place, ".item-tools button:first-child").click();
    while all(&place, "textarea").is_empty() {
        sleep(5.0).await;
    }
    let field: HtmlTextAreaElement = one(&place, "textarea").unchecked_into();
    assert_eq!(field.value(), r#"{"id": 9007199254740993, "a": 1.0}"#);
    assert_eq!(asked(), ["GET /api/rooms/letter/items?before=2&limit=1 "]);
    place.remove();
}

#[wasm_bindgen_test]
async fn an_item_that_nobody_can_ask_for_is_not_edited_from_memory() {
    let _answering = Answering::by("() => { throw new TypeError('no network'); }");
    let data = Body::Custom { json: "9007199254740992".to_owned() };
    let (desk, place) = tools("unasked", Item { kind: "custom".to_owned(), data, ..item() });
    tick().await;
    one(&place, ".item-tools button:first-child").click();
    while desk.notice.with_untracked(Option::is_none) {
        sleep(5.0).await;
    }
    assert!(all(&place, "textarea").is_empty());
    place.remove();
}

#[wasm_bindgen_test]
async fn what_has_to_go_does_not_wait_for_what_it_was() {
    let _answering = Answering::by(
        "(method, url, signal) => method !== 'GET' ? '{}' : new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
        })",
    );
    let (desk, place) = tools("hangs", item());
    let started = js_sys::Date::now();
    let deleted = desk.delete_item("i1".into(), Offset(1), "message".to_owned()).await;
    assert_eq!(deleted, Ok(()));
    assert!(js_sys::Date::now() - started < 5_000.0);
    assert!(asked()[1].contains(r#""kind":"delete","item":"i1""#));
    place.remove();
}

#[wasm_bindgen_test]
async fn tiles_show_text_as_text_and_nine_of_them_have_a_key() {
    let (desk, place) = show("tiles", || view! { <Board /> });
    desk.me.set(Some(admin()));
    let tiles = (0..10).map(|number| tile(number, "<img src=x onerror=alert(1)>")).collect();
    desk.board.set(State::Here(tiles));
    tick().await;
    assert_eq!(all(&place, "button.tile").len(), 10);
    assert!(all(&place, "img, b").is_empty());
    let keys = all(&place, ".tile-key").iter().map(text).collect::<String>();
    assert_eq!(keys, "123456789");
}

#[wasm_bindgen_test]
async fn a_tile_says_when_it_went_out_and_why_it_did_not() {
    let (desk, place) = show("outcome", || view! { <Board /> });
    desk.me.set(Some(admin()));
    desk.board.set(State::Here(vec![tile(1, "Doors")]));
    for (outcome, state, line) in [
        (Outcome::Sending, "sending", "On its way"),
        (Outcome::Out("12:00:01".to_owned()), "out", "Out 12:00:01"),
        (Outcome::Failed("No answer.".to_owned()), "failed", "Not out. No answer."),
    ] {
        desk.outcomes.update(|all| {
            all.insert("b1".into(), outcome);
        });
        tick().await;
        let tile = one(&place, "button.tile");
        assert_eq!(tile.get_attribute("data-state").as_deref(), Some(state));
        assert_eq!(text(&one(&place, ".tile-line")), line);
    }
}

#[wasm_bindgen_test]
async fn an_empty_board_has_a_next_step_for_hosts_and_for_guests() {
    let (desk, place) = show("empty", || view! { <Board /> });
    desk.me.set(Some(admin()));
    desk.board.set(State::Here(Vec::new()));
    tick().await;
    one(&place, ".blank button").click();
    assert!(desk.editing.with_untracked(Option::is_some));

    desk.me.set(Some(me(Role::Viewer, &[Right::Publish])));
    tick().await;
    one(&place, ".blank button").click();
    assert!(desk.login.with_untracked(Option::is_some));
}

#[wasm_bindgen_test]
async fn what_is_missing_is_said_at_its_field_before_anything_is_sent() {
    let (desk, place) = show("missing", || view! { <Composer /> });
    desk.me.set(Some(admin()));
    desk.draft.set(Draft {
        kind: ItemKind::Image,
        image_url: "/uploads/a.png".to_owned(),
        ..Draft::default()
    });
    tick().await;
    one(&place, "button.primary").click();
    tick().await;
    assert_eq!(one(&place, "[aria-invalid=true]").id(), "compose-alt");
    assert_eq!(desk.outcome.get_untracked(), Outcome::Idle);
    place.remove();
}

#[wasm_bindgen_test]
async fn an_answer_to_a_form_that_was_closed_does_no_harm() {
    let (desk, place) = show("closed", || view! { <ItemTools item=ArcRwSignal::new(item())/> });
    desk.me.set(Some(me(Role::Admin, &[Right::Edit])));
    tick().await;
    one(&place, ".item-tools button:first-child").click();
    tick().await;
    one(&place, "button[type=submit]").click();
    one(&place, ".form-foot button[type=button]").click();
    tick().await;
    assert!(all(&place, "form").is_empty());
    // There is no server: the answer is a failure, and it is said where it can be seen.
    while desk.notice.with_untracked(Option::is_none) {
        sleep(10.0).await;
    }
    // The desk still works.
    one(&place, ".item-tools button:first-child").click();
    tick().await;
    assert_eq!(all(&place, "form").len(), 1);
    place.remove();
}

#[wasm_bindgen_test]
async fn a_draft_is_there_again_after_a_reload() {
    let (desk, place) = show("reload", || ());
    desk.draft.update(|draft| "Half a sentence".clone_into(&mut draft.text));
    tick().await;
    place.remove();
    let (again, place) = show("reload", || ());
    assert_eq!(again.draft.with_untracked(|draft| draft.text.clone()), "Half a sentence");
    let (elsewhere, _) = show("another-room", || ());
    assert!(elsewhere.draft.with_untracked(Draft::is_empty));
    again.draft.set(Draft::default());
    tick().await;
    place.remove();
}

#[wasm_bindgen_test]
async fn a_new_rooms_address_follows_its_title_until_another_is_typed() {
    let (_, place) = show("new-room", || view! { <NewRoom on_back=|()| ()/> });
    let type_into = |selector: &str, value: &str| {
        let field: HtmlInputElement = one(&place, selector).unchecked_into();
        field.set_value(value);
        let event = Event::new("input").unwrap();
        field.dispatch_event(&event).unwrap();
    };
    let address = || one(&place, "#room-address").unchecked_into::<HtmlInputElement>().value();
    type_into("#room-title", "Größe & Mut");
    tick().await;
    assert_eq!(address(), "groesse-and-mut");
    type_into("#room-address", "mut");
    type_into("#room-title", "Größe");
    tick().await;
    assert_eq!(address(), "mut");
    type_into("#room-address", "");
    tick().await;
    assert_eq!(address(), "groesse");
    place.remove();
}

#[wasm_bindgen_test]
async fn variables_are_shown_tidily_with_who_may_write_them() {
    let (desk, place) = show("variables", || view! { <Variables /> });
    let variable = Variable { value: Json("{\"a\":[1,2]}".to_owned()), version: 7 };
    let all = BTreeMap::from([
        ("score".to_owned(), variable.clone()),
        ("vote.a".to_owned(), Variable { value: Json("\"<b>\"".to_owned()), version: 9 }),
    ]);
    desk.variables.update(|known| known.begin(all));
    desk.store.settings.update(|settings| settings.variables = vec!["vote.*".to_owned()]);
    tick().await;
    let values: Vec<_> = all_texts(&place, ".value");
    assert_eq!(values, ["{\"a\": [1, 2]}", "\"<b>\""]);
    assert_eq!(all_texts(&place, ".variable-version"), ["v7", "v9"]);
    assert_eq!(all_texts(&place, ".sign"), ["Pages write"]);

    desk.variables
        .update(|known| known.set("score".to_owned(), Variable { version: 11, ..variable }));
    tick().await;
    assert_eq!(all_texts(&place, ".variable-version"), ["v11", "v9"]);
    let fresh = one(&place, ".value[data-fresh=true]");
    assert_eq!(text(&fresh), "{\"a\": [1, 2]}", "what has just changed is marked");
    place.remove();
}

#[wasm_bindgen_test]
async fn a_value_that_changes_while_it_is_edited_is_shown_before_it_is_written_over() {
    let (desk, place) = show("conflict", || {
        view! { <Editor name=Some("score".to_owned()) on_done=|()| ()/> }
    });
    // The form began when there was none of this name.
    desk.variables.update(|known| {
        known.set("score".to_owned(), Variable { value: Json("5".to_owned()), version: 3 });
    });
    tick().await;
    assert_eq!(text(&one(&place, ".meanwhile .value")), "5");
    assert_eq!(text(&one(&place, "button[type=submit]")), "Save mine over it");
    one(&place, "button[type=submit] + button").click();
    tick().await;
    assert!(all(&place, ".meanwhile").is_empty());
    let field: HtmlTextAreaElement = one(&place, "textarea").unchecked_into();
    assert_eq!(field.value(), "5");
    place.remove();
}
