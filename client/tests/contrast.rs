//! Words stand out from what is behind them, in both themes, as the browser works the colours out.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, Element, HtmlElement, Node};

wasm_bindgen_test_configure!(run_in_browser);

/// What the smallest words need, by WCAG 2.2.
const ENOUGH: f64 = 4.5;

fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

/// A picture as feeds have it, with the style sheets it stands under.
fn picture(place: &Node, sheets: &[&str], html: &str) -> Element {
    for sheet in sheets {
        let style = document().create_element("style").unwrap();
        style.set_text_content(Some(sheet));
        place.append_child(&style).unwrap();
    }
    let around = document().create_element("div").unwrap();
    around.set_inner_html(html);
    place.append_child(&around).unwrap();
    around.query_selector("img").unwrap().unwrap()
}

/// Asks for a colour as it is, `color(srgb r g b)` or `rgb(r, g, b)`, and says how bright it is.
fn brightness(element: &Element, property: &str) -> f64 {
    let style = web_sys::window().unwrap().get_computed_style(element).unwrap().unwrap();
    let color = style.get_property_value(property).unwrap();
    let most = if color.starts_with("color(srgb ") { 1.0 } else { 255.0 };
    let numbers = color.trim_start_matches("color(srgb ").trim_start_matches("rgb(");
    let parts = numbers.trim_end_matches(')').split([' ', ',']).filter(|part| !part.is_empty());
    let parts: Vec<f64> = parts.map(|part| part.parse::<f64>().unwrap() / most).collect();
    let [red, green, blue] = parts[..] else { panic!("{property} is {color}") };
    let linear = |part: f64| match part {
        0.0..=0.04045 => part / 12.92,
        _ => ((part + 0.055) / 1.055).powf(2.4),
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

fn contrast(element: &Element) -> f64 {
    let (words, behind) = (brightness(element, "color"), brightness(element, "background-color"));
    (words.max(behind) + 0.05) / (words.min(behind) + 0.05)
}

#[wasm_bindgen_test]
fn the_words_of_a_picture_that_is_still_loading_can_be_read() {
    let host: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    document().body().unwrap().append_child(&host).unwrap();
    let sheets = [include_str!("../../style/base.css"), include_str!("../../style/feed.css")];
    let html = "<article class='item'><figure><img alt='The hall'></figure></article>";
    let on_the_page = picture(&host, &sheets, html);

    let shadow: Element = document().create_element("div").unwrap();
    document().body().unwrap().append_child(&shadow).unwrap();
    let root = shadow.attach_shadow(&web_sys::ShadowRootInit::new(web_sys::ShadowRootMode::Open));
    let source = include_str!("../../sdk/js/src/feed_style.js");
    let sheet = source.split('`').nth(1).unwrap();
    let html = "<section class='feed'><figure><img alt='The hall'></figure></section>";
    let embedded = picture(&root.unwrap(), &[sheet], html);

    for theme in ["light", "dark"] {
        document().document_element().unwrap().set_attribute("data-theme", theme).unwrap();
        shadow.set_attribute("theme", theme).unwrap();
        for (place, element) in [("on the page", &on_the_page), ("embedded", &embedded)] {
            let contrast = contrast(element);
            assert!(contrast >= ENOUGH, "{place}, {theme}: {contrast:.2}");
        }
    }
}
