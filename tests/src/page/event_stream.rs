//! A page's server-sent event stream.

use super::{Incoming, Joining};
use crate::api::{Problem, problem};
use reqwest::Response;
use serde_json::Value;
use std::collections::VecDeque;

pub(super) struct Link {
    answer: Response,
    /// What has come and is not yet a whole line.
    rest: Vec<u8>,
    /// The fields of the event that is being read.
    id: Option<String>,
    data: Option<String>,
    ready: VecDeque<Value>,
    epoch: String,
}

impl Link {
    pub(super) async fn open(joining: &Joining) -> Result<Self, Problem> {
        let request = joining.api().get(&joining.path("sse"));
        let request = request.header("accept", "text/event-stream");
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(Problem::unreachable(&error)),
        };
        if !answer.status().is_success() {
            return Err(problem(answer).await);
        }
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        assert!(header("content-type").starts_with("text/event-stream"));
        let cached = header("cache-control");
        assert!(cached.contains("no-store") || cached.contains("no-cache"), "{cached:?}");
        Ok(Self {
            answer,
            rest: Vec::new(),
            id: None,
            data: None,
            ready: VecDeque::new(),
            epoch: String::new(),
        })
    }

    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Incoming::Frame(frame);
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.feed(&chunk),
                Ok(None) | Err(_) => return Incoming::End { close_code: None },
            }
        }
    }

    fn feed(&mut self, chunk: &[u8]) {
        self.rest.extend_from_slice(chunk);
        let Some(last) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return };
        let rest = self.rest.split_off(last + 1);
        let lines = String::from_utf8(std::mem::replace(&mut self.rest, rest));
        for line in lines.expect("a stream is UTF-8").lines() {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.dispatch();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" => self.id = Some(value.to_owned()),
            // A comment, or advice on when to retry.
            "" | "retry" => {}
            other => panic!("a page's EventSource would not hear {other:?}"),
        }
    }

    fn dispatch(&mut self) {
        let (id, data) = (self.id.take(), self.data.take());
        let Some(data) = data else { return };
        let frame: Value = serde_json::from_str(&data).expect("the data is JSON");
        if frame["t"] == "welcome" {
            frame["epoch"].as_str().unwrap_or_default().clone_into(&mut self.epoch);
        }
        if frame["t"] == "event" {
            // The browser sends this back as `Last-Event-ID`.
            assert_eq!(id, Some(format!("{}:{}", self.epoch, frame["offset"])), "{data}");
        }
        self.ready.push_back(frame);
    }
}
