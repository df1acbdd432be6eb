//! A page's long polls, one after the other.

use super::{Incoming, Joining};
use crate::api::{Api, Problem, problem};
use reqwest::Response;
use serde_json::Value;
use std::collections::VecDeque;

/// Shorter than a test's patience, so that a poll that is answered with nothing is seen as that.
const WAIT: u64 = 10;

pub(super) struct Link {
    api: Api,
    joining: Joining,
    ready: VecDeque<Value>,
    /// The first answer had a `welcome`.
    welcomed: bool,
    ended: bool,
}

impl Link {
    /// Polls once without waiting: it shows whether the page is welcomed or continues.
    pub(super) async fn open(joining: &Joining) -> Result<Self, Problem> {
        let mut link = Self {
            api: joining.api(),
            joining: joining.clone(),
            ready: VecDeque::new(),
            welcomed: false,
            ended: false,
        };
        let answer = match link.request(0).await {
            Ok(answer) => answer,
            Err(error) => return Err(Problem::unreachable(&error)),
        };
        if !answer.status().is_success() {
            return Err(problem(answer).await);
        }
        match answer.json().await {
            Ok(answer) => link.take(&answer),
            Err(error) => return Err(Problem::unreachable(&error)),
        }
        link.welcomed = link.ready.front().is_some_and(|frame| frame["t"] == "welcome");
        Ok(link)
    }

    pub(super) fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.ended |= frame["t"] == "goodbye";
                return Incoming::Frame(frame);
            }
            if self.ended {
                return Incoming::End { close_code: None };
            }
            let Ok(answer) = self.request(WAIT).await else {
                return Incoming::End { close_code: None };
            };
            assert_eq!(answer.status(), 200, "a poll after the first one is refused");
            match answer.json().await {
                Ok(answer) => self.take(&answer),
                Err(_) => return Incoming::End { close_code: None },
            }
        }
    }

    async fn request(&self, wait: u64) -> reqwest::Result<Response> {
        let path = format!("{}&wait={wait}", self.joining.path("poll"));
        self.api.get(&path).send().await
    }

    /// Takes the frames of an answer; its `next` has to be where they lead.
    fn take(&mut self, answer: &Value) {
        let frames =
            answer["frames"].as_array().unwrap_or_else(|| panic!("{answer} has no frames"));
        let mut position = self.joining.since.clone();
        for frame in frames {
            if frame["t"] == "welcome" {
                let epoch = frame["epoch"].as_str().unwrap_or_default();
                position = Some(format!("{epoch}:{}", frame["offset"]));
            }
            if frame["t"] == "event" {
                let epoch = position.as_deref().and_then(|position| position.split(':').next());
                position = Some(format!("{}:{}", epoch.unwrap_or_default(), frame["offset"]));
            }
            if frame["t"] == "push" {
                self.joining.pushed = frame["id"].as_str().map(str::to_owned);
            }
            self.ready.push_back(frame.clone());
        }
        let next = answer["next"].as_str().unwrap_or_else(|| panic!("{answer} has no next"));
        assert_eq!(Some(next), position.as_deref(), "next is where the frames lead");
        self.joining.since = position;
    }
}
