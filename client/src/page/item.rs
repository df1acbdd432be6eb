//! One item, as viewers see it, here and on the desk.
//!
//! Data is text and is placed as text. Only `html`, which the server rendered and sanitised, is
//! placed as markup. Addresses lead only where the server lets them lead; they are checked again,
//! because a page should not have to trust what it is told to link to.

use super::clock::Time;
use crate::store::feed::Entry;
use leptos::prelude::*;
use nowcast_shared::item::{Author, Body, Item, Role};
use std::sync::Arc;

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
    let (at, who) = item.with_untracked(|item| (item.at, author(&item.by)));
    let edited = {
        let item = item.clone();
        move || item.with(|item| item.edited_at.is_some()).then_some("edited")
    };
    let content = {
        let item = item.clone();
        move || item.with(|item| content(&item.data, item.html.as_deref()))
    };
    view! {
        <article class="item" class:arrived=entry.arrived>
            <div class="what">
                <header>
                    <b>{who}</b>
                    <Time at=at />
                    <i>{edited}</i>
                    {actions.map(|actions| actions(item))}
                </header>
                {content}
            </div>
        </article>
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
            view! { <div class="prose" inner_html=html.to_owned()></div> }.into_any()
        }
        (Body::Message { text }, None) => {
            view! { <p class="prose plain">{text.clone()}</p> }.into_any()
        }
        (Body::Link { url, title, description }, _) => {
            link(url, title.as_deref(), description.clone())
        }
        (Body::Image { url, alt, size }, _) => image(url, alt, *size),
        (Body::Unknown, _) => {
            unknown("This item needs a newer version of the page. Reload to see it.")
        }
    }
}

fn unknown(sentence: &'static str) -> AnyView {
    view! { <p class="faded">{sentence}</p> }.into_any()
}

/// An address that may be linked to or shown, if it is one.
pub fn safe(url: &str) -> Option<&str> {
    let scheme = |scheme: &str| {
        url.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    (scheme("https://") || scheme("http://") || url.starts_with("/uploads/")).then_some(url)
}

/// The host that an address leads to, without what everybody knows.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

fn link(url: &str, title: Option<&str>, description: Option<String>) -> AnyView {
    let Some(href) = safe(url) else {
        return unknown("That link does not open.");
    };
    let host = host(href).to_owned();
    let title = title.map_or_else(|| host.clone(), ToOwned::to_owned);
    view! {
        <a class="card" href=href.to_owned() target="_blank" rel="noopener noreferrer nofollow">
            <strong>{title}</strong>
            {description.map(|text| view! { <span>{text}</span> })}
            <small>{host}</small>
        </a>
    }
    .into_any()
}

fn image(url: &str, alt: &str, size: Option<(u32, u32)>) -> AnyView {
    let Some(src) = safe(url).map(ToOwned::to_owned) else {
        return unknown("That picture cannot be shown.");
    };
    let alt = alt.to_owned();
    let caption = alt.clone();
    let failed = RwSignal::new(false);
    view! {
        <figure>
            {move || {
                if failed.get() {
                    view! { <p class="card faded">"This picture could not be loaded."</p> }.into_any()
                } else {
                    view! {
                        <img
                            src=src.clone()
                            alt=alt.clone()
                            width=size.map(|(width, _)| width)
                            height=size.map(|(_, height)| height)
                            loading="lazy"
                            decoding="async"
                            on:error=move |_| failed.set(true)
                        />
                    }
                        .into_any()
                }
            }}
            <figcaption aria-hidden=move || (!failed.get()).then_some("true")>{caption}</figcaption>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_lead_to_pages_and_pictures_are_safe() {
        for good in ["https://a.example/x?y#z", "HTTP://a.example", "/uploads/ab.png"] {
            assert_eq!(safe(good), Some(good));
        }
        for bad in [
            "",
            "javascript:alert(1)",
            " https://a",
            "data:text/html,x",
            "//a.example/",
            "/api/logout",
            "ä",
        ] {
            assert_eq!(safe(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_host_is_what_the_browser_would_go_to() {
        for (url, name) in [
            ("https://www.example.org/a/b", "example.org"),
            ("http://example.org:8080?x", "example.org:8080"),
            ("https://bank.example@evil.example/", "evil.example"),
            ("https://example.org#x", "example.org"),
        ] {
            assert_eq!(host(url), name);
        }
    }
}
