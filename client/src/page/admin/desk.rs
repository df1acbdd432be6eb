//! The desk's state. Views read its signals and call its actions, which stand in [`publishing`],
//! [`tiles`], [`settings`], [`moderating`], [`sources`] and [`variables`].

mod moderating;
mod publishing;
mod settings;
mod sources;
mod tiles;
mod variables;

use super::ask;
use super::ask::people::{Roster, Waiting};
use super::ask::queue::Queue;
use super::draft::Draft;
use super::form::Form;
use super::keep;
use super::me::{Me, Right};
use super::problem::Problem;
use super::sources::Editing as SourceEditing;
use super::sources::source::{Followed, Format, Map};
use super::tile::{Face, Outcome, Tile};
use super::variables::known::Known;
use crate::api::Problem as Failure;
use crate::link::Link;
use crate::read::Json;
use crate::store::{News, Store};
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::error::Code;
use nowcast_shared::id::{ButtonId, PublicId, RoomName};
use nowcast_shared::item::NewItem;
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Deref;
use std::time::Duration;

/// What of the desk a phone shows; wider screens show all of it, but the stage or the sources in
/// place of what publishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// The display buttons.
    #[default]
    Board,
    /// The composer.
    Compose,
    /// What people drag.
    Stage,
    /// What is followed elsewhere.
    Sources,
    /// What goes on in the room; [`Side`] says what of it.
    Side,
}

/// What the right side of the desk shows of the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// The feed, and the room at a glance.
    #[default]
    Feed,
    /// What of the sources waits for approval.
    Queue,
    /// The chat, and what of it waits for approval.
    Chat,
    /// Who is here.
    People,
    /// The shared variables.
    Variables,
}

impl Side {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Feed, Self::Queue, Self::Chat, Self::People, Self::Variables];

    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Feed => "Feed",
            Self::Queue => "Queue",
            Self::Chat => "Chat",
            Self::People => "People",
            Self::Variables => "Variables",
        }
    }

    /// In ids and in the style sheet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Queue => "queue",
            Self::Chat => "chat",
            Self::People => "people",
            Self::Variables => "variables",
        }
    }
}

/// Something that is fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fetched<T> {
    /// It is on its way.
    #[default]
    Loading,
    /// It could not be fetched, and why.
    Failed(String),
    /// It is here.
    Here(T),
}

impl<T> Fetched<T> {
    /// What is here.
    pub const fn here(&self) -> Option<&T> {
        match self {
            Self::Here(value) => Some(value),
            Self::Loading | Self::Failed(_) => None,
        }
    }
}

/// The display buttons, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Board {
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
    pub fn tiles(&self) -> &[Tile] {
        match self {
            Self::Here(tiles) => tiles,
            Self::Loading | Self::Failed(_) => &[],
        }
    }

    /// Where a tile stands, counted from 0.
    pub fn place_of(&self, id: &ButtonId) -> Option<usize> {
        self.tiles().iter().position(|tile| tile.id == *id)
    }
}

/// Why the login stands over the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginReason {
    /// The server no longer knows the session.
    Ended,
    /// A guest of an open server asked for it.
    Asked,
}

/// A display button in its editor.
#[derive(Clone, Debug, PartialEq)]
pub struct Editing {
    /// Which one; `None` for a new one.
    pub id: Option<ButtonId>,
    /// What it looked like when the editor was opened.
    pub face: Face,
}

/// What can be taken back, and how.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// Makes a deleted display button again, at its old place.
    Remake(Face, usize),
    /// Publishes a deleted item again, as a new one.
    Republish(NewItem<Json>),
    /// Publishes an item that was turned down.
    AfterAll(NewItem<Json>),
    /// Gives a command, which is JSON; then what is said.
    Give(String, String),
}

impl Undo {
    /// What the control says.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Remake(..) | Self::Give(..) => "Undo",
            // It comes back on top, with a new time: not what was deleted.
            Self::Republish(_) => "Publish again as new",
            Self::AfterAll(_) => "Publish it after all",
        }
    }
}

/// Something that was done, said at the edge of the page for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What was done.
    pub text: String,
    /// How to take it back.
    pub undo: Option<Undo>,
}

/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(12);

thread_local! {
    /// The desk that hears of what happens in the room.
    static HERE: Cell<Option<Desk>> = const { Cell::new(None) };
}

/// A handle to the one desk of this page. It lives as long as the page does.
#[derive(Clone, Copy)]
pub struct Desk(&'static State);

impl Deref for Desk {
    type Target = State;

    fn deref(&self) -> &State {
        self.0
    }
}

/// What the desk knows.
pub struct State {
    room: StoredValue<RoomName>,
    link: StoredValue<Option<Link>, LocalStorage>,
    /// The last command, if it was never answered, with its id.
    unanswered: StoredValue<Option<(String, String)>>,
    /// What the room sends.
    pub store: Store,
    /// Who sits at it.
    pub me: RwSignal<Option<Me>>,
    /// Why that could not be found out.
    pub unreached: RwSignal<Option<String>>,
    /// The room does not exist yet.
    pub missing: RwSignal<bool>,
    /// What stands in the composer.
    pub draft: RwSignal<Draft>,
    /// What is wrong with it.
    pub problem: RwSignal<Option<Problem>>,
    /// The composer's form over these two.
    pub form: Form,
    /// What became of the last publish from the composer.
    pub outcome: RwSignal<Outcome>,
    /// The display buttons.
    pub board: RwSignal<Board>,
    /// How often an order was to be saved that the server has not confirmed.
    unsaved_orders: StoredValue<u32>,
    /// What became of the last click on each.
    pub outcomes: RwSignal<HashMap<ButtonId, Outcome>>,
    /// The tiles can be moved and changed, and do not fire.
    pub arranging: RwSignal<bool>,
    /// The display button in the editor.
    pub editing: RwSignal<Option<Editing>>,
    /// What was done last.
    pub notice: RwSignal<Option<Notice>>,
    notice_timer: StoredValue<Option<TimeoutHandle>>,
    /// What screen readers are told.
    pub said: RwSignal<String>,
    /// The login over the desk.
    pub login: RwSignal<Option<LoginReason>>,
    /// The list of keys.
    pub help: RwSignal<bool>,
    /// The list of rooms.
    pub rooms: RwSignal<bool>,
    /// The room's settings.
    pub settings: RwSignal<bool>,
    /// What a phone shows.
    pub panel: RwSignal<Panel>,
    /// What the right side shows.
    pub side: RwSignal<Side>,
    /// The shared variables.
    pub variables: RwSignal<Known>,
    /// What is being written in the chat.
    pub saying: RwSignal<String>,
    /// How many words wait for approval, as the server last said.
    pub held: RwSignal<u64>,
    /// Those words.
    pub waiting: RwSignal<Fetched<Vec<Waiting>>>,
    /// What is followed elsewhere, and how that goes.
    pub sources: RwSignal<Fetched<Vec<Followed>>>,
    /// Why the last look at them did not work, where there was one before that did.
    pub sources_late: RwSignal<Option<String>>,
    /// When they were looked at last, in Unix milliseconds.
    pub sources_at: RwSignal<i64>,
    /// The source in its form; it stays while the desk shows something else.
    pub source_in_work: RwSignal<Option<SourceEditing>>,
    /// The maps that formats bring along.
    pub formats: RwSignal<Vec<(Format, Map)>>,
    /// How many items wait for approval, as the server last said.
    pub queued: RwSignal<u64>,
    /// Those items.
    pub queue: RwSignal<Fetched<Queue>>,
    /// Who is here, and who may not be.
    pub roster: RwSignal<Fetched<Roster>>,
    /// What those go by whom this page has muted or blocked.
    names: StoredValue<HashMap<PublicId, String>>,
    /// To whom the form for one person sends.
    pub push_to: RwSignal<String>,
}

impl Desk {
    /// A desk for this room, with what was typed at it before a reload.
    pub fn new(room: RoomName, store: Store) -> Self {
        let draft = RwSignal::new(keep::draft(&room).unwrap_or_default());
        let problem = RwSignal::new(None);
        let room = StoredValue::new(room);
        Effect::new(move |_| draft.with(|draft| room.with_value(|room| keep::keep(room, draft))));
        let state = State {
            room,
            link: StoredValue::new_local(None),
            unanswered: StoredValue::new(None),
            store,
            me: RwSignal::new(None),
            unreached: RwSignal::new(None),
            missing: RwSignal::new(false),
            draft,
            problem,
            form: Form::over("compose", draft, problem),
            outcome: RwSignal::new(Outcome::Idle),
            board: RwSignal::new(Board::Loading),
            unsaved_orders: StoredValue::new(0),
            outcomes: RwSignal::new(HashMap::new()),
            arranging: RwSignal::new(false),
            editing: RwSignal::new(None),
            notice: RwSignal::new(None),
            notice_timer: StoredValue::new(None),
            said: RwSignal::new(String::new()),
            login: RwSignal::new(None),
            help: RwSignal::new(false),
            rooms: RwSignal::new(false),
            settings: RwSignal::new(false),
            panel: RwSignal::new(Panel::Board),
            side: RwSignal::new(Side::Feed),
            variables: RwSignal::new(Known::default()),
            saying: RwSignal::new(String::new()),
            held: RwSignal::new(0),
            waiting: RwSignal::new(Fetched::Loading),
            sources: RwSignal::new(Fetched::Loading),
            sources_late: RwSignal::new(None),
            sources_at: RwSignal::new(0),
            source_in_work: RwSignal::new(None),
            formats: RwSignal::new(Vec::new()),
            queued: RwSignal::new(0),
            queue: RwSignal::new(Fetched::Loading),
            roster: RwSignal::new(Fetched::Loading),
            names: StoredValue::new(HashMap::new()),
            push_to: RwSignal::new(String::new()),
        };
        let desk = Self(Box::leak(Box::new(state)));
        HERE.set(Some(desk));
        store.listen(|news| {
            if let Some(desk) = HERE.get() {
                desk.hear(news);
            }
        });
        desk
    }

    /// The desk that this view belongs to.
    pub fn here() -> Self {
        expect_context()
    }

    /// The room that it controls.
    pub fn room(self) -> RoomName {
        self.room.get_value()
    }

    /// Whether whoever sits here may do this.
    pub fn may(self, right: Right) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.may(right)))
    }

    /// Whether the server is built with this.
    pub fn serves(self, feature: &str) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| me.serves(feature)))
    }

    /// As [`Self::may`], at this moment alone.
    pub fn may_now(self, right: Right) -> bool {
        untrack(|| self.may(right))
    }

    /// Listens to the room until [`Self::disconnect`].
    pub fn connect(self, link: Link) {
        self.link.set_value(Some(link));
    }

    /// Takes in what only the desk shows.
    fn hear(self, news: News<'_>) {
        match news {
            News::Variable { name, variable: Some(variable) } => {
                self.variables.update(|known| known.set(name.to_owned(), variable.clone()));
            }
            News::Variable { name, variable: None } => {
                self.variables.update(|known| known.unset(name));
            }
            News::Variables(all) => self.variables.update(|known| known.begin(all.clone())),
            News::Held(count) => self.held.set(count),
            News::Queued(count) => self.queued.set(count),
            News::Push { .. } => {}
        }
    }

    /// Shows a part of the room at the right side; a phone goes there, a wide screen has it anyway.
    pub fn look_at(self, side: Side) {
        self.side.set(side);
        let narrow = window().match_media("(width < 760px)").ok().flatten();
        if narrow.is_some_and(|narrow| narrow.matches()) {
            self.panel.set(Panel::Side);
        }
    }

    /// Stops listening.
    pub fn disconnect(self) {
        if let Some(link) = self.link.try_update_value(Option::take).flatten() {
            link.stop();
        }
    }

    /// Listens again after the server ended the connection.
    pub fn reconnect(self) {
        self.link.with_value(|link| {
            if let Some(link) = link {
                link.restart();
            }
        });
    }

    /// The id by which the server knows this page.
    fn client(self) -> String {
        self.link
            .with_value(|link| link.as_ref().map(|link| link.client().to_owned()))
            .unwrap_or_default()
    }

    /// Goes back to the login, after logging out. The draft stays in its tab.
    pub fn leave(self) {
        self.arranging.set(false);
        self.notice.set(None);
        self.outcomes.update(HashMap::clear);
        self.board.set(Board::Loading);
        self.meet();
    }

    /// Finds out who sits here.
    pub fn meet(self) {
        self.me.set(None);
        self.unreached.set(None);
        spawn_local(async move {
            match ask::me().await {
                Ok(me) => self.me.set(Some(me)),
                Err(failure) => self.unreached.set(Some(failure.detail)),
            }
        });
    }

    /// The sentence for a failure; one that a login would mend opens the login.
    pub fn explain(self, failure: &Failure) -> String {
        if failure.status == 401 && !failure.is(Code::WrongPassword) {
            self.login.set(Some(LoginReason::Ended));
        }
        failure.detail.clone()
    }

    /// Says what was done, with a way back if there is one.
    pub fn tell(self, text: impl Into<String>, undo: Option<Undo>) {
        let text = text.into();
        self.said.set(text.clone());
        self.notice.set(Some(Notice { text, undo }));
        self.fade();
    }

    /// Takes the notice away after a while, but not from under a pointer or the focus.
    fn fade(self) {
        if let Some(before) = self.notice_timer.get_value() {
            before.clear();
        }
        let then = move || {
            let held = document().query_selector(".toast:is(:hover, :focus-within)");
            if matches!(held, Ok(Some(_))) { self.fade() } else { self.notice.set(None) }
        };
        self.notice_timer.set_value(set_timeout_with_handle(then, NOTICE).ok());
    }
}
