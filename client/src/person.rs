//! Whose page this is, as far as the browser and the address know it.
//!
//! A token or an id that stands in the address is for this tab alone, and it is taken out of the
//! address at once: addresses are copied, shown to others, and kept in histories.

use crate::dom;
use crate::store::me::Secrets;
use crate::store::{Store, set};
use crate::stored::Shelf;
use leptos::prelude::SetValue;
use wasm_bindgen::prelude::*;
use web_sys::UrlSearchParams;

/// Under what name the person's secret is stored.
const PERSON: &str = "nowcast.person";
/// Under what name is stored what somebody wants to be called.
pub const NAME: &str = "nowcast.name";
/// What an address may say, and under what names it is stored for the tab.
const GIVEN: [(&str, &str); 2] = [("token", "nowcast.token"), ("id", "nowcast.id")];

/// Tells the store whose page this is.
pub fn recognise(store: Store) {
    take_from_address();
    let kept = Shelf::Browser.get(PERSON).filter(|person| person.len() == 24);
    let person = kept.unwrap_or_else(|| {
        let person = dom::random_id();
        Shelf::Browser.put(PERSON, &person);
        person
    });
    let [token, user] = GIVEN.map(|(_, shelf)| Shelf::Tab.get(shelf));
    store.me.secrets.set_value(Secrets { person, token, user });
    set(store.me.wish, Shelf::Browser.get(NAME));
}

/// The page is nobody's in particular from now on.
pub fn forget_user(store: Store) {
    for (_, shelf) in GIVEN {
        Shelf::Tab.remove(shelf);
    }
    recognise(store);
}

/// Moves what the address says into the tab's storage.
fn take_from_address() {
    let window = dom::window();
    let location = window.location();
    let (search, hash) = (location.search(), location.hash());
    let parts = [search.unwrap_or_default(), hash.unwrap_or_default()];
    let mut found = false;
    let [search, hash] = parts.map(|part| {
        let (Some(mark), Ok(pairs)) =
            (part.get(..1), UrlSearchParams::new_with_str(part.get(1..).unwrap_or_default()))
        else {
            return part;
        };
        let mut taken = false;
        for (name, shelf) in GIVEN {
            if let Some(value) = pairs.get(name) {
                // One of both counts, the newer one.
                for (_, other) in GIVEN {
                    Shelf::Tab.remove(other);
                }
                Shelf::Tab.put(shelf, &value);
                pairs.delete(name);
                taken = true;
            }
        }
        found |= taken;
        let rest = String::from(pairs.to_string());
        match (taken, rest.is_empty()) {
            (false, _) => part,
            (true, true) => String::new(),
            (true, false) => format!("{mark}{rest}"),
        }
    });
    if found && let Ok(history) = window.history() {
        let address = location.pathname().unwrap_or_default() + &search + &hash;
        // It only fails for another server's address.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
