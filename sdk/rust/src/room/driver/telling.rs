//! What the program is told: news, and how the connection stands.

use super::Driver;
use crate::error::{Error, Problem};
use crate::room::{News, State, Told};
use crate::wire::Transport;
use nowcast_link::plan::{Conn, Refusal, Status};
use std::time::Duration;

/// What a frame without a body counts, so that there are never too many of them either.
const LEAST: usize = 256;

impl Driver {
    pub(super) fn news(&mut self, news: News, size: usize) {
        let size = size.max(LEAST);
        self.size += size;
        self.waiting.push_back((Told { news, position: self.position.clone() }, size));
    }

    pub(super) fn told_open(&mut self, conn: Conn, recovered: bool) {
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
    pub(super) fn settle(&mut self) {
        let state = match self.plan.status() {
            Status::Ended(reason) => State::Closed(Error::Ended(*reason)),
            Status::Refused(Refusal { status, code, detail, retry_after }) => {
                let (status, retry_after) = (*status, *retry_after);
                let (code, detail) = (code.clone(), detail.clone());
                State::Closed(Error::Refused(Problem { status, code, detail, retry_after }))
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

    pub(super) fn state(&mut self, state: State) {
        self.state = Some(state.clone());
        self.news(News::State(state), 0);
    }
}
