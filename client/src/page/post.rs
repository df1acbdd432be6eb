//! What somebody said elsewhere: text, picture, and where it stands there.

use super::chat::text::{Part, parts};
use super::item::{image, safe};
use super::part::{append, built, nothing, sentence};
use leptos::prelude::*;
use nowcast_shared::item::Picture;
use web_sys::Element;

/// The content of a post. Who wrote it stands above, as with every item.
pub fn post(
    text: Option<&str>,
    picture: Option<&Picture>,
    source: Option<&str>,
    url: Option<&str>,
) -> AnyView {
    let text = match text.map(ToOwned::to_owned) {
        Some(text) => built("prose plain", move |place| {
            let _ = place.set_attribute("dir", "auto");
            linked(place, &text);
        }),
        None => nothing(),
    };
    let picture = match picture {
        // Nobody described it: that there is one is all that can be said.
        Some(Picture { url, alt, size }) => image(url, alt.as_deref().unwrap_or("Picture"), *size),
        None => nothing(),
    };
    let source = source.unwrap_or_default().to_owned();
    let back = match url.map(ToOwned::to_owned) {
        Some(url) => built("from", move |place| from(place, &source, &url)),
        None if source.is_empty() => nothing(),
        None => sentence("from", source, None),
    };
    view! { <div class="post">{text} {picture} {back}</div> }.into_any()
}

/// Where it comes from, and the way there, with the host that the browser would go to.
fn from(place: &Element, source: &str, url: &str) {
    let host = safe(url).and_then(|url| web_sys::Url::new(url).ok()).map(|url| url.host());
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        let _ = place.append_with_str_1(source);
        return;
    };
    let link = anchor(place, url);
    if !source.is_empty() {
        append(&link, "span", "", source);
        let _ = link.append_with_str_1(" · ");
    }
    append(&link, "span", "", &host);
}

/// Places text with the addresses in it as links.
pub fn linked(place: &Element, text: &str) {
    for part in parts(text, &[]) {
        match part {
            Part::Link(url) if safe(url).is_some() => {
                anchor(place, url).set_text_content(Some(url));
            }
            part => {
                // It fails for no text.
                let _ = place.append_with_str_1(part.text());
            }
        }
    }
}

/// A link to an address that is safe.
fn anchor(place: &Element, url: &str) -> Element {
    let link = append(place, "a", "", "");
    for (name, value) in
        [("href", url), ("target", "_blank"), ("rel", "noopener noreferrer nofollow ugc")]
    {
        let _ = link.set_attribute(name, value);
    }
    link
}
