//! The connection of a page to its room, one surface over three transports.
//!
//! [`plan`] decides what to do next, purely; `websocket`, `event_source` and `long_poll`
//! carry frames and know nothing else. [`sending`] keeps commands until they are answered. This
//! file ties them: it carries out what the plan says, gives frames to the store, and wakes the plan
//! up when time or the browser asks for it.

mod event_source;
mod long_poll;
mod websocket;

pub use nowcast_link::{plan, sending};

use crate::api::{self, Payload, Problem};
use crate::counted;
use crate::dom::{self, Listener, Timer};
use crate::read::{self, Json, Read};
use crate::store::apply::{Applied, apply};
use crate::store::{Store, set};
use crate::write;
use leptos::prelude::GetValue;
use nowcast_shared::command::Command;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::RoomName;
use nowcast_shared::offset::Position;
use plan::{Conn, Do, Input, Millis, Plan, Refusal, Return, Status, Way};
use sending::{Send, Sending, Taken};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

/// What became of a command.
pub type Answer = Result<Taken, Problem>;

/// What to do with an answer.
type Then = Box<dyn FnOnce(Answer)>;

/// What a transport tells.
enum Heard {
    /// A frame.
    Frame(Read),
    /// A poll was answered, all its frames were told, and this is where the next one would go on.
    Answered(Option<Position>),
    /// Cut, or it could not be opened.
    Lost,
    /// The same, and the server asks not to come back before so long.
    Later(Millis),
    /// The server does not want this page.
    Refused(Refusal),
}

/// Where a transport tells it.
type Ear = Rc<dyn Fn(Heard)>;

/// An open or opening connection. Dropping it closes it, and nothing is heard of it after that.
trait Transport {
    /// Asks for a sign of life, where that is possible.
    fn ping(&self) {}

    /// Carries a frame to the server, where that is possible, and says whether it took it.
    fn send(&self, _frame: &str) -> bool {
        false
    }
}

/// Which page it is for; the server counts only feeds as viewers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// A viewer's.
    Feed,
    /// The desk.
    Admin,
}

/// A page's connection. Cheap to clone; it lives until [`Link::stop`] or the end of the page.
#[derive(Clone)]
pub struct Link(Rc<Inner>);

struct Inner {
    this: Weak<Self>,
    room: RoomName,
    page: Page,
    client: String,
    store: Store,
    plan: RefCell<Plan>,
    open: RefCell<Vec<(Conn, Box<dyn Transport>)>>,
    inputs: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    sending: RefCell<Sending<Then>>,
    /// Rings when what is on its way has to be looked at again.
    sending_timer: Rc<Timer>,
    timer: Rc<Timer>,
    /// What the timer is set for.
    alarm: Cell<Option<Millis>>,
    listeners: RefCell<Vec<Listener>>,
}

impl Link {
    /// Connects a page to a room and keeps it connected; frames go into `store`.
    pub fn start(room: RoomName, page: Page, store: Store) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "any number will do"
        )]
        let seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
            let (later, again) = (this.clone(), this.clone());
            Inner {
                this: this.clone(),
                room,
                page,
                client: dom::random_id(),
                store,
                plan: RefCell::new(Plan::new(seed)),
                open: RefCell::default(),
                inputs: RefCell::default(),
                busy: Cell::new(false),
                // The client's id is new with each load of the page, so its commands' are as well.
                sending: RefCell::new(Sending::new("k")),
                sending_timer: Timer::new(move || {
                    if let Some(inner) = again.upgrade() {
                        inner.send_due();
                    }
                }),
                timer: Timer::new(move || {
                    if let Some(inner) = later.upgrade() {
                        inner.alarm.set(None);
                        inner.tell(Input::Tick);
                    }
                }),
                alarm: Cell::new(None),
                listeners: RefCell::default(),
            }
        });
        inner.listen();
        inner.tell(Input::Start);
        Self(inner)
    }

    /// Connects again after the server or [`Self::stop`] ended it.
    pub fn restart(&self) {
        self.0.tell(Input::Start);
    }

    /// Disconnects.
    pub fn stop(&self) {
        self.0.tell(Input::Stop);
    }

    /// Asks the server for something; `then` is told what became of it. It goes out as soon as
    /// there is a connection, and takes effect once even if it has to be sent again.
    pub fn send(&self, command: &Command<Json>, then: impl FnOnce(Answer) + 'static) {
        let command = write::command(command, |value| value.0.clone());
        self.0.send(&command, Box::new(then));
    }

    /// Tells the server something that is of no use later: if the page is cut off just now, or a
    /// newer hint about the same comes before this one has gone out, it is dropped.
    pub fn hint(&self, about: &str, command: &Command<Json>) {
        let command = write::command(command, |value| value.0.clone());
        self.0.sending.borrow_mut().hint(about.to_owned(), frame(None, &command));
        self.0.send_due();
    }

    /// The id that tells the server which page a command comes from.
    pub fn client(&self) -> &str {
        &self.0.client
    }
}

impl Inner {
    /// Notices when the page is looked at again, and when the network goes and comes.
    fn listen(self: &Rc<Self>) {
        let (window, document) = (dom::window(), dom::document());
        set(self.store.online, window.navigator().on_line());
        let on = |target: &web_sys::EventTarget, name, then: fn(&Self)| {
            let this = Rc::downgrade(self);
            let listener = Listener::on(target, name, move |_| {
                if let Some(this) = this.upgrade() {
                    then(&this);
                }
            });
            self.listeners.borrow_mut().push(listener);
        };
        on(&document, "visibilitychange", |this| {
            if dom::visible() {
                this.tell(Input::Visible);
            }
        });
        // A page that comes out of the back-forward cache has lost its connections.
        on(&window, "pageshow", |this| this.tell(Input::Visible));
        on(&window, "online", |this| {
            set(this.store.online, true);
            this.tell(Input::Online);
        });
        on(&window, "offline", |this| set(this.store.online, false));
    }
}

impl Inner {
    /// Gives the plan one thing after the other; carrying out its answers may bring more.
    fn tell(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            // The borrow must not last while the plan's answers are carried out.
            let next = self.inputs.borrow_mut().pop_front();
            let Some(input) = next else {
                break;
            };
            let todo = self.plan.borrow_mut().handle(now(), input);
            for one in todo {
                self.carry_out(one);
            }
        }
        self.busy.set(false);
        let plan = self.plan.borrow();
        set(self.store.status, plan.status().clone());
        self.wake_by(plan.wake_at());
        drop(plan);
        self.send_due();
    }

    /// Sets the timer, unless it comes early enough anyway: a plan that is asked too early just
    /// says when to come again, and most frames only put that off.
    fn wake_by(&self, at: Option<Millis>) {
        let Some(at) = at else {
            return;
        };
        if self.alarm.get().is_none_or(|set| at < set) {
            self.alarm.set(Some(at));
            #[expect(
                clippy::cast_precision_loss,
                reason = "a wait is far below 2^53 milliseconds"
            )]
            self.timer.after(at.saturating_sub(now()) as f64);
        }
    }

    fn carry_out(&self, one: Do) {
        match one {
            Do::Open(conn, way) => {
                let transport = self.transport(conn, way);
                match transport {
                    Some(transport) => self.open.borrow_mut().push((conn, transport)),
                    None => self.tell(Input::Lost(conn)),
                }
            }
            Do::Close(conn) => {
                // Dropped after the list is free again, in case that makes it speak.
                let closed = {
                    let mut open = self.open.borrow_mut();
                    let place = open.iter().position(|(known, _)| *known == conn);
                    place.map(|place| open.swap_remove(place))
                };
                drop(closed);
            }
            Do::Ping(conn) => {
                if let Some((_, transport)) =
                    self.open.borrow().iter().find(|(known, _)| *known == conn)
                {
                    transport.ping();
                }
            }
        }
    }

    fn transport(&self, conn: Conn, way: Way) -> Option<Box<dyn Transport>> {
        let this = self.this.clone();
        let ear: Ear = Rc::new(move |heard| {
            if let Some(this) = this.upgrade() {
                this.hear(conn, heard);
            }
        });
        Some(match way {
            Way::WebSocket => Box::new(websocket::Socket::open(&self.socket_url(), &ear)?),
            Way::EventSource => Box::new(event_source::Stream::open(&self.url("sse"), &ear)?),
            Way::LongPoll => {
                let this = self.this.clone();
                let url = move |wait| {
                    let url = this.upgrade().map(|this| this.url("poll")).unwrap_or_default();
                    format!("{url}&wait={wait}")
                };
                Box::new(long_poll::Polling::open(url, ear))
            }
        })
    }

    /// Where to go on: always from what the store has, so that a switch, a reload and a night of
    /// sleep are the same thing.
    fn url(&self, path: &str) -> String {
        let page = match self.page {
            Page::Feed => "&page=feed",
            Page::Admin => "&page=admin",
        };
        let mut url = self.address(path) + page;
        let mut pushed = self.store.notices.last();
        if let Some(position) = self.store.feed.position() {
            add(&mut url, "since", &position.to_string());
            // It was here before, and was given none: one may have broken on its way.
            pushed.get_or_insert_with(|| "0".to_owned());
        }
        if let Some(pushed) = pushed {
            add(&mut url, "pushed", &pushed);
        }
        if self.page == Page::Feed
            && let Some((key, value)) = counted::came_from(self.store)
        {
            add(&mut url, key, &value);
        }
        url
    }

    /// An address of the room, with what the server recognises the page by.
    fn address(&self, path: &str) -> String {
        let mut url = format!("/api/rooms/{}/{path}?client={}", self.room, self.client);
        let secrets = self.store.me.secrets.get_value();
        let person = Some(secrets.person).filter(|person| !person.is_empty());
        let name = self.store.me.wish.get_untracked().filter(|name| !name.is_empty());
        for (key, value) in
            [("person", person), ("name", name), ("token", secrets.token), ("id", secrets.user)]
        {
            if let Some(value) = value {
                add(&mut url, key, &value);
            }
        }
        url
    }

    /// Older browsers want the whole address of a WebSocket.
    fn socket_url(&self) -> String {
        let location = dom::window().location();
        let secure = location.protocol().is_ok_and(|protocol| protocol == "https:");
        let scheme = if secure { "wss://" } else { "ws://" };
        format!("{scheme}{}{}", location.host().unwrap_or_default(), self.url("ws"))
    }

    fn hear(&self, conn: Conn, heard: Heard) {
        match heard {
            Heard::Frame(Read::Frame(frame)) => {
                match *frame {
                    ServerFrame::Goodbye { reason, reconnect } => {
                        let back = if reconnect { Return::Welcome } else { Return::Unwanted };
                        return self.tell(Input::Goodbye(conn, reason, back));
                    }
                    ServerFrame::Welcome(_) => self.tell(Input::Opened(conn)),
                    _ => self.tell(Input::Alive(conn)),
                }
                self.apply(conn, Read::Frame(frame));
            }
            Heard::Frame(Read::Answer(id, answer)) => {
                self.tell(Input::Alive(conn));
                self.answered(&id, answer);
            }
            Heard::Frame(other) => {
                self.tell(Input::Alive(conn));
                self.apply(conn, other);
            }
            Heard::Answered(next) => {
                self.tell(Input::Opened(conn));
                self.go_on(conn, next);
            }
            Heard::Lost => self.tell(Input::Lost(conn)),
            Heard::Later(after) => self.tell(Input::Later(conn, after)),
            Heard::Refused(refusal) => self.tell(Input::Refused(conn, refusal)),
        }
    }

    fn send(&self, command: &str, then: Then) {
        let id = self.sending.borrow_mut().name();
        let text = frame(Some(&id), command);
        self.sending.borrow_mut().add(now(), id, text, then);
        self.send_due();
    }

    /// Sends what can be sent now, and gives up what nobody will answer any more.
    fn send_due(&self) {
        let ended = matches!(self.plan.borrow().status(), Status::Ended(_) | Status::Refused(_));
        let given_up = self.sending.borrow_mut().give_up((!ended).then(now));
        for then in given_up {
            then(Err(Problem::unreachable()));
        }
        let open = self.plan.borrow().open_conn();
        let due = self.sending.borrow_mut().due(now(), open);
        for one in due {
            match one {
                Send::Frame(frame) => {
                    let conn = open.map(|(conn, _)| conn);
                    let transports = self.open.borrow();
                    let transport = transports.iter().find(|(known, _)| Some(*known) == conn);
                    if !transport.is_some_and(|(_, transport)| transport.send(&frame)) {
                        self.sending.borrow_mut().not_sent(&frame);
                    }
                }
                Send::Request(id, frame) => self.request(id, frame),
            }
        }
        match self.sending.borrow().wake_at(now()) {
            #[expect(clippy::cast_precision_loss, reason = "a wait is far below 2^53 milliseconds")]
            Some(at) => self.sending_timer.after(at.saturating_sub(now()) as f64),
            None => self.sending_timer.stop(),
        }
    }

    /// Sends a command as a request, where the connection carries nothing to the server.
    fn request(&self, id: Option<String>, frame: String) {
        let url = self.address("commands");
        let this = self.this.clone();
        dom::spawn(async move {
            let answer = api::send("POST", &url, Payload::Json(&frame), None).await;
            let Some(this) = this.upgrade() else {
                return;
            };
            let away = matches!(&answer, Err(problem) if problem.is_away());
            if let Some(problem) = answer.as_ref().err().filter(|_| away) {
                let wait = problem.wait.map(u64::from);
                this.sending.borrow_mut().request_failed(now(), id.as_deref(), wait);
            } else {
                this.sending.borrow_mut().request_ended();
            }
            if let Some(id) = id.filter(|_| !away) {
                let answer = answer.map(|value| match read::frame_value(&value) {
                    Read::Answer(_, Ok(taken)) => taken,
                    _ => Taken::default(),
                });
                this.answered(&id, answer);
            }
            this.send_due();
        });
    }

    fn answered(&self, id: &str, answer: Answer) {
        let then = self.sending.borrow_mut().answered(id);
        if let Some(then) = then {
            then(answer);
        }
    }

    fn counts(&self, conn: Conn) -> bool {
        self.plan.borrow().main_conn() == Some(conn)
    }

    /// Only the frames of one connection count, or their order would be lost.
    fn apply(&self, conn: Conn, read: Read) {
        if self.counts(conn) && apply(self.store, read) == Applied::Gap {
            self.tell(Input::Broken(conn));
        }
    }

    /// A poll that brought no events may still have moved on.
    fn go_on(&self, conn: Conn, next: Option<Position>) {
        let known = self.store.feed.position();
        let same_life = |next: &Position| {
            known
                .as_ref()
                .is_some_and(|known| known.epoch == next.epoch && known.offset < next.offset)
        };
        if let Some(next) = next.filter(same_life)
            && self.counts(conn)
        {
            self.store.feed.set_position(next);
        }
    }
}

/// Adds a parameter to an address that has one already.
fn add(url: &mut String, key: &str, value: &str) {
    url.push('&');
    url.push_str(key);
    url.push('=');
    url.push_str(&String::from(js_sys::encode_uri_component(value)));
}

/// A command's frame.
fn frame(id: Option<&str>, command: &str) -> String {
    write::Object::new().text("t", "command").text_if("id", id).json("command", command).end()
}

/// The time, which goes on while the machine sleeps, but never back: a clock that is set back must
/// not make the page wait for an hour.
fn now() -> Millis {
    thread_local! {
        /// The latest time that was told, and what has to be added to the clock's.
        static TOLD: Cell<(Millis, Millis)> = const { Cell::new((0, 0)) };
    }
    let clock = dom::now().unsigned_abs();
    let (last, mut ahead) = TOLD.get();
    if clock + ahead < last {
        ahead = last - clock;
    }
    TOLD.set((clock + ahead, ahead));
    clock + ahead
}
