//! What a connection tells: frames that go on from what was seen become news.

use super::Driver;
use crate::commands::Ack;
use crate::error::{Error, Problem};
use crate::room::News;
use crate::room::carry::Heard;
use nowcast_link::plan::{Conn, Input, Refusal, Return};
use nowcast_shared::frame::{ServerFrame, Welcome};
use nowcast_shared::offset::{Offset, Position};
use serde::Deserialize;
use serde_json::Value;

impl Driver {
    pub(super) fn hear(&mut self, conn: Conn, heard: Heard) {
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
                let asked = failure.as_ref().and_then(Error::retry_after);
                if failure.is_some() {
                    self.failure = failure;
                }
                self.input(asked.map_or(Input::Lost(conn), |seconds| {
                    Input::Later(conn, seconds.saturating_mul(1_000))
                }));
            }
            Heard::Refused(Problem { status, code, detail, retry_after }) => {
                let refusal = Refusal { status, code, detail, retry_after };
                self.input(Input::Refused(conn, refusal));
            }
        }
    }

    /// Only the frames of one connection count, or their order would be lost.
    fn counts(&self, conn: Conn) -> bool {
        self.plan.main_conn() == Some(conn)
    }

    pub(super) fn frame(&mut self, conn: Conn, frame: ServerFrame<Value>, size: usize) {
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
}
