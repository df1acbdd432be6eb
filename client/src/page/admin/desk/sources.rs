//! What the desk does about sources, and about what of them waits for approval.

use super::{Desk, Fetched, Undo};
use crate::api::Problem as Failure;
use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::ask::queue::{Queue, Queued};
use crate::page::admin::me::Right;
use crate::page::admin::sources::source::{Followed, Format, Map};
use crate::read::Json;
use crate::write;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::command::Command;
use nowcast_shared::item::NewItem;

impl Desk {
    /// Fetches the sources of this room. What is known stays until the answer is there, and where
    /// there is none.
    pub async fn load_sources(self) {
        match ask::sources::sources(&self.room()).await {
            Ok(sources) => {
                self.sources_late.set(None);
                self.sources_at.set(dom::now());
                self.sources.set(Fetched::Here(sources));
            }
            Err(failure) => {
                let why = self.explain(&failure);
                if self.sources.with_untracked(|known| known.here().is_some()) {
                    self.sources_late.set(Some(why));
                } else {
                    self.sources.set(Fetched::Failed(why));
                }
            }
        }
    }

    /// Fetches the maps that formats bring along, once.
    pub async fn load_formats(self) {
        if self.formats.with_untracked(Vec::is_empty)
            && let Ok(formats) = ask::sources::formats().await
        {
            self.formats.set(formats);
        }
    }

    /// The map that a format brings along, if it is known.
    pub fn map_of(self, format: Format) -> Option<Map> {
        self.formats.with(|formats| {
            formats.iter().find(|(known, _)| *known == format).map(|(_, map)| map.clone())
        })
    }

    /// Makes a source or changes one; `body` is JSON of what it is set to.
    pub async fn save_source(self, id: &str, body: &str) -> Result<Followed, Failure> {
        let saved = ask::sources::save(id, body).await?;
        self.load_sources().await;
        Ok(saved)
    }

    /// Lets a source follow, or not any more.
    pub async fn run_source(self, id: &str, running: bool) -> Result<(), String> {
        let done = ask::sources::run(id, running).await;
        // Also where it failed: perhaps another admin was faster.
        self.load_sources().await;
        done.map_err(|failure| self.explain(&failure))
    }

    /// Deletes a source.
    pub async fn delete_source(self, id: &str, name: &str) -> Result<(), String> {
        let done = ask::sources::delete(id).await;
        self.load_sources().await;
        done.map_err(|failure| self.explain(&failure))?;
        self.tell(format!("{name} is deleted. What it published stays."), None);
        Ok(())
    }

    /// Fetches what waits for approval.
    pub fn load_queue(self) {
        if !self.may_now(Right::Settings) {
            return;
        }
        spawn_local(async move {
            match ask::queue::queue(&self.room()).await {
                Ok(queue) => self.see_queue(queue),
                // A server that follows nothing has no queue.
                Err(failure) if failure.status == 404 => self.see_queue(Queue::default()),
                Err(failure) => {
                    let why = self.explain(&failure);
                    self.queue.update(|known| {
                        if known.here().is_none() {
                            *known = Fetched::Failed(why);
                        }
                    });
                }
            }
        });
    }

    fn see_queue(self, queue: Queue) {
        self.queued.set(queue.count);
        self.queue.set(Fetched::Here(queue));
    }

    /// Takes what is decided out of what is shown, before the server says how many are left.
    fn take_from_queue(self, id: &str) {
        self.queue.update(|queue| {
            if let Fetched::Here(queue) = queue {
                queue.waiting.retain(|waiting| waiting.id != id);
                queue.count = queue.count.saturating_sub(1);
            }
        });
        self.queued.update(|count| *count = count.saturating_sub(1));
    }

    /// Publishes what waited.
    pub async fn approve_queued(self, queued: Queued) -> Result<(), String> {
        match ask::queue::approve(&self.room(), &queued.id).await {
            Ok(item) => {
                self.take_from_queue(&queued.id);
                let undo = item.map(|item| {
                    let delete = Command::<Json>::Delete { item };
                    let command = write::command(&delete, |data| data.0.clone());
                    Undo::Give(command, "It is gone from every page.".to_owned())
                });
                self.tell("Published.", undo);
                Ok(())
            }
            Err(failure) => Err(self.decided_elsewhere(&failure)),
        }
    }

    /// Turns down what waited.
    pub async fn turn_down_queued(self, queued: Queued) -> Result<(), String> {
        match ask::queue::turn_down(&self.room(), &queued.id).await {
            Ok(()) => {
                self.take_from_queue(&queued.id);
                let item = NewItem { kind: queued.kind, data: queued.data };
                self.tell("Turned down.", Some(Undo::AfterAll(item)));
                Ok(())
            }
            Err(failure) => Err(self.decided_elsewhere(&failure)),
        }
    }

    /// Turns down all that waits.
    pub async fn turn_all_down(self) -> Result<(), String> {
        let done = ask::queue::turn_all_down(&self.room()).await;
        self.load_queue();
        done.map_err(|failure| self.explain(&failure))?;
        self.tell("All of it is turned down.", None);
        Ok(())
    }

    /// What another admin was faster with leaves the list by itself.
    fn decided_elsewhere(self, failure: &Failure) -> String {
        if failure.status == 404 {
            self.load_queue();
            self.tell("That was decided already.", None);
        }
        self.explain(failure)
    }
}
