//! Who is here, and what one goes by oneself.

use super::part::{button, effect, fixed, nothing, part, sentence, words};
use crate::api::Problem;
use crate::dom::{self, Listener};
use crate::link::Link;
use crate::people_color::color_of;
use crate::person::NAME;
use crate::store::{Store, set, signal};
use crate::stored::Shelf;
use leptos::prelude::*;
use nowcast_shared::command::Command;
use wasm_bindgen::prelude::*;
use web_sys::HtmlInputElement;

/// What stands in a field.
pub(super) fn typed(field: &str) -> String {
    let field = dom::find(field).and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
    field.map(|field| field.value().trim().to_owned()).unwrap_or_default()
}

/// Goes by a name from now on, on all pages of this browser; empty for none. `refused` is told why
/// not.
pub(super) fn go_by(
    store: Store,
    link: StoredValue<Link, LocalStorage>,
    name: String,
    refused: impl FnOnce(Problem) + 'static,
) {
    let before = store.me.wish.get_untracked();
    set(store.me.wish, Some(name.clone()));
    link.with_value(|link| {
        link.send(&Command::Name { name: name.clone() }, move |answer| match answer {
            Ok(_) => Shelf::Browser.put(NAME, &name),
            Err(problem) => {
                set(store.me.wish, before);
                refused(problem);
            }
        });
    });
}

/// The button that says how many are watching, and who they are.
pub fn people(
    store: Store,
    link: StoredValue<Link, LocalStorage>,
    count: impl Fn() -> String + Send + 'static,
) -> AnyView {
    let why = signal(String::new());
    let save = move || {
        set(why, String::new());
        go_by(store, link, typed("#own-name"), move |problem| set(why, problem.detail));
    };
    let mut heard = None;
    effect(move || {
        let Some(popover) = dom::find("#people").filter(|_| heard.is_none()) else {
            return;
        };
        // What was typed and not saved is not what one goes by.
        let opens = Listener::on(&popover, "beforetoggle", move |_| {
            let field =
                dom::find("#own-name").and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(field) = field {
                field.set_value(&store.me.wish.get_untracked().unwrap_or_default());
            }
            set(why, String::new());
        });
        let enters = Listener::on(&popover, "submit", move |event| {
            event.prevent_default();
            save();
        });
        heard = Some([opens, enters]);
    });
    view! {
        <button class="watching count" popovertarget="people">{words(count)}</button>
        <div id="people" popover="auto" aria-label="Who is here">
            <form>
                <label for="own-name">"Your name"</label>
                <input id="own-name" maxlength="40" autocomplete="nickname" dir="auto" placeholder="Guest" />
                {fixed("<button>Save</button>")}
            </form>
            <p class="why" role="status">{words(move || own(store, &why.get()))}</p>
            {part(move || list(store))}
        </div>
    }
    .into_any()
}

/// What the page's own name came to.
fn own(store: Store, why: &str) -> String {
    if !why.is_empty() {
        return why.to_owned();
    }
    match store.me.name.get() {
        Some(name) if store.me.wish.get().is_some_and(|wish| wish != name) => {
            format!("You are {name} here.")
        }
        _ => String::new(),
    }
}

fn list(store: Store) -> AnyView {
    let count = store.people.count().unwrap_or_default();
    let Some(people) = store.people.named() else {
        return sentence(
            "quiet",
            "So many are here that only their number is told.".to_owned(),
            None,
        );
    };
    let me = store.me.id.get();
    let nameless = count.saturating_sub(people.len() as u64);
    let rows = people.into_iter().map(|person| {
        let you = (person.id == me).then(|| fixed("<i>You</i>"));
        view! {
            <li class=color_of(&person.id)>
                <span dir="auto">{person.name}</span>
                {you}
            </li>
        }
        .into_any()
    });
    let rows = rows.collect_view();
    let rest = match nameless {
        0 => nothing(),
        1 => sentence("quiet", "and one without a name".to_owned(), None),
        many => sentence("quiet", format!("and {many} without a name"), None),
    };
    view! { <ul>{rows}</ul> {rest} }.into_any()
}

/// The entry of the menu that leads here.
pub(super) fn menu_entry() -> AnyView {
    button("Your name".to_owned(), || {
        if let Some(menu) = dom::find("#menu") {
            let _ = menu.unchecked_ref::<web_sys::HtmlElement>().hide_popover();
        }
        if let Some(people) = dom::find("#people") {
            let _ = people.unchecked_ref::<web_sys::HtmlElement>().show_popover();
        }
        if let Some(field) = dom::find("#own-name") {
            dom::focus(&field);
        }
    })
}
