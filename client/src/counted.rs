//! What a viewer's page tells for statistics: the host of the page that led here, and which links
//! of items are opened. Nothing of it where the viewer does not want to be tracked.

use crate::dom::{self, Listener};
use crate::store::Store;
use crate::{read, write};
use nowcast_shared::id::RoomName;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// The number of the button that opens a link in another tab.
const MIDDLE: i16 = 1;

/// Whether the viewer asked not to be tracked: Global Privacy Control, Do Not Track.
fn quiet() -> bool {
    let navigator = dom::window().navigator();
    read::truth(&navigator, "globalPrivacyControl")
        || read::text(&navigator, "doNotTrack").is_some_and(|asked| asked == "1")
}

/// What the server is told in the address by which the page joins: a name and a value. Where the
/// page leads from is told as long as the server counts, and at first, when that is not known yet.
pub fn came_from(store: Store) -> Option<(&'static str, String)> {
    if quiet() {
        return Some(("dnt", "1".to_owned()));
    }
    if store.feed.position().is_some() && !store.counts.get_untracked() {
        return None;
    }
    let referrer = read::text(&dom::document(), "referrer")?;
    let host = web_sys::Url::new(&referrer).ok()?.host();
    let own = dom::window().location().host().is_ok_and(|own| own == host);
    (!own && !host.is_empty()).then_some(("from", host))
}

/// Tells the server which links are opened, as long as it counts them.
pub fn tell(room: &RoomName, client: &str, store: Store) {
    if quiet() {
        return;
    }
    let address = format!("/api/rooms/{room}/clicks?client={client}");
    let opened = move |event: web_sys::Event| {
        // The right button opens a menu, not the link.
        if event.unchecked_ref::<web_sys::MouseEvent>().button() > MIDDLE {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let closest = |selector| target.as_ref()?.closest(selector).ok()?;
        let url = closest("a").and_then(|link| link.get_attribute("href"));
        let item = closest("[data-item]").and_then(|item| item.get_attribute("data-item"));
        if let (Some(url), Some(item), true) = (url, item, store.counts.get_untracked()) {
            let click = write::Object::new().text("item", &item).text("url", &url).end();
            // The browser sends it also when the page is left by the click.
            let _ = dom::window().navigator().send_beacon_with_opt_str(&address, Some(&click));
        }
    };
    // The keyboard clicks, too; the middle button does not, and as little does any but the first.
    for name in ["click", "auxclick"] {
        Listener::on(&dom::document(), name, opened.clone()).forever();
    }
}
