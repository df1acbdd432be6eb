//! `Engine.IO` and Socket.IO by hand, as no client writes it.

use futures_util::{SinkExt, StreamExt};
use nowcast_tests::server::Server;
use nowcast_tests::wait::in_time;
use reqwest::{Client, Response};
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// What separates packets in a body.
pub(super) const SEPARATOR: char = '\u{1e}';

/// As browsers do: what is small goes at once.
const NO_DELAY: bool = true;

/// A connection over WebSocket.
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens it and says nothing.
    pub(super) async fn open(server: &Server) -> Self {
        Self::try_open(server, &[]).await.unwrap_or_else(|status| panic!("{status}"))
    }

    /// At another address.
    pub(super) async fn open_at(origin: &str) -> Self {
        Self::try_open_at(origin, &[]).await.unwrap_or_else(|status| panic!("{status}"))
    }

    /// With headers; the status if it is refused.
    pub(super) async fn try_open(server: &Server, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::try_open_at(&server.origin(), headers).await
    }

    async fn try_open_at(origin: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let url = format!("{origin}/socket.io/?EIO=4&transport=websocket");
        let mut socket = Self::upgrade(&url, headers).await?;
        let open = socket.next().await.expect("an open packet");
        assert!(open.starts_with(r#"0{"sid":"#), "{open}");
        Ok(socket)
    }

    /// A WebSocket that has not said anything yet; the status if it is refused.
    async fn upgrade(url: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let url = url.replace("http:", "ws:");
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        match connect_async_with_config(request, None, NO_DELAY).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// In the main room.
    pub(super) async fn joined(server: &Server) -> Self {
        let mut socket = Self::open(server).await;
        socket.send("40").await;
        socket.event("welcome").await;
        socket
    }

    pub(super) async fn send(&mut self, text: impl Into<String>) {
        self.try_send(Message::text(text.into())).await.expect("the connection is open");
    }

    pub(super) async fn try_send(&mut self, message: Message) -> Result<(), String> {
        self.0.send(message).await.map_err(|error| error.to_string())
    }

    /// The next message but for heartbeats, which are answered; nothing when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            match in_time("a message", self.0.next()).await? {
                // A heartbeat; the library begins with one.
                Ok(Message::Text(text)) if text == "2" => {
                    let _ = self.try_send("3".into()).await;
                }
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads what is there already; an error when the connection has ended.
    pub(super) async fn skim(&mut self) -> Result<(), ()> {
        while let Ok(next) = tokio::time::timeout(Duration::ZERO, self.0.next()).await {
            match next {
                Some(Ok(Message::Text(text))) if text == "2" => {
                    let _ = self.try_send("3".into()).await;
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(()),
                Some(Ok(_)) => {}
            }
        }
        Ok(())
    }

    /// The next event of this name: its first argument.
    pub(super) async fn event(&mut self, name: &str) -> Value {
        loop {
            let text = self.next().await.unwrap_or_else(|| panic!("it ended before {name}"));
            if let Some(argument) = argument(&text, name) {
                return argument;
            }
        }
    }

    /// The answer to the event of this number.
    pub(super) async fn answer(&mut self, number: usize) -> Value {
        let begin = format!("43{number}[");
        loop {
            let text = self.next().await.unwrap_or_else(|| panic!("it ended before {number}"));
            if text.starts_with(&begin) {
                let answer: Value = serde_json::from_str(&text[begin.len() - 1..]).expect("JSON");
                return answer[0].clone();
            }
        }
    }

    /// All that comes until it ends.
    pub(super) async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(text) = self.next().await {
            rest.push(text);
        }
        rest
    }

    /// Ends it without a word.
    pub(super) fn abandon(self) {
        drop(self);
    }
}

/// The first argument of an event of this name in the main room, if a message is one.
pub(super) fn argument(message: &str, name: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(message.strip_prefix("42")?).ok()?;
    (event[0] == name).then(|| event[1].clone())
}

/// Where an item stands, if a message is one.
pub(super) fn offset(message: &str) -> Option<u64> {
    let event: Value = serde_json::from_str(message.strip_prefix("42")?).ok()?;
    (event[0] == "item").then(|| event[2]["offset"].as_u64())?
}

/// The error messages among these.
pub(super) fn errors(messages: &[String]) -> Vec<String> {
    let code = |message: &String| {
        let error = argument(message, "error_message")?;
        error["code"].as_str().map(str::to_owned)
    };
    messages.iter().filter_map(code).collect()
}

/// A connection by polls.
pub(super) struct Polls {
    http: Client,
    address: String,
    /// How much it may send at once.
    pub(super) most: u64,
}

impl Polls {
    pub(super) async fn open(server: &Server) -> Self {
        Self::try_open(server).await.expect("an open packet")
    }

    /// The answer if it is not opened.
    pub(super) async fn try_open(server: &Server) -> Result<Self, Response> {
        let http = Client::new();
        let address = format!("{}/socket.io/?EIO=4&transport=polling", server.origin());
        let answer = http.get(&address).send().await.expect("an answer");
        if !answer.status().is_success() {
            return Err(answer);
        }
        let text = answer.text().await.expect("text");
        let open: Value = serde_json::from_str(&text[1..]).expect("an open packet");
        let sid = open["sid"].as_str().expect("a name");
        let most = open["maxPayload"].as_u64().expect("a limit");
        Ok(Self { http, address: format!("{address}&sid={sid}"), most })
    }

    pub(super) async fn joined(server: &Server) -> Self {
        let polls = Self::open(server).await;
        assert_eq!(polls.post("40").await.status(), 200);
        polls.until("welcome").await;
        polls
    }

    pub(super) async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        let request = self.http.post(&self.address).body(body);
        in_time("an answer", request.send()).await.expect("an answer")
    }

    /// One poll: its packets, or the status.
    pub(super) async fn poll(&self) -> Result<Vec<String>, u16> {
        let answer = in_time("a poll", self.http.get(&self.address).send()).await;
        let answer = answer.expect("an answer");
        if !answer.status().is_success() {
            return Err(answer.status().as_u16());
        }
        let text = answer.text().await.expect("text");
        Ok(text.split(SEPARATOR).map(str::to_owned).collect())
    }

    /// Asks to go on by WebSocket, where `5` is all that is missing.
    pub(super) async fn probe(&self) -> Socket {
        let url = self.address.replace("transport=polling", "transport=websocket");
        let mut socket = Socket::upgrade(&url, &[]).await.expect("a WebSocket");
        socket.send("2probe").await;
        assert_eq!(socket.next().await.as_deref(), Some("3probe"));
        socket
    }

    /// Polls until an event of this name comes: its first argument.
    pub(super) async fn until(&self, name: &str) -> Value {
        loop {
            let packets = self.poll().await.unwrap_or_else(|status| panic!("{status}: no {name}"));
            let found = packets.iter().find_map(|packet| argument(packet, name));
            if let Some(argument) = found {
                return argument;
            }
        }
    }
}
