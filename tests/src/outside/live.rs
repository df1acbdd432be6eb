//! An open connection that a test speaks through.

use super::Asked;
use crate::wait::in_time;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// One answer that goes on, or one WebSocket; what is not said is silence. It ends without a word
/// when this is dropped.
pub struct Live {
    /// The request that it answers.
    pub asked: Asked,
    pub(super) saying: mpsc::Sender<(Say, oneshot::Sender<()>)>,
    pub(super) hearing: mpsc::UnboundedReceiver<String>,
}

/// What a connection is to say.
pub(super) enum Say {
    /// Bytes of the body, as one piece on the network; of a WebSocket, a binary message.
    Bytes(Vec<u8>),
    /// A text message.
    Text(String),
    /// A ping of the WebSocket.
    Ping,
    /// The end, as it should be.
    End,
}

impl Live {
    /// Says these bytes in one piece; returns when the network has taken them.
    pub async fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        self.say(Say::Bytes(bytes.into())).await;
    }

    /// Says these bytes in pieces of so many bytes, each on its way before the next.
    pub async fn send_in_pieces(&mut self, bytes: &[u8], length: usize) {
        for piece in bytes.chunks(length) {
            self.send(piece).await;
        }
    }

    /// Says one record of NDJSON.
    pub async fn line(&mut self, json: &Value) {
        self.send(format!("{json}\n")).await;
    }

    /// Says one event of SSE, as Mastodon does.
    pub async fn event(&mut self, name: &str, id: &str, json: &Value) {
        self.send(format!("event: {name}\nid: {id}\ndata: {json}\n\n")).await;
    }

    /// Says a message of a WebSocket.
    pub async fn text(&mut self, text: impl Into<String>) {
        self.say(Say::Text(text.into())).await;
    }

    /// Pings a WebSocket.
    pub async fn ping(&mut self) {
        self.say(Say::Ping).await;
    }

    /// Ends as an answer or a WebSocket should.
    pub async fn end(mut self) {
        self.say(Say::End).await;
    }

    /// Ends in the middle of whatever was said.
    pub fn cut(self) {
        drop(self);
    }

    /// The next message that the other side said.
    ///
    /// # Panics
    /// When none comes.
    pub async fn heard(&mut self) -> String {
        let message = in_time("a message to the service", self.hearing.recv()).await;
        message.expect("the connection is open")
    }

    /// Waits until the other side is gone.
    ///
    /// # Panics
    /// When it stays.
    pub async fn gone(&self) {
        in_time("the source to leave the service", self.saying.closed()).await;
    }

    /// Whoever is gone hears nothing; a test that cares asks for that.
    async fn say(&mut self, say: Say) {
        let (said, done) = oneshot::channel();
        if self.saying.send((say, said)).await.is_ok() {
            let _ = done.await;
        }
    }
}
