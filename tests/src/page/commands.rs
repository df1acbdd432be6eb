//! What a page sends: commands, and over a WebSocket whatever a test wants to see refused.

use super::Page;
use crate::contract;
use crate::wait::in_time;
use nowcast_sdk::Error;
use nowcast_sdk::wire::Link;
use nowcast_shared::error::Code;
use nowcast_shared::frame::ServerFrame;
use serde_json::{Value, json};

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took effect, as the event at this offset if it made one.
    Ack(Option<u64>),
    /// It had no effect.
    Reject(Code, String),
}

impl Answer {
    /// The offset of the event that the command made.
    ///
    /// # Panics
    /// When it was refused or made none.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Ack(Some(offset)) => *offset,
            other => panic!("{other:?} instead of an ack with an offset"),
        }
    }

    /// Makes sure that it took effect without an event.
    ///
    /// # Panics
    /// When it was refused or made one.
    pub fn done(&self) {
        assert_eq!(*self, Self::Ack(None), "an ack without an offset");
    }

    /// Why it was refused, if it was.
    pub fn refused(&self) -> Option<Code> {
        match self {
            Self::Ack(_) => None,
            Self::Reject(code, _) => Some(*code),
        }
    }

    /// Why it was refused.
    ///
    /// # Panics
    /// When it was not.
    pub fn code(&self) -> Code {
        match self {
            Self::Reject(code, message) if !message.is_empty() => *code,
            other => panic!("{other:?} instead of a reject with a message"),
        }
    }
}

impl Page {
    /// Asks for something and waits for the answer.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command(&mut self, command: Value) -> Answer {
        self.commands += 1;
        let id = format!("k{}", self.commands);
        self.command_with_id(&id, command).await
    }

    /// As [`Page::command`], with an id of the test's choice.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn command_with_id(&mut self, id: &str, command: Value) -> Answer {
        let frame = json!({"t": "command", "id": id, "command": command});
        let answer = self.ask(id, &frame).await;
        // What is described is what the server takes.
        if matches!(answer, Answer::Ack(_)) {
            contract::check(&frame);
        }
        answer
    }

    async fn ask(&mut self, id: &str, frame: &Value) -> Answer {
        if !matches!(self.link, Link::WebSocket(_)) {
            return self.post(id, frame).await;
        }
        self.send_text(&frame.to_string()).await;
        let answer = async {
            loop {
                match self.receive().await {
                    Some(ServerFrame::Ack { command: Some(of), offset, .. }) if of.0 == id => {
                        return Answer::Ack(offset.map(|offset| offset.0));
                    }
                    Some(ServerFrame::Reject { command: Some(of), code, message })
                        if of.0 == id =>
                    {
                        return Answer::Reject(code, message);
                    }
                    Some(frame) => self.set_aside.push_back(frame),
                    None => panic!("the session ended before the answer to {id}"),
                }
            }
        };
        in_time("the answer to a command", answer).await
    }

    async fn post(&self, id: &str, frame: &Value) -> Answer {
        let address = &self.joining.address;
        match address.http().command(&address.commands(), frame.to_string()).await {
            Ok(ServerFrame::Ack { command: Some(of), offset, .. }) if of.0 == id => {
                Answer::Ack(offset.map(|offset| offset.0))
            }
            Ok(other) => panic!("{other:?} is no answer to {id}"),
            Err(Error::Refused(problem)) => {
                Answer::Reject(problem.known().expect("a code of the contract"), problem.detail)
            }
            Err(other) => panic!("no answer to {id}: {other}"),
        }
    }

    /// Sends a text that need not be a frame. Only over a WebSocket.
    ///
    /// # Panics
    /// When the page has none, or it is closed.
    pub async fn send_text(&mut self, text: &str) {
        assert!(matches!(self.link, Link::WebSocket(_)), "only a WebSocket carries frames");
        assert!(self.link.send_text(text).await, "the WebSocket is open");
    }

    /// Sends bytes. Only over a WebSocket.
    ///
    /// # Panics
    /// When the page has none, or it is closed.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        let Link::WebSocket(link) = &mut self.link else {
            panic!("only a WebSocket carries frames from a page");
        };
        assert!(link.send_binary(bytes).await, "the WebSocket is open");
    }

    /// Says that it leaves, and leaves. Only over a WebSocket.
    ///
    /// # Panics
    /// When the page has none.
    pub async fn close(self) {
        assert!(matches!(self.link, Link::WebSocket(_)), "only a WebSocket says so");
        self.link.close().await;
    }
}
