//! What was sent to this user alone: a few cards that stay until they are put away, or for a while
//! that the pointer or the keyboard on them stops.

use super::item::safe;
use super::part::{Keyed, fixed, keyed, nothing};
use crate::dom::{self, Listener, Timer};
use crate::read::{self, Json};
use crate::store::Store;
use crate::store::notices::Notice;
use leptos::prelude::*;
use std::cell::OnceCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// How many are to be seen at once; the others wait.
const MOST: usize = 3;
/// How long one is to be seen, in milliseconds.
const STAYS: f64 = 20_000.0;

/// What of a notice is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    title: String,
    text: String,
    url: Option<String>,
}

/// Finds in whatever was sent what can be shown.
fn shown(data: &Json) -> Shown {
    let Some(value) = read::parse(&data.0) else {
        return Shown::default();
    };
    if let Some(text) = value.as_string() {
        return Shown { text, ..Shown::default() };
    }
    let field = |name| read::text(&value, name).filter(|text| !text.trim().is_empty());
    let (title, text) = (field("title"), field("text"));
    let url = field("url").filter(|url| safe(url).is_some());
    if title.is_none() && text.is_none() && url.is_none() {
        return Shown { text: short(&data.0), ..Shown::default() };
    }
    Shown { title: title.unwrap_or_default(), text: text.unwrap_or_default(), url }
}

/// JSON in one line that people can look at.
fn short(json: &str) -> String {
    const MOST: usize = 140;
    let plain: String = json
        .trim_matches(|bracket| matches!(bracket, '{' | '}' | '[' | ']'))
        .replace("\",\"", ", ")
        .replace("\":\"", ": ")
        .replace("\":", ": ")
        .replace(",\"", ", ")
        .chars()
        .filter(|letter| *letter != '"')
        .collect();
    match plain.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// The place of the notices on the page.
pub fn notices(store: Store) -> AnyView {
    let rows = move || {
        let open = store.notices.open.get();
        let row = |notice: &Notice| {
            let key = notice
                .id
                .bytes()
                .fold(7_u64, |key, byte| key.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let notice = notice.clone();
            Keyed { key, draw: Arc::new(move || card(store, &notice)) }
        };
        open.iter().take(MOST).map(row).collect()
    };
    let heard = Listener::on(&dom::document(), "click", move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let close = target.and_then(|target| target.closest("[data-dismiss]").ok().flatten());
        if let Some(id) = close.and_then(|close| close.get_attribute("data-dismiss")) {
            store.notices.dismiss(&id);
        }
    });
    StoredValue::new_local(heard);
    view! { <div class="for-you" role="status" aria-label="For you">{keyed(rows)}</div> }.into_any()
}

fn card(store: Store, notice: &Notice) -> AnyView {
    let Shown { title, text, url } = shown(&notice.data);
    let id = notice.id.clone();
    go_away(store, id.clone());
    let link = match url {
        Some(url) => {
            view! { <a href=url target="_blank" rel="noopener nofollow ugc">"Open"</a> }.into_any()
        }
        None => nothing(),
    };
    view! {
        <section class="for-me" data-notice=notice.id.clone()>
            <small>"Only for you"</small>
            <strong dir="auto">{title}</strong>
            <p dir="auto">{text}</p>
            {link}
            <button data-dismiss=notice.id.clone() aria-label="Put this away">{fixed("<span></span>")}</button>
        </section>
    }
    .into_any()
}

/// Puts a notice away after a while. Whoever is at it just now has all the time.
fn go_away(store: Store, id: String) {
    let held = format!("[data-notice=\"{}\"]:is(:hover, :focus-within)", id.replace('"', ""));
    let cell: Rc<OnceCell<Weak<Timer>>> = Rc::default();
    let again = cell.clone();
    let timer = Timer::new(move || {
        if !dom::visible() || dom::find(&held).is_some() {
            if let Some(timer) = again.get().and_then(Weak::upgrade) {
                timer.after(STAYS / 4.0);
            }
        } else {
            store.notices.dismiss(&id);
        }
    });
    let _ = cell.set(Rc::downgrade(&timer));
    timer.after(STAYS);
    // It ends with the card.
    StoredValue::new_local(timer);
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn whatever_was_sent_is_one_line_that_can_be_read() {
        assert_eq!(short(r#"{"score":"2:1","minute":90}"#), "score: 2:1, minute: 90");
        assert_eq!(short(r#"[1,2,"three"]"#), "1,2, three");
        assert_eq!(short("42"), "42");
        assert_eq!(short("{}"), "");
        let long = short(&format!("\"{}\"", "ä".repeat(500)));
        assert_eq!(long.chars().count(), 141);
    }
}
