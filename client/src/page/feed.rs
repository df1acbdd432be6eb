//! The viewers' page.

use super::chat::{Talk, chat};
use super::clock::Clock;
use super::item::watch_pictures;
use super::layout::{self, Layout, Marks, Panel, tabs};
use super::list::{FeedList, Reading};
use super::menu::Menu;
use super::part::{Part, button, effect, nothing, part, sentence, words};
use super::pill::LivePill;
use super::stage::stage;
use super::{embed, notice, people};
use crate::link::plan::Status;
use crate::link::{Link, Page};
use crate::place::Place;
use crate::store::{News, Store, set, signal};
use crate::{counted, dom, keep, person};
use leptos::prelude::*;
use nowcast_shared::error::Reason;
use nowcast_shared::id::RoomName;

/// Shows what the address asks for, unless that is the desk, which is another program.
pub fn mount() {
    let place = Place::here();
    if matches!(place, Place::Admin(_)) {
        return;
    }
    if let Some(start) = dom::document().get_element_by_id("start") {
        start.remove();
    }
    leptos::mount::mount_to_body(move || match place {
        Place::Feed(room) => feed(room),
        _ => part(|| nowhere("There is no such page.".to_owned())),
    });
}

/// A page that does not exist.
fn nowhere(sentence: String) -> AnyView {
    view! {
        <main class="page nowhere">
            <h1>{sentence}</h1>
            <p>
                <a href="/">"Go to the main room"</a>
            </p>
        </main>
    }
    .into_any()
}

/// A room's feed.
fn feed(room: RoomName) -> Part {
    let store = Store::new();
    Clock::start();
    watch_pictures();
    store.listen(embed::tell);
    person::recognise(store);
    if keep::restore(&room, store) {
        store.variables.with(|variables| embed::tell(News::Variables(variables)));
    }
    keep::keep(room.clone(), store);
    let link = Link::start(room.clone(), Page::Feed, store);
    counted::tell(&room, link.client(), store);
    let link = StoredValue::new_local(link);
    let reading = Reading::new(store);
    let layout = Layout::start();
    let talk = Talk::new(store, link, layout, reading.visible);
    let marks = Marks { feed: reading.unseen, chat: talk.unseen, meant: talk.meant };
    effect(move || set(layout.stage, !store.stage.pieces.with(Vec::is_empty)));
    effect(move || set(reading.covered, !layout.shows(Panel::Feed)));
    let name = room.to_string();
    let title = move || {
        let title = store.title.get();
        if title.is_empty() { name.clone() } else { title }
    };
    let (heading, head) = (title.clone(), StoredValue::new(title));
    // Only this much of the status decides about the whole page.
    let refused = signal(false);
    effect(move || {
        set(refused, store.status.with(|status| matches!(status, Status::Refused(_))));
        let unseen = reading.unseen.get() + talk.unseen.get();
        let unseen = if reading.visible.get() { 0 } else { unseen };
        let title = heading();
        dom::document().set_title(&if unseen > 0 { format!("({unseen}) {title}") } else { title });
    });
    part(move || {
        if refused.get() {
            return turned_away(store, link, &room);
        }
        let title = head.get_value();
        // What was counted before the connection broke says nothing about now.
        let live = move || store.status.with(|status| matches!(status, Status::Live(_)));
        let watching = move || match store.people.count().filter(|_| live()) {
            Some(count) => format!("{count} watching"),
            None => String::new(),
        };
        view! {
            <div class="room">
                <main class="page">
                    <header class="head">
                        <h1 dir="auto">{words(title)}</h1>
                        {layout::unfold(layout, marks)} <Menu />
                        <div class="now">
                            <LivePill store=store />
                            {people::people(store, link, watching)}
                        </div>
                    </header>
                    {part(move || notices(store, move || link.with_value(Link::restart)))}
                    <section class="stage-panel">{stage(store, link.get_value(), None)}</section>
                    <FeedList store=store room=room.clone() reading=reading />
                </main>
                {chat(talk, room.clone())} {tabs(layout, marks)} {notice::notices(store)}
            </div>
        }
        .into_any()
    })
}

/// A page that the server turned away; with the way out, if it is one that knows who it is.
fn turned_away(store: Store, link: StoredValue<Link, LocalStorage>, room: &RoomName) -> AnyView {
    let unknown = store.status.with_untracked(
        |status| matches!(status, Status::Refused(refusal) if refusal.status == 401),
    );
    let known = store.me.secrets.with_value(|me| me.token.is_some() || me.user.is_some());
    if !(unknown && known) {
        return nowhere(why(store, room));
    }
    let without = button("Go on without it".to_owned(), move || {
        person::forget_user(store);
        link.with_value(Link::restart);
    });
    view! {
        <main class="page nowhere">
            <h1>"This page does not know you."</h1>
            <p>{why(store, room)}</p>
            <p class="notice">"You came by a personal link." {without}</p>
        </main>
    }
    .into_any()
}

/// Why the server turned the page away.
fn why(store: Store, room: &RoomName) -> String {
    store.status.with_untracked(|status| match status {
        Status::Refused(refusal) if refusal.status != 404 => refusal.detail.clone(),
        _ => format!("There is no room called “{room}”."),
    })
}

/// What has to be said about the whole page.
fn notices(store: Store, again: impl Fn() + 'static) -> AnyView {
    let notice = |words: &str, act| sentence("notice", words.to_owned(), act);
    if let Status::Ended(reason) = store.status.get() {
        return notice(ended(reason), Some(button("Connect again".to_owned(), again)));
    }
    if store.feed.restarted.get() {
        return notice("This room began anew. Some older items may be missing.", None);
    }
    if store.feed.missed.get().is_some() {
        return notice(
            "More came while you were away than fits here. Scroll down for the rest.",
            None,
        );
    }
    if store.open.get() {
        return notice("Anyone can publish here.", None);
    }
    nothing()
}

/// Why a session ended for good, in words.
fn ended(reason: Reason) -> &'static str {
    match reason {
        Reason::Replaced => "This page was continued somewhere else.",
        Reason::RoomClosed => "This room was closed.",
        _ => "The server ended this connection.",
    }
}
