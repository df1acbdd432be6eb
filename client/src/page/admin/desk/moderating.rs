//! What the desk does about people and their words.

use super::{Desk, Fetched, Undo};
use crate::dom;
use crate::page::admin::ask;
use crate::page::admin::ask::people::{Sanction, SanctionKind};
use crate::page::admin::me::Right;
use crate::page::admin::words;
use crate::read::Json;
use crate::store::chat::Entry;
use crate::write;
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::command::Command;
use nowcast_shared::id::{PublicId, SaidId};

impl Desk {
    /// Fetches who is here, and who may not be. What is known stays until the answer is there.
    pub fn load_roster(self) {
        if !self.may_now(Right::Settings) {
            return;
        }
        spawn_local(async move {
            match ask::people::roster(&self.room()).await {
                Ok(roster) => self.roster.set(Fetched::Here(roster)),
                Err(failure) => {
                    let why = self.explain(&failure);
                    self.roster.update(|known| keep_or(known, why));
                }
            }
        });
    }

    /// Fetches the words that wait for approval.
    pub fn load_waiting(self) {
        if !self.may_now(Right::Settings) {
            return;
        }
        spawn_local(async move {
            match ask::people::held(&self.room()).await {
                Ok(waiting) => {
                    self.held.set(waiting.len() as u64);
                    self.waiting.set(Fetched::Here(waiting));
                }
                Err(failure) => {
                    let why = self.explain(&failure);
                    self.waiting.update(|known| keep_or(known, why));
                }
            }
        });
    }

    /// Lets words be said that wait, or drops them.
    pub async fn decide(self, id: SaidId, approved: bool) -> Result<(), String> {
        let room = self.room();
        let done = if approved {
            ask::people::approve(&room, &id).await
        } else {
            ask::people::turn_down(&room, &id).await
        };
        // Also where it failed: perhaps another admin was faster.
        self.load_waiting();
        done.map_err(|failure| self.explain(&failure))?;
        self.said.set(if approved { "It is said." } else { "Dropped." }.to_owned());
        Ok(())
    }

    /// Says something in the chat, as whoever sits here.
    pub async fn say(self, text: &str) -> Result<(), String> {
        let name = self.me.with_untracked(|me| me.as_ref().and_then(|me| me.name.clone()));
        let command = Command::Say { text: text.to_owned(), name };
        self.command(&command).await.map_err(|failure| self.explain(&failure))
    }

    /// Takes words from every page.
    pub async fn delete_said(self, id: SaidId) -> Result<(), String> {
        let done = self.command(&Command::DeleteSaid { said: id }).await;
        done.map_err(|failure| self.explain(&failure))?;
        self.said.set("Deleted on every page.".to_owned());
        Ok(())
    }

    /// Lets somebody not speak for a while, or for good.
    pub async fn mute(
        self,
        person: PublicId,
        name: &str,
        seconds: Option<u64>,
    ) -> Result<(), String> {
        self.remember(&person, name);
        let back = Command::Unmute { person: person.clone() };
        let done = Command::Mute { person, seconds };
        let said = match seconds {
            Some(seconds) => format!("{name} may not speak for {}.", words::span(seconds)),
            None => format!("{name} may not speak any more."),
        };
        self.sanction(&done, said, &back, format!("{name} may speak again.")).await
    }

    /// Sends somebody out for good.
    pub async fn block(self, person: PublicId, name: &str) -> Result<(), String> {
        self.remember(&person, name);
        let back = Command::Unblock { person: person.clone() };
        let done = Command::Block { person };
        let said = format!("{name} is out, and cannot come back.");
        self.sanction(&done, said, &back, format!("{name} may come back.")).await
    }

    /// Takes a mute or a block back.
    pub async fn forgive(self, sanction: &Sanction) -> Result<(), String> {
        let person = sanction.person.clone();
        let name = &self.name_of(sanction);
        let (done, back, said) = match sanction.kind {
            SanctionKind::Mute => {
                let seconds = sanction.until.map(|until| words::seconds_left(until, dom::now()));
                let back = Command::Mute { person: person.clone(), seconds };
                (Command::Unmute { person }, back, format!("{name} may speak again."))
            }
            SanctionKind::Block => {
                let back = Command::Block { person: person.clone() };
                (Command::Unblock { person }, back, format!("{name} may come back."))
            }
        };
        self.sanction(&done, said, &back, "It holds again.".to_owned()).await
    }

    fn remember(self, person: &PublicId, name: &str) {
        self.names.update_value(|names| drop(names.insert(person.clone(), name.to_owned())));
    }

    /// What somebody goes by who may not speak or be here: as the server says, or as this page has
    /// known them.
    pub fn name_of(self, sanction: &Sanction) -> String {
        let spoke = || {
            self.store.chat.said.with_untracked(|said| {
                let by = |entry: &&Entry| entry.by.id == sanction.person && !entry.name.is_empty();
                said.iter().rev().find(by).map(|entry| entry.name.clone())
            })
        };
        let known = || self.names.with_value(|names| names.get(&sanction.person).cloned());
        sanction
            .name
            .clone()
            .or_else(known)
            .or_else(spoke)
            .unwrap_or_else(|| words::NAMELESS.to_owned())
    }

    async fn sanction(
        self,
        done: &Command<Json>,
        said: String,
        back: &Command<Json>,
        undone: String,
    ) -> Result<(), String> {
        let answer = self.command(done).await;
        self.load_roster();
        answer.map_err(|failure| self.explain(&failure))?;
        self.tell(said, Some(Undo::Give(write::command(back, |data| data.0.clone()), undone)));
        Ok(())
    }
}

/// What is known is better than a failure.
fn keep_or<T>(known: &mut Fetched<T>, why: String) {
    if known.here().is_none() {
        *known = Fetched::Failed(why);
    }
}
