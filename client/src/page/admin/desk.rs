//! The desk's state. Views read its signals and call its actions, which stand in [`publishing`]
//! and [`tiles`].

mod publishing;
mod tiles;

use super::draft::{Draft, Problem};
use super::keep;
use super::me::{Me, Right};
use super::tile::{Face, Outcome, Tile};
use crate::api::Problem as Failure;
use crate::link::Link;
use crate::store::Store;
use leptos::prelude::*;
use nowcast_shared::error::Code;
use nowcast_shared::id::{ButtonId, RoomName};
use nowcast_shared::item::{Body, NewItem};
use std::collections::HashMap;
use std::time::Duration;

/// What of the desk a phone shows; wider screens show all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Panel {
    /// The display buttons.
    #[default]
    Board,
    /// The composer.
    Compose,
    /// The feed, and the room at a glance.
    Feed,
}

/// The display buttons, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Board {
    /// They are being fetched.
    #[default]
    Loading,
    /// They could not be fetched, and why.
    Failed(String),
    /// In their order.
    Here(Vec<Tile>),
}

impl Board {
    /// The tiles that are known.
    pub(super) fn tiles(&self) -> &[Tile] {
        match self {
            Self::Here(tiles) => tiles,
            Self::Loading | Self::Failed(_) => &[],
        }
    }

    /// Where a tile stands, counted from 0.
    pub(super) fn place_of(&self, id: &ButtonId) -> Option<usize> {
        self.tiles().iter().position(|tile| tile.id == *id)
    }
}

/// Why the login stands over the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginReason {
    /// The server no longer knows the session.
    Ended,
    /// A guest of an open server asked for it.
    Asked,
}

/// A display button in its editor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Editing {
    /// Which one; `None` for a new one.
    pub(super) id: Option<ButtonId>,
    /// What it looked like when the editor was opened.
    pub(super) face: Face,
}

/// What can be taken back, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Undo {
    /// Makes a deleted display button again, at its old place.
    Remake(Face, usize),
    /// Publishes a deleted item again, as a new one.
    Republish(NewItem<Body>),
}

impl Undo {
    /// What the control says.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Remake(..) => "Undo",
            // It comes back on top, with a new time: not what was deleted.
            Self::Republish(_) => "Publish again as new",
        }
    }
}

/// Something that was done, said at the edge of the page for a while.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notice {
    /// What was done.
    pub(super) text: String,
    /// How to take it back.
    pub(super) undo: Option<Undo>,
}

/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(12);

/// The state of the desk. A handle: copies are the same desk.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    room: StoredValue<RoomName>,
    link: StoredValue<Option<Link>, LocalStorage>,
    /// What the room sends.
    pub(super) store: Store,
    /// Who sits at it.
    pub(super) me: RwSignal<Option<Me>>,
    /// What stands in the composer.
    pub(super) draft: RwSignal<Draft>,
    /// What is wrong with it.
    pub(super) problem: RwSignal<Option<Problem>>,
    /// What became of the last publish from the composer.
    pub(super) outcome: RwSignal<Outcome>,
    /// The display buttons.
    pub(super) board: RwSignal<Board>,
    /// What became of the last click on each.
    pub(super) outcomes: RwSignal<HashMap<ButtonId, Outcome>>,
    /// The tiles can be moved and changed, and do not fire.
    pub(super) arranging: RwSignal<bool>,
    /// The display button in the editor.
    pub(super) editing: RwSignal<Option<Editing>>,
    /// What was done last.
    pub(super) notice: RwSignal<Option<Notice>>,
    notice_timer: StoredValue<Option<TimeoutHandle>>,
    /// What screen readers are told.
    pub(super) said: RwSignal<String>,
    /// The login over the desk.
    pub(super) login: RwSignal<Option<LoginReason>>,
    /// The list of keys.
    pub(super) help: RwSignal<bool>,
    /// What a phone shows.
    pub(super) panel: RwSignal<Panel>,
}

impl Desk {
    /// A desk for this room, with what was typed at it before a reload.
    pub(super) fn new(room: RoomName, store: Store) -> Self {
        let draft = RwSignal::new(keep::draft(&room).unwrap_or_default());
        let room = StoredValue::new(room);
        Effect::new(move |_| draft.with(|draft| room.with_value(|room| keep::keep(room, draft))));
        Self {
            room,
            link: StoredValue::new_local(None),
            store,
            me: RwSignal::new(None),
            draft,
            problem: RwSignal::new(None),
            outcome: RwSignal::new(Outcome::Idle),
            board: RwSignal::new(Board::Loading),
            outcomes: RwSignal::new(HashMap::new()),
            arranging: RwSignal::new(false),
            editing: RwSignal::new(None),
            notice: RwSignal::new(None),
            notice_timer: StoredValue::new(None),
            said: RwSignal::new(String::new()),
            login: RwSignal::new(None),
            help: RwSignal::new(false),
            panel: RwSignal::new(Panel::Board),
        }
    }

    /// The desk that this view belongs to.
    pub(super) fn here() -> Self {
        expect_context()
    }

    /// The room that it controls.
    pub(super) fn room(self) -> RoomName {
        self.room.get_value()
    }

    /// Whether whoever sits here may do this.
    pub(super) fn may(self, right: Right) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.may(right)))
    }

    /// Listens to the room until [`Self::disconnect`].
    pub(super) fn connect(self, link: Link) {
        self.link.set_value(Some(link));
    }

    /// Stops listening.
    pub(super) fn disconnect(self) {
        if let Some(link) = self.link.try_update_value(Option::take).flatten() {
            link.stop();
        }
    }

    /// The id by which the server knows this page.
    fn client(self) -> String {
        self.link.with_value(|link| link.as_ref().map(|link| link.client().to_owned())).unwrap_or_default()
    }

    /// Goes back to the login, after logging out. The draft stays in its tab.
    pub(super) fn leave(self) {
        self.arranging.set(false);
        self.notice.set(None);
        self.outcomes.update(HashMap::clear);
        self.board.set(Board::Loading);
        self.me.set(None);
    }

    /// The sentence for a failure; one that a login would mend opens the login.
    pub(super) fn explain(self, failure: &Failure) -> String {
        if failure.status == 401 && !failure.is(Code::WrongPassword) {
            self.login.set(Some(LoginReason::Ended));
        }
        failure.detail.clone()
    }

    /// Says what was done, with a way back if there is one.
    pub(super) fn tell(self, text: impl Into<String>, undo: Option<Undo>) {
        let text = text.into();
        self.said.set(text.clone());
        self.notice.set(Some(Notice { text, undo }));
        if let Some(before) = self.notice_timer.get_value() {
            before.clear();
        }
        let timer = set_timeout_with_handle(move || self.notice.set(None), NOTICE);
        self.notice_timer.set_value(timer.ok());
    }
}
