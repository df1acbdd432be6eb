//! One item, as viewers see it, here and on the desk.
//!
//! Data is text and is placed as text. Only `html`, which the server rendered and sanitised, is
//! placed as markup. Addresses lead only where the server lets them lead; they are checked again,
//! because a page should not have to trust what it is told to link to.

use super::clock::Time;
use super::custom;
use super::part::{part, sentence, words};
use super::post::post;
use crate::dom::{self, Listener};
use crate::store::feed::Entry;
use leptos::prelude::*;
use nowcast_shared::item::{Author, Body, Item, Role};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// What can be done with an item, drawn beside its author. The viewers' page has none.
pub type Actions = Arc<dyn Fn(ArcRwSignal<Item<Body>>) -> AnyView + Send + Sync>;

/// An item: when, who, what.
#[component]
pub fn ItemView(
    /// Which.
    entry: Entry,
    /// What can be done with it.
    #[prop(optional_no_strip)]
    actions: Option<Actions>,
) -> impl IntoView {
    let item = entry.item;
    let (id, at) = item.with_untracked(|item| (item.id.0.clone(), item.at));
    let (named, marked, shown) = (item.clone(), item.clone(), item.clone());
    let who = words(move || named.with(writer));
    let edited = words(move || {
        let edited = marked.with(|item| item.edited_at.is_some());
        if edited { "edited".to_owned() } else { String::new() }
    });
    let content = part(move || {
        shown.with(|item| match &item.data {
            Body::Custom { .. } => custom::offered(item),
            data => content(data, item.html.as_deref()),
        })
    });
    view! {
        <article class=if entry.arrived { "item arrived" } else { "item" } data-item=id>
            <div class="what">
                <header>
                    <b dir="auto">{who}</b>
                    <Time at=at />
                    <i>{edited}</i>
                    {actions.map(|actions| actions(item))}
                </header>
                {content}
            </div>
        </article>
    }
}

/// Whose words an item brings: a post those of somebody elsewhere.
pub fn writer(item: &Item<Body>) -> String {
    match &item.data {
        Body::Post { user: Some(user), .. } => user.clone(),
        _ => author(&item.by),
    }
}

/// What somebody is called who gave no name.
pub fn author(by: &Author) -> String {
    by.name.clone().unwrap_or_else(|| {
        match by.role {
            Role::Admin => "Host",
            Role::Publisher => "Publisher",
            Role::User | Role::Viewer => "Someone",
        }
        .to_owned()
    })
}

/// The content of an item, also for previews.
pub fn content(data: &Body, html: Option<&str>) -> AnyView {
    match (data, html) {
        (Body::Message { .. }, Some(html)) => {
            view! { <div class="prose" dir="auto" inner_html=html.to_owned()></div> }.into_any()
        }
        (Body::Message { text }, None) => sentence("prose plain", text.clone(), None),
        (Body::Link { url, title, description }, _) => {
            link(url, title.as_deref(), description.as_deref().unwrap_or_default())
        }
        (Body::Image { url, alt, size }, _) => image(url, alt, *size),
        (Body::Post { text, picture, source, url, .. }, _) => {
            post(text.as_deref(), picture.as_ref(), source.as_deref(), url.as_deref())
        }
        (Body::Custom { json }, _) => custom::shown(json),
        (Body::Unknown, _) => {
            faded("This item needs a newer version of the page. Reload to see it.")
        }
    }
}

fn faded(words: &str) -> AnyView {
    sentence("faded", words.to_owned(), None)
}

/// An address that may be linked to or shown, if it is one.
pub fn safe(url: &str) -> Option<&str> {
    let scheme = |scheme: &str| {
        url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    // No name of a picture climbs out of its folder.
    let upload = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !name.is_empty() && name.bytes().all(plain) && !name.contains("..")
    };
    let fine = scheme("https://")
        || scheme("http://")
        || url.strip_prefix("/uploads/").is_some_and(upload);
    fine.then_some(url)
}

fn link(url: &str, title: Option<&str>, description: &str) -> AnyView {
    let Some(href) = safe(url).map(ToOwned::to_owned) else {
        return faded("That link does not open.");
    };
    // As the browser understands it, so that nobody is sent to a place that has another name.
    let Ok(place) = web_sys::Url::new(&href) else {
        return faded("That link does not open.");
    };
    let host = place.host();
    // Without a title, the address itself says most.
    let title = match title {
        Some(title) => title.to_owned(),
        None => (host.clone() + &place.pathname()).trim_end_matches('/').to_owned(),
    };
    view! {
        <a class="card" href=href target="_blank" rel="noopener noreferrer nofollow" dir="auto">
            <strong>{title}</strong>
            <span>{description.to_owned()}</span>
            <small>{host}</small>
        </a>
    }
    .into_any()
}

/// Pictures are not shown higher than this, in CSS pixels.
const HIGHEST: u32 = 640;

/// The size to keep a picture's place free with.
fn fit((width, height): (u32, u32)) -> (u32, u32) {
    if height <= HIGHEST {
        return (width, height);
    }
    let narrow = u64::from(width) * u64::from(HIGHEST) / u64::from(height);
    (u32::try_from(narrow).unwrap_or(width).max(1), HIGHEST)
}

/// Lets a sentence take the place of every picture on the page that cannot be loaded.
pub fn watch_pictures() {
    Listener::ahead(&dom::document(), "error", |event| {
        let image = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if let Some(figure) = image.and_then(|image| image.parent_element()) {
            figure.set_class_name("failed");
        }
    })
    .forever();
}

/// A picture, with what it shows under it.
pub fn image(url: &str, alt: &str, size: Option<(u32, u32)>) -> AnyView {
    let Some(src) = safe(url).map(ToOwned::to_owned) else {
        return faded("That picture cannot be shown.");
    };
    let (width, height) = size
        .map(fit)
        .map(|(width, height)| (u64::from(width).to_string(), u64::from(height).to_string()))
        .unzip();
    view! {
        <figure>
            <img
                src=src
                alt=alt.to_owned()
                width=width
                height=height
                loading="lazy"
                decoding="async"
            />
            <p class="card">"This picture could not be loaded."</p>
            <figcaption aria-hidden="true" dir="auto">{alt.to_owned()}</figcaption>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_lead_to_pages_and_pictures_are_safe() {
        for good in ["https://a.example/x?y#z", "HTTP://a.example", "/uploads/a-B_9.png"] {
            assert_eq!(safe(good), Some(good));
        }
        for bad in [
            "",
            "javascript:alert(1)",
            " https://a",
            "data:text/html,x",
            "//a.example/",
            "/api/logout",
            "/uploads/",
            "/uploads/..",
            "/uploads/../api/logout",
            "/uploads/%2e%2e/api/logout",
            "/uploads/..\\api",
            "/uploads/a.png?x",
            "ä",
        ] {
            assert_eq!(safe(bad), None, "{bad}");
        }
    }

    #[test]
    fn high_pictures_keep_their_shape() {
        assert_eq!(fit((1200, 600)), (1200, 600));
        assert_eq!(fit((1000, 1280)), (500, 640));
        assert_eq!(fit((1, u32::MAX)), (1, 640));
        assert_eq!(fit((u32::MAX, 641)).1, 640);
    }
}
