//! What a page knows of people, itself among them, and what it alone is told.

use super::{Page, published_text};
use crate::wait::{LIMIT, in_time};
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::id::PublicId;
use serde_json::Value;

/// How a page is told that others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct You {
    /// Its public id.
    pub id: PublicId,
    /// What it goes by.
    pub name: Option<String>,
    /// The user it is registered as.
    pub user: Option<String>,
}

impl Page {
    /// The names of those who are here, sorted, as far as the page was told.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.people.people.iter().map(|person| person.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Waits until the page knows of these names and no others.
    ///
    /// # Panics
    /// When that does not come to be.
    pub async fn sees_names(&mut self, names: &[&str]) {
        let seeing = async {
            while self.names() != names {
                let frame = self.receive().await?;
                self.set_aside.push_back(frame);
            }
            Some(())
        };
        let seen = tokio::time::timeout(LIMIT, seeing).await.ok().flatten();
        assert!(seen.is_some(), "{names:?} are to be seen, not {:?}", self.names());
    }

    /// Waits until the page was told how others see it so that it fits.
    ///
    /// # Panics
    /// When that does not come to be.
    pub async fn is_told(&mut self, fits: impl Fn(&You) -> bool) -> You {
        let telling = async {
            while !self.you.as_ref().is_some_and(&fits) {
                let frame = self.receive().await?;
                self.set_aside.push_back(frame);
            }
            self.you.clone()
        };
        let told = tokio::time::timeout(LIMIT, telling).await.ok().flatten();
        told.unwrap_or_else(|| panic!("no fitting `you`; the last one was {:?}", self.you))
    }

    /// The data of the next push; signals and signs of life are passed over, events as well.
    ///
    /// # Panics
    /// When the session ends instead.
    pub async fn next_push(&mut self) -> Value {
        let next = async {
            loop {
                match self.next_frame().await {
                    Some(ServerFrame::Push { data, .. }) => return data,
                    Some(ServerFrame::Goodbye { .. }) | None => panic!("no push came"),
                    Some(_) => {}
                }
            }
        };
        in_time("the next push of a page", next).await
    }

    /// Reads up to the event that publishes `text`; the pushes before it.
    ///
    /// # Panics
    /// When the session ends instead.
    pub async fn pushes_until(&mut self, text: &str) -> Vec<Value> {
        let mut pushes = Vec::new();
        let reading = async {
            loop {
                match self.next_frame().await {
                    Some(ServerFrame::Push { data, .. }) => pushes.push(data),
                    Some(ServerFrame::Event(event)) if published_text(&event) == text => return,
                    Some(ServerFrame::Goodbye { .. }) | None => panic!("{text} did not come"),
                    Some(_) => {}
                }
            }
        };
        in_time("what comes before an event", reading).await;
        pushes
    }
}
