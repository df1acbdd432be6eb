//! Items on a real page: what is shown, and that nothing in their data becomes markup.

#![cfg(target_arch = "wasm32")]

use leptos::prelude::*;
use leptos::task::tick;
use nowcast_client::page::item::{ItemView, watch_pictures};
use nowcast_client::page::list::{FeedList, Reading};
use nowcast_client::store::Store;
use nowcast_client::store::apply::apply;
use nowcast_client::{dom, read};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement};

wasm_bindgen_test_configure!(run_in_browser);

/// An item as JSON; `fields` are those beside the ones that every item has.
fn json(offset: u64, kind: &str, data: &str, fields: &str) -> String {
    format!(
        r#"{{"id":"i{offset}","offset":{offset},"at":1700000000000,"kind":"{kind}","data":{data},
            "by":{{"role":"admin","id":"p1","name":"Ana"}}{fields}}}"#
    )
}

fn store_with(items: &[String]) -> Store {
    let store = Store::new();
    tell(
        store,
        &format!(
            r#"{{"t":"welcome","protocol":1,"room":"main","you":"p","epoch":"e1","offset":{},"recovered":false,
            "snapshot":{{"title":"T","items":[{}]}}}}"#,
            items.len(),
            items.join(",")
        ),
    );
    store
}

fn tell(store: Store, frame: &str) {
    apply(store, read::frame(frame));
}

/// Shows a view in a place of its own.
async fn show<V: IntoView + 'static>(view: impl FnOnce() -> V + 'static) -> HtmlElement {
    let place: HtmlElement = dom::document().create_element("div").unwrap().unchecked_into();
    dom::document().body().unwrap().append_child(&place).unwrap();
    leptos::mount::mount_to(place.clone(), view).forget();
    tick().await;
    place
}

async fn show_item(kind: &'static str, data: &'static str, fields: &'static str) -> HtmlElement {
    show(move || {
        let store = store_with(&[json(1, kind, data, fields)]);
        let entry = store.feed.entries.get_untracked()[0].clone();
        view! { <ItemView entry=entry /> }
    })
    .await
}

fn one(place: &Element, selector: &str) -> Element {
    place
        .query_selector(selector)
        .unwrap()
        .unwrap_or_else(|| panic!("no {selector} in {}", place.inner_html()))
}

fn none(place: &Element, selector: &str) -> bool {
    place.query_selector(selector).unwrap().is_none()
}

#[wasm_bindgen_test]
async fn a_message_shows_its_html_its_author_and_its_time() {
    let place =
        show_item("message", r#"{"text":"**hi**"}"#, r#","html":"<p><strong>hi</strong></p>""#)
            .await;
    assert_eq!(one(&place, ".prose strong").text_content().unwrap(), "hi");
    assert_eq!(one(&place, "header b").text_content().unwrap(), "Ana");
    let time = one(&place, "time");
    assert_eq!(time.get_attribute("datetime").unwrap(), "2023-11-14T22:13:20.000Z");
    assert!(!time.get_attribute("title").unwrap().is_empty());
}

#[wasm_bindgen_test]
async fn a_message_without_html_is_shown_as_text() {
    let place = show_item("message", r#"{"text":"<img src=x onerror=alert(1)>"}"#, "").await;
    assert!(none(&place, "img"));
    assert_eq!(one(&place, ".prose").text_content().unwrap(), "<img src=x onerror=alert(1)>");
}

#[wasm_bindgen_test]
async fn nothing_in_a_links_data_becomes_markup() {
    let place = show_item(
        "link",
        r#"{"url":"https://a.example/\"><script>1</script>","title":"<b>t</b>","description":"<i>d</i>"}"#,
        "",
    )
    .await;
    assert!(none(&place, "script") && none(&place, ".card b") && none(&place, ".card i"));
    let card = one(&place, "a.card");
    assert!(card.get_attribute("rel").unwrap().contains("noopener"));
    assert_eq!(one(&card, "strong").text_content().unwrap(), "<b>t</b>");
    assert_eq!(one(&card, "span").text_content().unwrap(), "<i>d</i>");
    assert_eq!(one(&card, "small").text_content().unwrap(), "a.example");
}

#[wasm_bindgen_test]
async fn a_link_says_the_host_that_the_browser_would_go_to() {
    for (data, host, title) in [
        (r#"{"url":"https://bank.example@evil.example/"}"#, "evil.example", "evil.example"),
        (
            r#"{"url":"HTTPS://WWW.Example.org:8443/a?b"}"#,
            "www.example.org:8443",
            "www.example.org:8443/a",
        ),
    ] {
        let place = show_item("link", data, "").await;
        assert_eq!(one(&place, "small").text_content().unwrap(), host);
        assert_eq!(one(&place, "strong").text_content().unwrap(), title);
    }
}

#[wasm_bindgen_test]
async fn addresses_that_run_code_lead_nowhere() {
    for (kind, data) in [
        ("link", r#"{"url":"javascript:alert(1)","title":"x"}"#),
        ("link", r#"{"url":"data:text/html,<script>1</script>"}"#),
        ("link", r#"{"url":"https://"}"#),
        ("image", r#"{"url":"javascript:alert(1)","alt":"x"}"#),
        ("image", r#"{"url":"data:image/svg+xml,<svg/>","alt":"x"}"#),
    ] {
        let place = show_item(kind, data, "").await;
        assert!(none(&place, "[href]") && none(&place, "[src]"), "{}", place.inner_html());
        assert!(!one(&place, ".faded").text_content().unwrap().is_empty());
    }
}

#[wasm_bindgen_test]
async fn a_picture_keeps_its_place_and_has_its_words() {
    let place = show_item(
        "image",
        r#"{"url":"/uploads/none.png","alt":"A \"hall\" <b>","width":1000,"height":1280}"#,
        "",
    )
    .await;
    let image = one(&place, "figure img");
    assert_eq!(image.get_attribute("alt").unwrap(), "A \"hall\" <b>");
    assert_eq!(image.get_attribute("width").unwrap(), "500");
    assert_eq!(image.get_attribute("height").unwrap(), "640");
    assert_eq!(one(&place, "figcaption").text_content().unwrap(), "A \"hall\" <b>");
}

#[wasm_bindgen_test]
async fn a_picture_that_cannot_be_loaded_gives_way_to_a_sentence() {
    watch_pictures();
    let place = show_item("image", r#"{"url":"/uploads/none.png","alt":"A hall"}"#, "").await;
    // It is lazy: only what is near the view is loaded.
    place.scroll_into_view();
    for _ in 0..200 {
        if one(&place, "figure").class_name() == "failed" {
            return;
        }
        dom::sleep(25.0).await;
    }
    panic!("nobody noticed: {}", place.inner_html());
}

#[wasm_bindgen_test]
async fn a_kind_of_tomorrow_is_said_quietly() {
    let place = show_item("hologram", r#"{"text":"<b>x</b>"}"#, "").await;
    assert!(none(&place, ".what > b"));
    assert!(one(&place, ".faded").text_content().unwrap().contains("newer version"));
}

#[wasm_bindgen_test]
async fn an_edit_redraws_that_item_alone() {
    let cell = std::rc::Rc::new(std::cell::Cell::new(None));
    let made = cell.clone();
    let place = show(move || {
        let store = store_with(&[
            json(1, "message", r#"{"text":"first"}"#, ""),
            json(2, "message", r#"{"text":"second"}"#, ""),
        ]);
        made.set(Some(store));
        let reading = Reading::new(store);
        view! { <FeedList store=store room="main".parse().unwrap() reading=reading /> }
    })
    .await;
    let store = cell.get().unwrap();
    let rows = || {
        let rows = place.query_selector_all("li").unwrap();
        (0..rows.length()).map(|at| rows.get(at).unwrap()).collect::<Vec<_>>()
    };
    let before = rows();
    assert_eq!(before.len(), 2);
    tell(
        store,
        &format!(
            r#"{{"t":"event","offset":3,"at":1,"by":{{}},"event":{{"kind":"item_edited","item":{}}}}}"#,
            json(1, "message", r#"{"text":"better"}"#, r#","edited_at":1700000000001"#)
        ),
    );
    tick().await;
    let after = rows();
    assert!(before.iter().zip(&after).all(|(old, new)| old.is_same_node(Some(new))));
    assert!(after[0].text_content().unwrap().contains("second"));
    let edited = after[1].text_content().unwrap();
    assert!(edited.contains("better") && edited.contains("edited"), "{edited}");
    assert!(!after[0].text_content().unwrap().contains("edited"));

    tell(
        store,
        &format!(
            r#"{{"t":"event","offset":4,"at":1,"by":{{}},"event":{{"kind":"item_published","item":{}}}}}"#,
            json(4, "message", r#"{"text":"new"}"#, "")
        ),
    );
    tick().await;
    assert_eq!(rows().len(), 3);
    assert!(rows()[0].text_content().unwrap().contains("new"));
    assert!(rows()[1].is_same_node(Some(&after[0])), "what was there stays where it is");

    tell(
        store,
        r#"{"t":"event","offset":5,"at":1,"by":{},"event":{"kind":"item_deleted","item":"i2"}}"#,
    );
    tick().await;
    assert_eq!(rows().len(), 2);
    place.remove();
}

/// Says that this browser does not anchor, and sees to it.
fn without_anchoring() {
    js_sys::eval("CSS.supports = () => false").unwrap();
    let root = dom::document().document_element().unwrap();
    root.set_attribute("style", "overflow-anchor: none").unwrap();
}

#[wasm_bindgen_test]
async fn what_is_read_stays_in_its_place_where_the_browser_does_not_see_to_it() {
    without_anchoring();
    let cell = std::rc::Rc::new(std::cell::Cell::new(None));
    let made = cell.clone();
    let place = show(move || {
        let items: Vec<_> =
            (1..=80).map(|at| json(at, "message", r#"{"text":"words"}"#, "")).collect();
        let store = store_with(&items);
        let reading = Reading::new(store);
        made.set(Some((store, reading)));
        view! { <FeedList store=store room="main".parse().unwrap() reading=reading /> }
    })
    .await;
    let (store, reading) = cell.get().unwrap();
    let read: Element = place.query_selector_all("li").unwrap().get(40).unwrap().unchecked_into();
    read.scroll_into_view();
    for _ in 0..200 {
        if !reading.at_top.get_untracked() {
            break;
        }
        dom::sleep(25.0).await;
    }
    assert!(!reading.at_top.get_untracked());
    let before = read.get_bounding_client_rect().top();
    let (height, scrolled) = (place.offset_height(), dom::window().scroll_y().unwrap());
    for offset in 81..=83 {
        tell(
            store,
            &format!(
                r#"{{"t":"event","offset":{offset},"at":1,"by":{{}},"event":{{"kind":"item_published","item":{}}}}}"#,
                json(offset, "message", r#"{"text":"new"}"#, "")
            ),
        );
        tick().await;
    }
    assert!(place.offset_height() > height, "there is more above");
    for _ in 0..200 {
        if dom::window().scroll_y().unwrap() > scrolled {
            break;
        }
        dom::sleep(25.0).await;
    }
    let after = read.get_bounding_client_rect().top();
    assert!((after - before).abs() < 1.0, "from {before} to {after}");
    place.remove();
}
