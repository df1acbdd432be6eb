//! What the desk does to the feed: showing, changing and deleting items.

use super::{Desk, Undo};
use crate::api::{PATIENCE, Problem as Failure};
use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::draft::Draft;
use crate::page::admin::keep;
use crate::page::admin::problem::Problem;
use crate::page::admin::tile::Outcome;
use crate::read::Json;
use crate::write;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::command::Command;
use nowcast_shared::error::Code;
use nowcast_shared::id::{ButtonId, ItemId};
use nowcast_shared::item::{Body, Item, NewItem};
use nowcast_shared::offset::Offset;

/// How long a deletion waits to learn what is deleted, in milliseconds.
const MOMENT: f64 = 1_500.0;

impl Desk {
    /// Shows what the display button at this place holds.
    pub fn fire_at(self, place: usize) {
        let id = self.board.with_untracked(|board| board.tiles().get(place).map(|t| t.id.clone()));
        if let Some(id) = id {
            self.fire(&id);
        }
    }

    /// Shows what this display button holds, on every page.
    pub fn fire(self, id: &ButtonId) {
        let face = self.board.with_untracked(|board| {
            board.tiles().iter().find(|tile| tile.id == *id).map(|tile| tile.face.clone())
        });
        let sending =
            self.outcomes.with_untracked(|outcomes| outcomes.get(id) == Some(&Outcome::Sending));
        let Some(face) = face.filter(|_| !sending) else { return };
        let id = id.clone();
        self.outcomes.update(|outcomes| {
            outcomes.insert(id.clone(), Outcome::Sending);
        });
        spawn_local(async move {
            let label = face.label;
            let item = NewItem { kind: face.kind, data: face.data };
            let outcome = match self.command(&Command::Publish { item }).await {
                Ok(()) => Outcome::Out(keep::clock()),
                // A tile is small.
                Err(failure) if failure.status == 0 => {
                    Outcome::Failed("The server did not answer.".to_owned())
                }
                Err(failure) => Outcome::Failed(self.explain(&failure)),
            };
            self.said.set(match &outcome {
                Outcome::Failed(why) => format!("{label} did not go out. {why}"),
                // With the time, or the second click in a row would be read to nobody.
                _ => format!("{label} is out, {}.", keep::clock()),
            });
            self.outcomes.update(|outcomes| {
                outcomes.insert(id, outcome);
            });
        });
    }

    /// Publishes what stands in the composer, and empties it when it is out.
    pub fn publish(self) {
        if self.outcome.with_untracked(|outcome| *outcome == Outcome::Sending) {
            return;
        }
        let draft = self.draft.get_untracked();
        self.problem.set(draft.missing());
        if self.problem.with_untracked(Option::is_some) {
            return;
        }
        self.outcome.set(Outcome::Sending);
        spawn_local(async move {
            let item = NewItem { kind: draft.kind.name().to_owned(), data: draft.data(None) };
            match self.command(&Command::Publish { item }).await {
                Ok(()) => {
                    // What was typed on while it was on its way stays.
                    self.draft.update(|now| {
                        if now.kind == draft.kind && now.body() == draft.body() {
                            now.clear();
                        }
                    });
                    self.said.set(format!("It is out, {}.", keep::clock()));
                    self.outcome.set(Outcome::Out(keep::clock()));
                }
                Err(failure) => {
                    let why = self.explain(&failure);
                    self.problem.set(Some(draft.blame(Code::from_name(&failure.code), &why)));
                    self.outcome.set(Outcome::Failed(why));
                }
            }
        });
    }

    /// What the form of an item begins with, if that has to be asked for: what this page knows of a
    /// custom item has been through the browser's numbers, and the form writes all of it.
    pub async fn to_edit(self, item: Item<Body>) -> Result<Draft, String> {
        match ask::data(&self.room(), &item.id, item.offset, PATIENCE).await {
            Ok(Some(Json(json))) => Ok(Draft::of(&Body::Custom { json }).unwrap_or_default()),
            Ok(None) => Err("That item is not there any more.".to_owned()),
            Err(failure) => Err(self.explain(&failure)),
        }
    }

    /// Changes an item published at `at`, and leaves those of its fields that the form does not
    /// have; the answer says what is wrong, if something is.
    pub async fn edit_item(self, id: ItemId, at: Offset, draft: &Draft) -> Result<(), Problem> {
        if let Some(problem) = draft.missing() {
            return Err(problem);
        }
        let edited = async {
            let before = ask::data(&self.room(), &id, at, PATIENCE).await?;
            let data = draft.data(before.as_ref().map(|data| data.0.as_str()));
            self.command(&Command::Edit { item: id.clone(), data }).await
        };
        match edited.await {
            Ok(()) => {
                self.tell("Changed on every page.", None);
                Ok(())
            }
            Err(failure) => {
                Err(draft.blame(Code::from_name(&failure.code), &self.explain(&failure)))
            }
        }
    }

    /// Takes an item of this kind, published at `at`, from every page.
    pub async fn delete_item(self, id: ItemId, at: Offset, kind: String) -> Result<(), String> {
        // Without what it was there is only no way back, and what has to go cannot wait for that.
        let was = ask::data(&self.room(), &id, at, MOMENT).await.ok().flatten();
        match self.command(&Command::Delete { item: id }).await {
            Ok(()) => {
                let undo = was.map(|data| Undo::Republish(NewItem { kind, data }));
                self.tell("Deleted on every page.", undo);
                Ok(())
            }
            Err(failure) => Err(self.explain(&failure)),
        }
    }

    /// Takes back what the notice speaks of.
    pub fn undo(self, undo: Undo) {
        self.notice.set(None);
        spawn_local(async move {
            let done = match undo {
                Undo::Remake(face, place) => match ask::make_button(&self.room(), &face).await {
                    Ok(tile) => {
                        self.with_tiles(|tiles| tiles.push(tile));
                        let len = self.board.with_untracked(|board| board.tiles().len());
                        // None are there while the board is being fetched again.
                        if let Some(last) = len.checked_sub(1) {
                            self.move_tile(last, place.min(last));
                        }
                        Ok("It is back.".to_owned())
                    }
                    Err(failure) => Err(failure),
                },
                Undo::Republish(item) | Undo::AfterAll(item) => {
                    let command = Command::Publish { item };
                    self.command(&command).await.map(|()| "It is out again.".to_owned())
                }
                Undo::Give(command, done) => {
                    let given = self.give(&command).await;
                    self.load_roster();
                    given.map(|()| done)
                }
            };
            match done {
                Ok(text) => self.tell(text, None),
                Err(failure) => self.tell(self.explain(&failure), None),
            }
        });
    }

    /// Gives a command in the name of this page.
    pub async fn command(self, command: &Command<Json>) -> Result<(), Failure> {
        self.give(&write::command(command, |data| data.0.clone())).await
    }

    /// Gives a command that is written already.
    ///
    /// One that was never answered keeps its id when it is given again: should the first have
    /// arrived after all, it is not done twice.
    pub async fn give(self, command: &str) -> Result<(), Failure> {
        let unanswered = self.unanswered.get_value().filter(|(_, last)| last == command);
        let id = unanswered.map_or_else(dom::random_id, |(id, _)| id);
        let answer = ask::command(&self.room(), &self.client(), &id, command).await;
        let silent = answer.as_ref().is_err_and(|failure| failure.status == 0);
        self.unanswered.set_value(silent.then(|| (id, command.to_owned())));
        answer
    }
}
