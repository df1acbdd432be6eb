//! Where the feed, the stage and the chat stand.
//!
//! On a wide screen all are there at once: the stage above the feed, the chat beside both, and it
//! can be put aside. On a narrow one a bar at the bottom shows one after the other. The style sheet
//! does all of that by three attributes of the page's root; nothing is drawn anew, so every panel
//! keeps how far it was scrolled and what was typed into it.

use super::part::{effect, nothing, part};
use crate::dom::{self, Listener, find};
use crate::store::live::Live;
use crate::store::{set, signal};
use crate::stored::Shelf;
use leptos::prelude::*;
use web_sys::MouseEvent;

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The items.
    Feed,
    /// What people drag.
    Stage,
    /// What people say.
    Chat,
}

impl Panel {
    const ALL: [Self; 3] = [Self::Feed, Self::Stage, Self::Chat];

    fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Stage => "stage",
            Self::Chat => "chat",
        }
    }

    /// The class of its button in the bar.
    fn class(self) -> &'static str {
        match self {
            Self::Feed => "to-feed",
            Self::Stage => "to-stage",
            Self::Chat => "to-chat",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Feed => "Feed",
            Self::Stage => "Stage",
            Self::Chat => "Chat",
        }
    }
}

/// Where everything stands.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Which one a narrow screen shows.
    pub panel: Live<Panel>,
    /// Whether the screen is narrow.
    pub narrow: Live<bool>,
    /// Whether a wide screen has the chat put aside.
    pub folded: Live<bool>,
    /// Whether there is a stage to show: the view of the stage says so.
    pub stage: Live<bool>,
    /// Whether there is a chat to show: the view of the chat says so.
    pub chat: Live<bool>,
}

/// Narrower than this, panels take turns. The style sheet says the same.
const NARROW: &str = "(max-width: 860px)";

/// Under what name it is kept that the chat is put aside. The script in index.html reads it before
/// the first paint.
const FOLDED: &str = "nowcast.chat";

/// Under what name it is kept, for a reload, which panel a narrow screen shows.
const PANEL: &str = "nowcast.panel";

impl Layout {
    /// Follows the screen, and keeps the root's attributes.
    pub fn start() -> Self {
        let kept = Shelf::Tab.get(PANEL).unwrap_or_default();
        let kept = Panel::ALL.into_iter().find(|panel| panel.name() == kept);
        let kept = kept.unwrap_or(Panel::Feed);
        let this = Self {
            panel: signal(kept),
            narrow: signal(false),
            folded: signal(Shelf::Browser.get(FOLDED).as_deref() == Some("folded")),
            stage: signal(false),
            chat: signal(true),
        };
        if let Ok(Some(query)) = dom::window().match_media(NARROW) {
            this.narrow.set(query.matches());
            let now = query.clone();
            Listener::on(&query, "change", move |_| set(this.narrow, now.matches())).forever();
        }
        effect(move || this.show());
        this
    }

    /// Whether a part of the page is to be seen. Reading it tracks what that depends on.
    pub fn shows(self, panel: Panel) -> bool {
        let (narrow, now) = (self.narrow.get(), self.panel.get());
        match panel {
            Panel::Chat if !narrow => self.chat.get() && !self.folded.get(),
            _ => !narrow || now == panel,
        }
    }

    /// Puts a part of the page where it can be seen.
    pub fn open(self, panel: Panel) {
        set(self.panel, panel);
        Shelf::Tab.put(PANEL, panel.name());
        if panel == Panel::Chat && !self.narrow.get_untracked() {
            self.fold(false);
        }
    }

    fn fold(self, folded: bool) {
        set(self.folded, folded);
        Shelf::Browser.put(FOLDED, if folded { "folded" } else { "" });
    }

    /// Tells the style sheet.
    fn show(self) {
        let (stage, chat) = (self.stage.get(), self.chat.get());
        let gone = match self.panel.get() {
            Panel::Feed => false,
            Panel::Stage => !stage,
            Panel::Chat => !chat,
        };
        if gone {
            // This comes back here.
            return self.panel.set(Panel::Feed);
        }
        let Some(root) = dom::document().document_element() else {
            return;
        };
        let chat = match (chat, self.folded.get()) {
            (false, _) => "none",
            (true, true) => "folded",
            (true, false) => "open",
        };
        let now = self.panel.get();
        let stage = if stage { "open" } else { "none" };
        for (name, value) in
            [("data-panel", now.name()), ("data-chat", chat), ("data-stage", stage)]
        {
            let _ = root.set_attribute(name, value);
        }
        for panel in Panel::ALL {
            if let Some(tab) = find(&format!(".tabs .{}", panel.class())) {
                let current = if panel == now { "true" } else { "false" };
                let _ = tab.set_attribute("aria-current", current);
            }
        }
    }
}

/// Gives the keyboard to the first element that fits.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        dom::focus(&element);
    }
}

/// How many are new in each part of the page.
#[derive(Clone, Copy)]
pub struct Marks {
    /// Items that the reader has not had in view.
    pub feed: Live<u64>,
    /// Words that the reader has not had in view.
    pub chat: Live<u64>,
    /// How many of them name the reader.
    pub meant: Live<u64>,
}

impl Marks {
    /// Words that name the reader count more: they are told apart.
    fn of(self, panel: Panel) -> AnyView {
        let (count, meant) = match panel {
            Panel::Feed => (self.feed.get(), 0),
            Panel::Stage => (0, 0),
            Panel::Chat => (self.chat.get(), self.meant.get()),
        };
        let (class, before, count) =
            if meant > 0 { ("mark meant", "@", meant) } else { ("mark", "", count) };
        match count {
            0 => nothing(),
            1..=99 => view! { <b class=class>{format!("{before}{count}")}</b> }.into_any(),
            _ => view! { <b class=class>{format!("{before}99+")}</b> }.into_any(),
        }
    }
}

/// The bar at the bottom of a narrow screen.
pub fn tabs(layout: Layout, marks: Marks) -> AnyView {
    let tab = move |panel: Panel| {
        let then: Box<dyn FnMut(MouseEvent)> = Box::new(move |_| layout.open(panel));
        let mark = part(move || marks.of(panel));
        view! {
            <button class=panel.class() on:click=then>
                {panel.label()}
                {mark}
            </button>
        }
        .into_any()
    };
    let tabs = Panel::ALL.map(tab);
    // The buttons are there by now for the first time.
    effect(move || layout.show());
    view! { <nav class="tabs" aria-label="Parts of this page">{tabs.into_iter().collect_view()}</nav> }.into_any()
}

/// The button in the page's head that brings the chat back.
pub fn unfold(layout: Layout, marks: Marks) -> AnyView {
    let then: Box<dyn FnMut(MouseEvent)> = Box::new(move |_| {
        layout.open(Panel::Chat);
        focus("#say");
    });
    let mark = part(move || marks.of(Panel::Chat));
    view! {
        <button class="unfold" aria-controls="chat" on:click=then>
            "Chat"
            {mark}
        </button>
    }
    .into_any()
}

/// The button that puts the chat aside.
pub fn fold(layout: Layout) -> AnyView {
    let then: Box<dyn FnMut(MouseEvent)> = Box::new(move |_| {
        layout.fold(true);
        focus(".unfold");
    });
    view! { <button class="fold" aria-controls="chat" aria-label="Put the chat aside" on:click=then></button> }
        .into_any()
}
