//! The chat: what people say, beside the feed.
//!
//! - [`rows`]: what stands under what. [`row`]: how a line looks. [`text`]: what words are made of.
//! - [`reading`]: how far the reader is, and that nothing jumps.
//! - [`composer`]: saying, editing, taking back. [`complete`]: names while they are typed.
//!
//! All that can be clicked on carries its act in `data-do`, and one listener hears of all of it: a
//! line has no listeners of its own.

pub mod complete;
pub mod composer;
pub mod reading;
pub mod row;
pub mod rows;
pub mod text;

use super::layout::{self, Layout, Panel};
use super::part::{Keyed, button, effect, fixed, keyed, nothing, part, sentence, words};
use crate::dom::{self, Listener, Timer};
use crate::link::Link;
use crate::store::feed::Older;
use crate::store::live::Live;
use crate::store::{Store, set, signal};
use leptos::prelude::*;
use nowcast_shared::chat::SNAPSHOT_SAID;
use nowcast_shared::id::{RoomName, SaidId};
use nowcast_shared::offset::Offset;
use nowcast_shared::room::Who;
use std::ops::Deref;
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// What the parts of the chat have in common. One pointer, as it is in every closure of theirs.
#[derive(Clone, Copy)]
pub struct Talk(&'static Parts);

impl Deref for Talk {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0
    }
}

/// What that is. A page makes one, for ever.
pub struct Parts {
    /// What the page knows.
    pub store: Store,
    /// What carries the page's words.
    pub link: StoredValue<Link, LocalStorage>,
    /// Where the chat stands.
    pub layout: Layout,
    /// Whether the page is in front.
    pub visible: Live<bool>,
    /// Whether the newest words are in view.
    pub at_end: Live<bool>,
    /// How many words of others the reader has not had in view.
    pub unseen: Live<u64>,
    /// How many of them name the reader.
    pub meant: Live<u64>,
    /// What came after this is new.
    pub mark: Live<Option<Offset>>,
    /// The own words that are being edited.
    pub editing: Live<Option<SaidId>>,
    /// The own words that are about to be taken back, if that is meant.
    pub doomed: Live<Option<SaidId>>,
    /// What has to be said about what the person just tried.
    pub why: Live<String>,
    /// Whether the person is being asked for a name.
    pub asking: Live<bool>,
    /// How many seconds of slow mode are left.
    pub wait: Live<u64>,
    /// How many characters more fit, where that matters.
    pub left: Live<Option<i64>>,
    /// The names that what is being typed may become, and which one is chosen.
    pub names: Live<(Vec<String>, usize)>,
}

impl Talk {
    /// The state of a chat that nobody has looked at yet.
    pub fn new(
        store: Store,
        link: StoredValue<Link, LocalStorage>,
        layout: Layout,
        visible: Live<bool>,
    ) -> Self {
        let parts = Parts {
            store,
            link,
            layout,
            visible,
            at_end: signal(true),
            unseen: signal(0),
            meant: signal(0),
            mark: signal(None),
            editing: signal(None),
            doomed: signal(None),
            why: signal(String::new()),
            asking: signal(false),
            wait: signal(0),
            left: signal(None),
            names: signal((Vec::new(), 0)),
        };
        Self(Box::leak(Box::new(parts)))
    }

    /// The names of those who are here or said something, for mentions.
    fn known_names(self) -> Vec<String> {
        let people = self.store.people.named().unwrap_or_default();
        let mut names: Vec<String> = people.into_iter().map(|person| person.name).collect();
        let me = self.store.me.called();
        if !me.is_empty() && !names.contains(&me) {
            names.push(me);
        }
        self.store.chat.said.with_untracked(|said| {
            for entry in said.iter().rev() {
                if !names.contains(&entry.name) {
                    names.push(entry.name.clone());
                }
            }
        });
        names
    }
}

/// The panel.
pub fn chat(talk: Talk, room: RoomName) -> AnyView {
    let (store, layout) = (talk.store, talk.layout);
    effect(move || {
        let silent = store.settings.with(|settings| settings.chat == Who::Nobody)
            && store.chat.said.with(Vec::is_empty)
            && store.chat.ready.get();
        set(layout.chat, !silent);
    });
    reading::follow(talk, room);
    forget_typists(store);
    let rows = move || {
        let me = store.me.id.get();
        let mark = talk.mark.get();
        let (notes, mine) = (store.chat.notes.get(), store.chat.mine.get());
        reading::hold(talk);
        let rows = store.chat.said.with(|said| rows::rows(said, &notes, &mine, mark, &me));
        let keyed = |row: rows::Row| {
            let key = row.key();
            Keyed { key, draw: Arc::new(move || row::row(talk, &row)) }
        };
        rows.into_iter().map(keyed).collect()
    };
    let writing = words(move || {
        let names: Vec<String> =
            store.chat.typists.with(|all| all.iter().map(|typist| typist.name.clone()).collect());
        rows::writing(&names)
    });
    let later = part(move || match talk.unseen.get() {
        0 => nothing(),
        _ if talk.at_end.get() => nothing(),
        count => button(format!("{count} new"), move || reading::to_end(talk)),
    });
    listen(talk);
    view! {
        <aside id="chat" class="chat" aria-label="Chat">
            <header>
                <h2>"Chat"</h2>
                {layout::fold(layout)}
            </header>
            <div class="talk" tabindex="0">
                {part(move || before(talk))}
                <ol role="log" aria-label="What was said">{keyed(rows)}</ol>
            </div>
            <div class="later">{later}</div>
            <p class="writing" aria-live="polite" dir="auto">{writing}</p>
            {composer::composer(talk)}
        </aside>
    }
    .into_any()
}

/// What stands above the first words.
fn before(talk: Talk) -> AnyView {
    let chat = talk.store.chat;
    let said = chat.said.with(Vec::len);
    if !chat.ready.get() {
        return nothing();
    }
    match chat.older.get() {
        Older::End if said == 0 => fixed(EMPTY),
        Older::End if said > SNAPSHOT_SAID => {
            sentence("began", "That is where it began.".to_owned(), None)
        }
        Older::End | Older::More => nothing(),
        Older::Loading => sentence("began", "Loading…".to_owned(), None),
        Older::Failed(detail) => {
            let again = button("Try again".to_owned(), move || set(chat.older, Older::More));
            sentence("began", detail, Some(again))
        }
    }
}

const EMPTY: &str = "<p class='blank'><strong>Nobody has said anything yet</strong> What is said \
                     here is seen by everybody who is watching.</p>";

/// Whoever has not written for a while is not writing any more.
fn forget_typists(store: Store) {
    let timer = Timer::new(move || store.chat.rest(dom::now()));
    effect(move || {
        let first = store.chat.typists.with(|all| all.iter().map(|typist| typist.until).min());
        if let Some(first) = first {
            #[expect(clippy::cast_precision_loss, reason = "some seconds")]
            timer.after((first - dom::now()).max(0) as f64 + 1.0);
        }
    });
}

/// Hears of all clicks in the chat.
fn listen(talk: Talk) {
    let mut heard = None;
    effect(move || {
        let Some(panel) = dom::find("#chat").filter(|_| heard.is_none()) else {
            return;
        };
        let asked = Listener::on(&panel, "submit", move |event| {
            event.prevent_default();
            composer::named(talk);
        });
        let clicked = Listener::on(&panel, "click", move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let doing = target.and_then(|target| target.closest("[data-do]").ok().flatten());
            if let Some(doing) = doing {
                let said = doing.closest("[data-said]").ok().flatten();
                let said = said.and_then(|said| said.get_attribute("data-said")).map(SaidId);
                let act = doing.get_attribute("data-do").unwrap_or_default();
                composer::act(talk, &act, said, &doing);
            }
        });
        heard = Some([asked, clicked]);
    });
}

/// Brings the chat up and its field to the keyboard.
pub fn open(layout: Layout) {
    layout.open(Panel::Chat);
    layout::focus("#say");
}
