//! When a log's life ends: after a crash of the machine that may have taken acknowledged events.
//!
//! With `--durability relaxed` the operating system may hold the newest commits when the machine
//! goes down. The log then ends earlier than pages have seen, and its offsets will be given anew.
//! So that no page takes the new events for the old ones, every room begins a new epoch. A crash
//! of the server alone loses nothing and changes nothing. A copy that a backup is ends earlier in the
//! same way, and begins new epochs when it is served from.

use crate::config::Durability;
use crate::db::{Db, DbError};
use crate::random;
use rusqlite::{Connection, OptionalExtension};

/// The setting that a copy of the database has, which a backup is.
const COPIED: &str = "copied_at";

/// The setting that names the boot of the machine in which a relaxed server last began.
const RELAXED: &str = "relaxed_since_boot";

/// To be called before anything is read: ends epochs that cannot be continued.
pub async fn begin(db: &Db, durability: Durability) -> Result<(), DbError> {
    let boot = boot();
    db.write(move |connection| renew(connection, durability, &boot)).await?;
    match durability {
        Durability::Full => Ok(()),
        // Only now: the note itself must not be lost with the machine.
        Durability::Relaxed => db.relax().await,
    }
}

/// To be called last: everything is where it belongs.
pub async fn ended_well(db: &Db) -> Result<(), DbError> {
    db.write(forget).await
}

/// To be called with a copy of a database: what happens in its rooms is not what happens in those
/// that it was taken of, so whoever serves from it begins new epochs.
pub fn note_copy(connection: &Connection, at: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)";
    connection.execute(sql, (COPIED, at.to_string())).map(|_| ())
}

fn renew(connection: &Connection, durability: Durability, boot: &str) -> rusqlite::Result<()> {
    let sql = "SELECT value FROM settings WHERE name = ?";
    let before: Option<String> =
        connection.query_row(sql, [RELAXED], |row| row.get(0)).optional()?;
    let lost = before.is_some_and(|before| before != boot || boot.is_empty());
    let copied = connection.execute("DELETE FROM settings WHERE name = ?", [COPIED])? > 0;
    if lost {
        tracing::warn!("the machine went down under a relaxed server: rooms begin new epochs");
    }
    if lost || copied {
        let mut statement = connection.prepare("SELECT id FROM rooms")?;
        let rooms = statement.query_map([], |row| row.get(0))?;
        for room in rooms.collect::<rusqlite::Result<Vec<i64>>>()? {
            let sql = "UPDATE rooms SET epoch = ? WHERE id = ?";
            connection.execute(sql, (random::name("e", 9), room))?;
        }
    }
    match durability {
        Durability::Full => forget(connection),
        Durability::Relaxed => {
            let sql = "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)";
            connection.execute(sql, [RELAXED, boot]).map(|_| ())
        }
    }
}

fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM settings WHERE name = ?", [RELAXED]).map(|_| ())
}

/// Names this boot of the machine; empty where the system does not tell, so that every unclean
/// end counts as a crash of the machine there.
fn boot() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    told.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    struct Machine(Db, #[expect(dead_code, reason = "the folder lives as long as this")] TempDir);

    impl Machine {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).unwrap();
            let sql =
                "INSERT INTO rooms (name, title, epoch, created_at) VALUES ('main', '', 'e1', 0)";
            db.write(|connection| connection.execute(sql, [])).await.unwrap();
            Self(db, folder)
        }

        async fn begin(&self, durability: Durability, boot: &'static str) -> String {
            self.0
                .write(move |connection| {
                    renew(connection, durability, boot)?;
                    connection.query_row("SELECT epoch FROM rooms", [], |row| row.get(0))
                })
                .await
                .unwrap()
        }
    }

    #[tokio::test]
    async fn a_crash_of_the_machine_under_a_relaxed_server_ends_the_epoch() {
        let machine = Machine::new().await;
        assert_eq!(machine.begin(Durability::Relaxed, "boot1").await, "e1");
        assert_eq!(machine.begin(Durability::Relaxed, "boot1").await, "e1", "the server crashed");
        assert_ne!(machine.begin(Durability::Relaxed, "boot2").await, "e1", "the machine crashed");
    }

    #[tokio::test]
    async fn a_copy_begins_new_epochs_once() {
        let machine = Machine::new().await;
        machine.0.write(|connection| note_copy(connection, 5)).await.unwrap();
        let epoch = machine.begin(Durability::Full, "boot1").await;
        assert_ne!(epoch, "e1");
        assert_eq!(machine.begin(Durability::Full, "boot1").await, epoch);
    }

    #[tokio::test]
    async fn a_clean_end_or_full_durability_keeps_it() {
        let machine = Machine::new().await;
        machine.begin(Durability::Relaxed, "boot1").await;
        ended_well(&machine.0).await.unwrap();
        assert_eq!(machine.begin(Durability::Full, "boot2").await, "e1");
        assert_eq!(machine.begin(Durability::Full, "boot3").await, "e1");
    }
}
