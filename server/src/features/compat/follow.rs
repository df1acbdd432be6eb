//! From the log to what older pages are answered from: each event is read once, in order.

use super::backlog::{Raw, Stamp, next};
use super::lines::Line;
use super::{Compat, stamps};
use crate::app::{App, WeakApp};
use crate::db::DbError;
use crate::log::{Follower, ReadError, Room};
use crate::record::Record;
use nowcast_shared::id::{ItemId, SaidId};
use nowcast_shared::offset::Offset;
use serde::Deserialize;
use serde_json::value::RawValue;
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
}

/// Reads what there is, and from now on what is new.
pub(super) async fn begin(app: &App, compat: &Arc<Compat>) -> Result<(), DbError> {
    let happened = watch::Sender::new(());
    let mut listening = happened.subscribe();
    let (room, rang) = (compat.room.id(), AtomicBool::new(false));
    app.follow(Arc::new(Bell { room, rang, happened }));
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
    async fn reload(&self, app: &App) -> Result<(), DbError> {
        let most = self.backlog().most();
        let loaded = stamps::load(&app.db, self.room.id(), most).await?;
        self.backlog().replace(loaded.items.into_iter(), loaded.last);
        self.followed.send_replace(loaded.head);
        self.shown.send_replace(());
        Ok(())
    }

    /// Reads the lines anew, as far as anybody may lack them, and those after `after`.
    async fn reload_lines(&self, app: &App, after: Offset) -> Result<(), DbError> {
        let mut after = self.lines().clear().unwrap_or(after);
        loop {
            let said = app.log.said_after(&self.room, after).await?;
            let Some(newest) = said.last().map(|said| said.offset) else { break };
            let mut lines = self.lines();
            for said in said {
                lines.say(Line::from(said));
            }
            after = newest;
        }
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
                self.reload_lines(app, after).await?;
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
