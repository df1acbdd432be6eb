//! Frames as answers to requests that wait for news.

use super::address::Address;
use super::{Incoming, http};
use crate::error::Error;
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A server that answers at once and has nothing to say is not asked faster than this.
const PAUSE: Duration = Duration::from_secs(1);

/// One long poll after the other.
#[derive(Debug)]
pub struct Polls {
    address: Address,
    ready: VecDeque<Incoming>,
    /// The first answer had a `welcome`.
    welcomed: bool,
    ended: bool,
    /// The last answer came at once, with nothing.
    hasty: bool,
}

#[derive(Deserialize)]
struct Answer {
    frames: Vec<Value>,
    next: String,
}

impl Polls {
    /// Polls once without waiting: it shows whether the page is welcomed or continues.
    pub(super) async fn open(address: &Address) -> Result<Self, Error> {
        let mut polls = Self {
            address: address.clone(),
            ready: VecDeque::new(),
            welcomed: false,
            ended: false,
            hasty: false,
        };
        polls.ask(&address.at_once()).await?;
        polls.welcomed = matches!(
            polls.ready.front(),
            Some(Incoming::Frame(frame, _)) if frame["t"] == "welcome"
        );
        Ok(polls)
    }

    pub(super) fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    pub(super) async fn next(&mut self) -> Incoming {
        if let Some(incoming) = self.ready.pop_front() {
            if let Incoming::Frame(frame, _) = &incoming {
                self.ended |= frame["t"] == "goodbye";
            }
            return incoming;
        }
        if self.ended {
            return Incoming::End { close_code: None };
        }
        if std::mem::take(&mut self.hasty) {
            sleep(PAUSE).await;
        }
        let asked = Instant::now();
        let address = self.address.clone();
        match self.ask(&address).await {
            Ok(0) => {
                self.hasty = asked.elapsed() < PAUSE;
                Incoming::Quiet
            }
            Ok(_) => Box::pin(self.next()).await,
            Err(error) => {
                self.ended = true;
                match error {
                    Error::Refused(problem) => Incoming::Refused(problem),
                    Error::Broken(why) => Incoming::Broken(why),
                    _ => Incoming::End { close_code: None },
                }
            }
        }
    }

    /// Polls, and takes what comes; how many frames that were.
    async fn ask(&mut self, address: &Address) -> Result<usize, Error> {
        let answer = address.http().send(Method::GET, &address.path("poll"), &[], None).await?;
        if !answer.status().is_success() {
            return Err(http::refusal(answer).await);
        }
        let body = http::whole(answer).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| Error::Broken(crate::error::excerpt(&body)))?;
        let size = body.len() / answer.frames.len().max(1);
        self.take(answer, size)
    }

    /// Takes the frames of an answer; its `next` has to be where they lead.
    fn take(&mut self, answer: Answer, size: usize) -> Result<usize, Error> {
        let count = answer.frames.len();
        let mut position = self.address.position().map(str::to_owned);
        for frame in answer.frames {
            match frame["t"].as_str() {
                Some("welcome") => {
                    let epoch = frame["epoch"].as_str().unwrap_or_default();
                    position = Some(format!("{epoch}:{}", frame["offset"]));
                }
                Some("event") => {
                    let epoch = position.as_deref().and_then(|position| position.split(':').next());
                    position = Some(format!("{}:{}", epoch.unwrap_or_default(), frame["offset"]));
                }
                Some("push") => {
                    if let Some(id) = frame["id"].as_str() {
                        self.address.was_pushed(id.to_owned());
                    }
                }
                _ => {}
            }
            self.ready.push_back(Incoming::Frame(frame, size));
        }
        if position.as_deref() != Some(&*answer.next) {
            let next = answer.next;
            return Err(Error::Broken(format!("a poll that goes on at {next}, not {position:?}")));
        }
        self.address.seen(position);
        Ok(count)
    }
}
