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
async fn a_post_shows_who_wrote_it_its_links_its_picture_and_the_way_back() {
    let place = show_item(
        "post",
        r#"{"user":"<b>Bo</b>","text":"one\n<i>two</i> https://a.example/x. javascript:alert(1)",
            "picture":"https://a.example/p.png","alt":"A \"tree\"","width":800,"height":400,
            "source":"Mastodon","url":"https://bank.example@social.example/@bo/1"}"#,
        "",
    )
    .await;
    assert_eq!(one(&place, "header b").text_content().unwrap(), "<b>Bo</b>");
    let text = one(&place, ".prose.plain");
    let said = "one\n<i>two</i> https://a.example/x. javascript:alert(1)";
    assert_eq!(text.text_content().unwrap(), said);
    assert!(none(&text, "i") && none(&text, "a + a"));
    let link = one(&text, "a");
    assert_eq!(link.get_attribute("href").unwrap(), "https://a.example/x");
    assert!(link.get_attribute("rel").unwrap().contains("noopener"));
    let img = one(&place, "img");
    for (name, value) in
        [("alt", "A \"tree\""), ("loading", "lazy"), ("width", "800"), ("height", "400")]
    {
        assert_eq!(img.get_attribute(name).unwrap(), value);
    }
    let back = one(&place, ".from a");
    assert_eq!(back.text_content().unwrap(), "Mastodon · social.example");
}

#[wasm_bindgen_test]
async fn a_post_of_little_shows_what_there_is() {
    let place = show_item("post", r#"{"picture":"/uploads/a.png"}"#, "").await;
    assert_eq!(one(&place, "header b").text_content().unwrap(), "Ana");
    assert_eq!(one(&place, "img").get_attribute("alt").unwrap(), "Picture");
    assert!(none(&place, ".prose") && none(&place, ".from"));
    let place =
        show_item("post", r#"{"text":"x","source":"Radio","url":"javascript:1"}"#, "").await;
    assert_eq!(one(&place, ".from").text_content().unwrap(), "Radio");
    assert!(none(&place, "a") && none(&place, "img"));
    let place =
        show_item("post", r#"{"text":"x","picture":"javascript:1","url":"https:// "}"#, "").await;
    assert!(none(&place, "img") && none(&place, "a"));
    one(&place, ".faded");
}

fn texts(place: &Element, selector: &str) -> Vec<String> {
    let found = place.query_selector_all(selector).unwrap();
    let all = (0..found.length()).filter_map(|n| found.get(n));
    all.map(|node| node.text_content().unwrap_or_default()).collect()
}

#[wasm_bindgen_test]
async fn custom_data_is_a_table_and_never_markup() {
    let place = show_item(
        "custom",
        r#"{"<i>type</i>":"<b>goal</b>","minute":17,"extra":true,"none":null,"":"",
            "by":{"name":"Ana","link":"https://a.example/"},"tags":["a",1,false],"no":[],"nil":{},
            "table":[{"team":"A","points":3},{"team":"B","note":"late"}],"mixed":[1,{"a":2}]}"#,
        "",
    )
    .await;
    let custom = one(&place, ".custom");
    assert!(none(&custom, "b") && none(&custom, "i"));
    assert_eq!(
        texts(&custom, ":scope > table > tr > th"),
        ["<i>type</i>", "minute", "extra", "none", "", "by", "tags", "no", "nil", "table", "mixed"]
    );
    let cells = texts(&custom, ":scope > table > tr > td");
    assert_eq!(cells[..5], ["<b>goal</b>", "17", "yes", "–", "Empty text"]);
    assert_eq!(cells[7..9], ["Empty list", "Empty"]);
    assert_eq!(texts(&custom, "td li"), ["a", "1", "no"]);
    assert_eq!(texts(&custom, ".wide th"), ["team", "points", "note"]);
    assert_eq!(texts(&custom, ".wide td"), ["A", "3", "", "B", "", "late"]);
    assert_eq!(one(&custom, "td a").get_attribute("href").unwrap(), "https://a.example/");
    for (data, shown) in
        [("\"a\\nb\"", "a\nb"), ("0", "0"), ("{}", "Empty"), ("[]", "Empty list"), ("[1]", "1")]
    {
        let place = show_item("custom", data, "").await;
        assert_eq!(one(&place, ".custom").text_content().unwrap(), shown);
    }
}

#[wasm_bindgen_test]
async fn a_large_table_says_how_much_is_left_out() {
    let rows: Vec<_> = (0..50).map(|n| format!(r#""k{n}":{n}"#)).collect();
    let many = format!("{{{}}}", rows.join(",")).leak();
    let place = show_item("custom", many, "").await;
    assert_eq!(texts(&place, "tr").len(), 21);
    assert_eq!(texts(&place, "tr .faded, tr.faded"), ["and 30 more"]);
    let list = format!("[{}]", ["1"; 25].join(",")).leak();
    let place = show_item("custom", list, "").await;
    assert_eq!(texts(&place, "li").len(), 21);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60)).leak();
    let place = show_item("custom", deep, "").await;
    assert_eq!(texts(&place, "table").len(), 3);
    assert!(one(&place, "code").text_content().unwrap().starts_with(r#"{"a":{"#));
    // Tables in tables share their room.
    let wide =
        format!("[{}]", vec![format!("[{}]", vec!["{\"a\":1}"; 40].join(",")); 40].join(","));
    let place = show_item("custom", wide.leak(), "").await;
    assert!(texts(&place, "tr").len() < 200, "{}", texts(&place, "tr").len());
    let long = format!("\"{}\"", "x".repeat(5000)).leak();
    let place = show_item("custom", long, "").await;
    assert!(one(&place, ".custom").text_content().unwrap().len() < 2100);
}

/// A listener at the document, as a script beside the page would have it.
fn hear(name: &'static str, then: impl Fn(&web_sys::CustomEvent) + 'static) -> dom::Listener {
    dom::Listener::on(&dom::document(), name, move |event| then(event.unchecked_ref()))
}

#[wasm_bindgen_test]
async fn a_script_may_show_a_custom_item_itself_also_after_an_edit() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let heard = Rc::new(RefCell::new(Vec::new()));
    let shows = heard.clone();
    let _shows = hear("nowcast:item", move |event| {
        let item = read::get(&event.detail(), "item");
        let goal = read::text(&read::get(&item, "data"), "goal");
        shows.borrow_mut().push(format!("{} {goal:?}", read::text(&item, "id").unwrap()));
        if let Some(goal) = goal {
            event.prevent_default();
            let element: Element = read::get(&event.detail(), "element").unchecked_into();
            element.set_inner_html("<h4></h4>");
            one(&element, "h4").set_text_content(Some(&goal));
        }
    });
    let gone = heard.clone();
    let _gone = hear("nowcast:item-removed", move |event| {
        let id = read::text(&read::get(&event.detail(), "item"), "id");
        gone.borrow_mut().push(format!("{} is gone", id.unwrap()));
    });
    let items = [
        json(1, "custom", r#"{"goal":"1:0"}"#, ""),
        json(2, "custom", r#"{"other":1}"#, ""),
        json(3, "message", r#"{"text":"x"}"#, ""),
    ];
    let owner = Owner::new();
    let store = owner.with(|| store_with(&items));
    let place = show(move || {
        let reading = Reading::new(store);
        view! { <FeedList store=store room="main".parse().unwrap() reading=reading /> }
    })
    .await;
    assert_eq!(texts(&place, ".custom h4"), ["1:0"]);
    assert_eq!(texts(&place, ".custom td"), ["1"]);
    assert_eq!(heard.take(), ["i2 None", "i1 Some(\"1:0\")"]);

    let edited = json(1, "custom", r#"{"goal":"2:0"}"#, r#","edited_at":5"#);
    tell(
        store,
        &format!(
            r#"{{"t":"event","offset":4,"at":5,"by":{{}},"event":{{"kind":"item_edited","item":{edited}}}}}"#
        ),
    );
    dom::sleep(20.0).await;
    assert_eq!(texts(&place, ".custom h4"), ["2:0"]);
    let mut said = heard.take();
    said.sort();
    assert_eq!(said, ["i1 Some(\"2:0\")", "i1 is gone"]);

    tell(
        store,
        r#"{"t":"event","offset":5,"at":5,"by":{},"event":{"kind":"item_deleted","item":"i1"}}"#,
    );
    dom::sleep(20.0).await;
    assert_eq!(heard.take(), ["i1 is gone"]);
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
