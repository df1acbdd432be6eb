//! Carries out what the plan says, in a task of its own, and tells the program what comes.

use super::carry::{Carrier, Heard, Telling, hearing};
use super::{News, State, Told};
use crate::commands::{Ack, Asked, Then};
use crate::error::{Error, Problem};
use crate::random;
use crate::wire::{Address, Transport};
use nowcast_link::plan::{Conn, Do, Input, Millis, Plan, Refusal, Return, Status};
use nowcast_link::sending::{Send, Sending};
use nowcast_shared::error::Code;
use nowcast_shared::frame::{PageFrame, ServerFrame, Welcome};
use nowcast_shared::id::CommandId;
use nowcast_shared::offset::{Offset, Position};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How many bytes of frames are kept for a program that does not take them; then nothing is read.
const MOST: usize = 4 * 1024 * 1024;

/// What a frame without a body counts, so that there are never too many of them either.
const LEAST: usize = 256;

/// A request that carried a command ended: which one, and how.
type Requested = (Option<String>, Result<Ack, Error>);

pub(super) struct Driver {
    address: Address,
    only: Option<Transport>,
    began: Instant,
    plan: Plan,
    open: Vec<(Conn, Carrier)>,
    inputs: VecDeque<Input>,
    telling: Telling,
    heard: mpsc::Receiver<(Conn, Heard)>,
    asked: mpsc::Receiver<Asked>,
    sending: Sending<Then>,
    requests: JoinSet<Requested>,
    tell: mpsc::Sender<Told>,
    /// What the program has not taken yet, with its size.
    waiting: VecDeque<(Told, usize)>,
    size: usize,
    position: Option<Position>,
    pushed: Option<String>,
    /// What the program was told last of how it stands.
    state: Option<State>,
    /// Of the connections that failed, why the last one did.
    failure: Option<Error>,
}

impl Driver {
    pub(super) fn new(
        address: Address,
        only: Option<Transport>,
        tell: mpsc::Sender<Told>,
        asked: mpsc::Receiver<Asked>,
    ) -> Self {
        let (telling, heard) = hearing();
        Self {
            position: address.position().and_then(|position| position.parse().ok()),
            pushed: address.newest_push().map(str::to_owned),
            address,
            only,
            began: Instant::now(),
            plan: Plan::new(random::seed()),
            open: Vec::new(),
            inputs: VecDeque::new(),
            telling,
            heard,
            asked,
            sending: Sending::default(),
            requests: JoinSet::new(),
            tell,
            waiting: VecDeque::new(),
            size: 0,
            state: None,
            failure: None,
        }
    }

    /// Until the room is dropped, or the server ends it for good.
    pub(super) async fn run(mut self) {
        self.input(Input::Start);
        let tell = self.tell.clone();
        while !matches!(self.state, Some(State::Closed(_))) {
            let wake = self.wake_at();
            tokio::select! {
                () = tell.closed() => return self.leave().await,
                permit = tell.reserve(), if !self.waiting.is_empty() => {
                    if let (Ok(permit), Some((told, size))) = (permit, self.waiting.pop_front()) {
                        self.size -= size;
                        permit.send(told);
                    }
                }
                heard = self.heard.recv(), if self.size < MOST => {
                    if let Some((conn, heard)) = heard {
                        self.hear(conn, heard);
                    }
                }
                Some(asked) = self.asked.recv() => self.ask(asked),
                Some(requested) = self.requests.join_next() => {
                    if let Ok((id, answer)) = requested {
                        self.requested(id.as_deref(), answer);
                    }
                }
                () = sleep_until(wake) => self.tick(),
            }
        }
        // The program is to have all of it; those who wait for answers are told by this that none
        // will come.
        self.sending = Sending::default();
        self.asked.close();
        self.open.clear();
        for (told, _) in std::mem::take(&mut self.waiting) {
            if tell.send(told).await.is_err() {
                return;
            }
        }
    }

    /// Closes what is open, and lets it say so.
    async fn leave(mut self) {
        self.open.clear();
        let Self { telling, mut heard, .. } = self;
        drop(telling);
        // Each connection holds the other end until it has said that it leaves.
        while heard.recv().await.is_some() {}
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    fn wake_at(&self) -> Instant {
        /// If nothing is due.
        const NEVER: Millis = 3_600_000;
        let now = self.now();
        let at = [self.plan.wake_at(), self.sending.wake_at(now)].into_iter().flatten().min();
        self.began + Duration::from_millis(at.unwrap_or(now + NEVER))
    }

    fn tick(&mut self) {
        // What has come and is not read is a sign of life as well.
        if self.size >= MOST
            && let Some((conn, _)) = self.plan.open_conn()
        {
            self.input(Input::Alive(conn));
        }
        self.input(Input::Tick);
    }

    /// Gives the plan one thing after the other; carrying out its answers may bring more.
    fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            for one in self.plan.handle(self.now(), input) {
                self.carry_out(one);
            }
        }
        self.settle();
        self.send_due();
    }

    fn carry_out(&mut self, one: Do) {
        match one {
            Do::Open(conn, way) => {
                let transport = Transport::from(way);
                if self.only.is_some_and(|only| only != transport) {
                    // To the plan, a way that is not wanted is one that does not open.
                    return self.inputs.push_back(Input::Lost(conn));
                }
                let address = self.address.clone().since(self.since()).pushed(self.pushed());
                let carrier = Carrier::start(conn, transport, address, self.telling.clone());
                self.open.push((conn, carrier));
            }
            Do::Close(conn) => self.open.retain(|(known, _)| *known != conn),
            Do::Ping(conn) => {
                self.send(conn, r#"{"t":"ping"}"#.to_owned());
            }
        }
    }

    fn since(&self) -> Option<String> {
        self.position.as_ref().map(ToString::to_string)
    }

    /// A page that was here before and was given nothing says so: a push may have been lost on its
    /// way.
    fn pushed(&self) -> Option<String> {
        self.pushed.clone().or_else(|| self.position.as_ref().map(|_| "0".to_owned()))
    }

    fn send(&self, conn: Conn, frame: String) -> bool {
        let carrier = self.open.iter().find(|(known, _)| *known == conn);
        carrier.is_some_and(|(_, carrier)| carrier.send(frame))
    }

    fn hear(&mut self, conn: Conn, heard: Heard) {
        match heard {
            Heard::Frame(frame, size) => {
                if let Ok(known) = ServerFrame::deserialize(&frame) {
                    return self.frame(conn, known, size);
                }
                self.input(Input::Alive(conn));
                if self.counts(conn) {
                    self.unknown(conn, frame, size);
                }
            }
            Heard::Open => {
                self.input(Input::Opened(conn));
                self.told_open(conn, true);
            }
            Heard::Lost(failure) => {
                if failure.is_some() {
                    self.failure = failure;
                }
                self.input(Input::Lost(conn));
            }
            Heard::Refused(Problem { status, code, detail, .. }) => {
                self.input(Input::Refused(conn, Refusal { status, code, detail }));
            }
        }
    }

    /// Only the frames of one connection count, or their order would be lost.
    fn counts(&self, conn: Conn) -> bool {
        self.plan.main_conn() == Some(conn)
    }

    fn frame(&mut self, conn: Conn, frame: ServerFrame<Value>, size: usize) {
        match frame {
            ServerFrame::Goodbye { reason, reconnect } => {
                let back = if reconnect { Return::Welcome } else { Return::Unwanted };
                return self.input(Input::Goodbye(conn, reason, back));
            }
            ServerFrame::Welcome(_) => self.input(Input::Opened(conn)),
            _ => self.input(Input::Alive(conn)),
        }
        match frame {
            ServerFrame::Ack { command: Some(id), offset, held } => {
                return self.answer(&id.0, Ok(Ack { offset, held }));
            }
            ServerFrame::Reject { command: Some(id), code, message } => {
                let code_name = code.as_str().to_owned();
                let problem = Problem {
                    status: code.status(),
                    code: code_name,
                    detail: message,
                    retry_after: None,
                };
                return self.answer(&id.0, Err(Error::Refused(problem)));
            }
            _ => {}
        }
        if !self.counts(conn) {
            return;
        }
        match frame {
            ServerFrame::Welcome(welcome) => self.welcomed(conn, welcome, size),
            ServerFrame::Event(event) if self.goes_on(conn, event.offset) => {
                self.news(News::Event(event), size);
            }
            ServerFrame::Signal { signal } => self.news(News::Signal(signal), size),
            // Their names sort as they were sent.
            ServerFrame::Push { id, data }
                if self.pushed.as_ref().is_none_or(|last| *last < id) =>
            {
                self.pushed = Some(id.clone());
                self.news(News::Push { id, data }, size);
            }
            _ => {}
        }
    }

    fn welcomed(&mut self, conn: Conn, welcome: Welcome<Value>, size: usize) {
        let Welcome { epoch, offset, snapshot, recovered, .. } = welcome;
        let known = self.position.as_ref().is_some_and(|position| position.epoch == epoch);
        if recovered != snapshot.is_none() || recovered && !known {
            let why = "a welcome that does not go on from where the page was, nor begins anew";
            self.failure = Some(Error::Broken(why.to_owned()));
            return self.input(Input::Broken(conn));
        }
        match snapshot {
            Some(snapshot) => {
                self.position = Some(Position { epoch, offset });
                self.told_open(conn, false);
                self.news(News::Snapshot(Box::new(snapshot)), size);
            }
            None => self.told_open(conn, true),
        }
    }

    /// Whether an event is the next one; one that was there before is not, and where one is missing
    /// the room has to be resumed.
    fn goes_on(&mut self, conn: Conn, offset: Offset) -> bool {
        let Some(position) = &mut self.position else { return false };
        if offset == position.offset.next() {
            position.offset = offset;
            return true;
        }
        if offset > position.offset {
            self.failure = Some(Error::Broken(format!("{offset} came after {position}")));
            self.input(Input::Broken(conn));
        }
        false
    }

    /// A frame of a kind that a later version has.
    fn unknown(&mut self, conn: Conn, frame: Value, size: usize) {
        let offset = (frame["t"] == "event").then(|| frame["offset"].as_u64()).flatten();
        if offset.is_none_or(|offset| self.goes_on(conn, Offset(offset))) {
            self.news(News::Unknown(frame), size);
        }
    }

    fn news(&mut self, news: News, size: usize) {
        let size = size.max(LEAST);
        self.size += size;
        self.waiting.push_back((Told { news, position: self.position.clone() }, size));
    }

    fn told_open(&mut self, conn: Conn, recovered: bool) {
        let Some((_, way)) = self.plan.open_conn().filter(|(open, _)| *open == conn) else {
            return;
        };
        self.failure = None;
        let transport = Transport::from(way);
        let open = State::Open { transport, recovered };
        // A poll tells that it is open with every answer.
        if self.state.as_ref() != Some(&open) || !recovered {
            self.state(open);
        }
    }

    /// Tells how it stands where that is another now. That it is open is told with its welcome.
    fn settle(&mut self) {
        let state = match self.plan.status() {
            Status::Ended(reason) => State::Closed(Error::Ended(*reason)),
            Status::Refused(Refusal { status, code, detail }) => {
                let (status, code, detail) = (*status, code.clone(), detail.clone());
                State::Closed(Error::Refused(Problem { status, code, detail, retry_after: None }))
            }
            _ if self.plan.open_conn().is_some() => return,
            _ if self.plan.main_conn().is_some() => State::Connecting,
            _ => {
                let wait = self.plan.wake_at().unwrap_or_default().saturating_sub(self.now());
                let retry_in = Duration::from_millis(wait);
                State::Waiting { retry_in, why: self.failure.clone() }
            }
        };
        let same = match (&self.state, &state) {
            (Some(State::Waiting { .. }), State::Waiting { .. }) => true,
            (known, state) => known.as_ref() == Some(state),
        };
        if !same {
            self.state(state);
        }
    }

    fn state(&mut self, state: State) {
        self.state = Some(state.clone());
        self.news(News::State(state), 0);
    }

    fn ask(&mut self, asked: Asked) {
        match asked {
            Asked::Command(command, then) => {
                let id = self.sending.name();
                let id_frame = Some(CommandId(id.clone()));
                match frame(id_frame, *command) {
                    Ok(frame) => self.sending.add(self.now(), id, frame, then),
                    Err(error) => drop(then.send(Err(error))),
                }
            }
            Asked::Hint(about, command) => {
                if let Ok(frame) = frame(None, *command) {
                    self.sending.hint(about, frame);
                }
            }
        }
        self.send_due();
    }

    /// Sends what can be sent now, and gives up what nobody will answer any more.
    fn send_due(&mut self) {
        let now = self.now();
        for then in self.sending.give_up(Some(now)) {
            let late = Error::Unreachable("no answer came within a minute".to_owned());
            // Whoever asked may have stopped waiting.
            let _ = then.send(Err(late));
        }
        let open = self.plan.open_conn();
        // Where one does not go out, none after it does: they keep their order.
        let mut goes = true;
        for one in self.sending.due(now, open) {
            match one {
                Send::Frame(frame) => {
                    goes &= open.is_some_and(|(conn, _)| self.send(conn, frame.clone()));
                    if !goes {
                        self.sending.not_sent(&frame);
                    }
                }
                Send::Request(id, frame) => {
                    let address = self.address.clone();
                    self.requests.spawn(async move {
                        let answer = address.http().command(&address.commands(), frame).await;
                        (id, answer.and_then(taken))
                    });
                }
            }
        }
    }

    fn requested(&mut self, id: Option<&str>, answer: Result<Ack, Error>) {
        // A server that is just stopping has done nothing, and will be back.
        let got_through = match &answer {
            Err(Error::Unreachable(_)) => false,
            Err(error) => error.code() != Some(Code::Unavailable),
            Ok(_) => true,
        };
        self.sending.request_ended(self.now(), id, got_through);
        if let Some(id) = id.filter(|_| got_through) {
            self.answer(id, answer);
        }
        self.send_due();
    }

    fn answer(&mut self, id: &str, answer: Result<Ack, Error>) {
        if let Some(then) = self.sending.answered(id) {
            // Whoever asked may have stopped waiting.
            let _ = then.send(answer);
        }
    }
}

/// What an answer to a request means.
fn taken(answer: ServerFrame<Value>) -> Result<Ack, Error> {
    match answer {
        ServerFrame::Ack { offset, held, .. } => Ok(Ack { offset, held }),
        other => Err(Error::Broken(format!("{other:?} is no answer to a command"))),
    }
}

fn frame(id: Option<CommandId>, command: crate::Command) -> Result<String, Error> {
    serde_json::to_string(&PageFrame::Command { id, command })
        .map_err(|error| Error::Invalid(error.to_string()))
}
