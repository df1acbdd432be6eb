//! From the log to what older pages are answered from: each event is read once, in order.

use super::backlog::{Raw, Stamp, next};
use super::lines::{Line, MOST_LINES};
use super::stamps::Loaded;
use super::{Compat, stamps};
use crate::app::{App, WeakApp};
use crate::db::DbError;
use crate::log::{Follower, ReadError, Room};
use crate::record::Record;
use nowcast_shared::id::{ItemId, SaidId};
use nowcast_shared::offset::Offset;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How long to wait before the store is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes who reads the log when there is something new in the room.
struct Bell {
    room: i64,
    rang: AtomicBool,
    happened: watch::Sender<()>,
    /// Told before which offset nothing is kept.
    compat: Weak<Compat>,
}

impl Follower for Bell {
    fn followed(&self, room: &Arc<Room>, _: &Arc<Record>) {
        if room.id() == self.room {
            self.rang.store(true, Ordering::Relaxed);
        }
    }

    fn gathered(&self) {
        if self.rang.swap(false, Ordering::Relaxed) {
            self.happened.send_replace(());
        }
    }

    fn let_go(&self, room: i64, before: Offset) {
        if room == self.room
            && let Some(compat) = self.compat.upgrade()
        {
            compat.backlog().let_go(before);
            compat.lines().let_go(before);
        }
    }
}

/// Reads what there is, and from now on what is new.
pub(super) async fn begin(app: &App, compat: &Arc<Compat>) -> Result<(), DbError> {
    let happened = watch::Sender::new(());
    let mut listening = happened.subscribe();
    let (room, rang) = (compat.room.id(), AtomicBool::new(false));
    app.follow(Arc::new(Bell { room, rang, happened, compat: Arc::downgrade(compat) }));
    stamps::prepare(&app.db).await?;
    compat.reload(app).await?;
    let (app, compat) = (app.downgrade(), Arc::downgrade(compat));
    tokio::spawn(async move {
        // Ends with the server, or when nobody can be answered any more.
        while listening.changed().await.is_ok() {
            if follow(&app, &compat).await.is_none() {
                return;
            }
        }
    });
    Ok(())
}

/// Reads on until there is nothing new; `None` where there is nobody to read for.
async fn follow(app: &WeakApp, compat: &Weak<Compat>) -> Option<()> {
    loop {
        let (app, compat) = (app.upgrade()?, compat.upgrade()?);
        match compat.read_on(&app).await {
            Ok(true) => {}
            Ok(false) => return Some(()),
            Err(DbError::Closed) => return None,
            Err(error) => {
                tracing::warn!(%error, "what older pages get waits for the store");
                drop((app, compat));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// An event as far as it matters here.
#[derive(Deserialize)]
struct Logged {
    event: Event,
}

/// See [`nowcast_shared::event::Event`]; its JSON is passed on as it is.
#[derive(Deserialize)]
struct Event {
    kind: String,
    item: Option<Box<RawValue>>,
    id: Option<SaidId>,
    name: Option<String>,
    text: Option<String>,
}

/// What an event changes here.
enum Change {
    Publish(Stamp, Raw),
    Edit(Raw),
    Delete(ItemId),
    Say(Line),
    EditSaid(SaidId, String),
    DeleteSaid(SaidId),
}

/// Reads a record; `None` where it changes nothing here.
fn read(record: &Record, last: &mut Stamp) -> Option<Change> {
    let Event { kind, item, id, name, text } =
        serde_json::from_slice::<Logged>(record.encoded.json()).ok()?.event;
    let item = item.as_deref().map(RawValue::get);
    Some(match kind.as_str() {
        "item_published" => {
            let item: Raw = serde_json::from_str(item?).ok()?;
            *last = next(*last, item.at);
            Change::Publish(*last, item)
        }
        "item_edited" => Change::Edit(serde_json::from_str(item?).ok()?),
        "item_deleted" => Change::Delete(serde_json::from_str(item?).ok()?),
        "said" => {
            let (id, name) = (id?, name?);
            Change::Say(Line { offset: record.offset, id, name, text: text? })
        }
        "said_edited" => Change::EditSaid(id?, text?),
        "said_deleted" => Change::DeleteSaid(id?),
        _ => return None,
    })
}

impl Compat {
    /// Reads all anew.
    pub(super) async fn reload(&self, app: &App) -> Result<(), DbError> {
        let most = self.backlog().most();
        let loaded = stamps::load(&app.db, self.room.id(), most).await?;
        self.replace(app, loaded).await
    }

    /// Takes in what was read anew, and the lines as far as anybody may lack them. Nothing that is
    /// there goes before all of it was read. Lines later than the items come once more, and are
    /// known then.
    async fn replace(&self, app: &App, loaded: Loaded) -> Result<(), DbError> {
        let mut after = self.lines().begin().unwrap_or(*self.followed.borrow());
        let mut lines = VecDeque::new();
        while after < loaded.head {
            let said = app.log.said_after(&self.room, after).await?;
            let Some(newest) = said.last().map(|said| said.offset) else { break };
            lines.extend(said.into_iter().map(Line::from));
            lines.drain(..lines.len().saturating_sub(MOST_LINES));
            after = newest;
        }
        {
            let (mut backlog, mut held) = (self.backlog(), self.lines());
            backlog.replace(loaded.items.into_iter(), loaded.last);
            held.replace(lines);
        }
        self.followed.send_replace(loaded.head);
        self.shown.send_replace(());
        self.spoken.send_replace(());
        Ok(())
    }

    /// Reads some of what is new; whether there was something.
    async fn read_on(&self, app: &App) -> Result<bool, DbError> {
        let after = *self.followed.borrow();
        let records = match app.log.read(&self.room, after).await {
            Ok(records) => records,
            Err(ReadError::Db(error)) => return Err(error),
            // More happened than is kept: what there is now has to do.
            Err(ReadError::Gone) => {
                self.reload(app).await?;
                return Ok(true);
            }
        };
        let Some(newest) = records.last().map(|record| record.offset) else { return Ok(false) };
        let mut last = self.backlog().last();
        let changes: Vec<_> = records.iter().filter_map(|record| read(record, &mut last)).collect();
        let stamps: Vec<(Offset, Stamp)> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Publish(stamp, item) => Some((item.offset, *stamp)),
                _ => None,
            })
            .collect();
        let shown = !stamps.is_empty();
        if shown {
            // Before anybody sees them.
            let oldest = self.backlog().oldest();
            stamps::give(&app.db, self.room.id(), stamps, oldest).await?;
        }
        let spoken = self.apply(changes);
        self.followed.send_replace(newest);
        if shown {
            self.shown.send_replace(());
        }
        if spoken {
            self.spoken.send_replace(());
        }
        Ok(true)
    }

    /// Takes changes in; whether something was said.
    fn apply(&self, changes: Vec<Change>) -> bool {
        let (mut backlog, mut lines) = (self.backlog(), self.lines());
        let mut spoken = false;
        for change in changes {
            match change {
                Change::Publish(stamp, item) => backlog.publish(stamp, &item),
                Change::Edit(item) => backlog.edit(&item),
                Change::Delete(item) => backlog.delete(&item),
                Change::Say(line) => {
                    lines.say(line);
                    spoken = true;
                }
                Change::EditSaid(said, text) => lines.edit(&said, text),
                Change::DeleteSaid(said) => lines.delete(&said),
            }
        }
        spoken
    }
}

#[cfg(test)]
mod tests {
    use super::super::chat::speaker;
    use super::*;
    use crate::command::{self, Caller};
    use crate::config::Config;
    use clap::Parser;
    use nowcast_shared::command::Command;
    use tempfile::TempDir;
    use tokio::time::Instant;

    /// A server that keeps no event but the newest, and what is read of it when it is told to.
    async fn forgetful() -> (TempDir, App, Compat) {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["nowcast", "--shards", "1", "--compat", "--keep-events", "1"];
        let config = Config::parse_from(arguments).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        let compat = Compat::empty(&app, &config.features.compat).await.unwrap();
        stamps::prepare(&app.db).await.unwrap();
        compat.reload(&app).await.unwrap();
        compat.listen("Ben").unwrap();
        (folder, app, compat)
    }

    async fn say(app: &App, compat: &Compat, text: &str) {
        let actor = speaker(app, compat, "Ana");
        let caller = Caller { actor: &actor, client: None, session: None };
        let command = Command::Say { text: text.to_owned(), name: None };
        command::run(app, &compat.room, &caller, command, None).await.unwrap();
    }

    /// What Ben is told, when all is read.
    async fn told(app: &App, compat: &Compat) -> Option<String> {
        while compat.read_on(app).await.unwrap() {}
        compat.lines().take("Ben", Instant::now())
    }

    #[tokio::test]
    async fn what_is_said_while_all_is_read_anew_is_told_once() {
        let (_folder, app, compat) = forgetful().await;
        for text in ["one", "two", "three"] {
            say(&app, &compat, text).await;
        }
        let loaded = stamps::load(&app.db, compat.room.id(), 5).await.unwrap();
        say(&app, &compat, "meanwhile").await;
        compat.replace(&app, loaded).await.unwrap();
        say(&app, &compat, "later").await;
        let lines = told(&app, &compat).await;
        let expected = "Ana : one\nAna : two\nAna : three\nAna : meanwhile\nAna : later\n";
        assert_eq!(lines.as_deref(), Some(expected));
        assert_eq!(told(&app, &compat).await, None);
    }

    #[tokio::test]
    async fn a_read_that_fails_loses_no_line() {
        let (_folder, app, compat) = forgetful().await;
        say(&app, &compat, "held").await;
        while compat.read_on(&app).await.unwrap() {}
        for text in ["one", "two"] {
            say(&app, &compat, text).await;
        }
        let run = |sql: &'static str| app.db.write(move |connection| connection.execute_batch(sql));
        run("ALTER TABLE said RENAME TO away").await.unwrap();
        assert!(compat.read_on(&app).await.is_err());
        run("ALTER TABLE away RENAME TO said").await.unwrap();
        let lines = told(&app, &compat).await;
        assert_eq!(lines.as_deref(), Some("Ana : held\nAna : one\nAna : two\n"));
    }
}
