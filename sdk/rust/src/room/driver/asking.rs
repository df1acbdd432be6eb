//! What the program asks: commands on their way to the server, and the answers.

use super::Driver;
use crate::commands::{Ack, Asked};
use crate::error::Error;
use nowcast_link::sending::Send;
use nowcast_shared::error::Code;
use nowcast_shared::frame::{PageFrame, ServerFrame};
use nowcast_shared::id::CommandId;
use serde_json::Value;

impl Driver {
    pub(super) fn ask(&mut self, asked: Asked) {
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
    pub(super) fn send_due(&mut self) {
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

    pub(super) fn requested(&mut self, id: Option<&str>, answer: Result<Ack, Error>) {
        match answer {
            // A server that is just stopping has done nothing, and will be back.
            Err(error) if is_away(&error) => {
                self.sending.request_failed(self.now(), id, error.retry_after());
            }
            answer => {
                self.sending.request_ended();
                if let Some(id) = id {
                    self.answer(id, answer);
                }
            }
        }
        self.send_due();
    }

    pub(super) fn answer(&mut self, id: &str, answer: Result<Ack, Error>) {
        if let Some(then) = self.sending.answered(id) {
            // Whoever asked may have stopped waiting.
            let _ = then.send(answer);
        }
    }
}

fn is_away(error: &Error) -> bool {
    matches!(error, Error::Unreachable(_) | Error::Busy { .. })
        || error.code() == Some(Code::Unavailable)
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
