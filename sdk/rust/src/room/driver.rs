//! Carries out what the plan says, in a task of its own, and tells the program what comes.
//!
//! - [`frames`]: what connections tell. [`telling`]: what the program is told of it.
//! - [`asking`]: what the program asks.

mod asking;
mod frames;
mod telling;

use super::carry::{Carrier, Heard, Telling, hearing};
use super::{State, Told};
use crate::commands::{Ack, Asked, Then};
use crate::error::Error;
use crate::random;
use crate::wire::{Address, Transport};
use nowcast_link::plan::{Conn, Do, Input, Millis, Plan};
use nowcast_link::sending::Sending;
use nowcast_shared::offset::Position;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How many bytes of frames are kept for a program that does not take them; then nothing is read.
const MOST: usize = 4 * 1024 * 1024;

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
        sending: Sending<Then>,
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
            sending,
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
        self.sending.give_up(None);
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
}
