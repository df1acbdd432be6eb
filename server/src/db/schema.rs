//! The tables, and how a database of an earlier version becomes one of this.

use rusqlite::{Connection, TransactionBehavior};

/// Step `n` takes a database from version `n` to `n + 1`. Steps that were released never change.
const STEPS: &[&str] = &[
    "
    -- Settings of the whole server: password hash, secret for public ids.
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

    -- `head` is the offset of the newest event, `first` that of the oldest still kept.
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        epoch TEXT NOT NULL,
        head INTEGER NOT NULL DEFAULT 0,
        first INTEGER NOT NULL DEFAULT 1,
        last_at INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    ) STRICT;

    -- The log. `author` and `event` are JSON as on the wire.
    CREATE TABLE events (
        room INTEGER NOT NULL REFERENCES rooms (id),
        offset INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        author TEXT NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (room, offset)
    ) STRICT, WITHOUT ROWID;

    -- What the feed shows now: a projection of the log. `owner` may edit it.
    CREATE TABLE items (
        room INTEGER NOT NULL REFERENCES rooms (id),
        offset INTEGER NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        item TEXT NOT NULL,
        PRIMARY KEY (room, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX items_by_id ON items (room, id);

    -- Answers already given, by idempotency key or command id.
    CREATE TABLE answers (
        room INTEGER NOT NULL REFERENCES rooms (id),
        actor TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        item TEXT,
        offset INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (room, actor, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);

    CREATE TABLE buttons (
        id TEXT PRIMARY KEY,
        room INTEGER NOT NULL REFERENCES rooms (id),
        place INTEGER NOT NULL,
        label TEXT NOT NULL,
        color TEXT NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX buttons_by_place ON buttons (room, place);

    -- Only hashes: SHA-256, since these secrets have 128 random bits and more.
    CREATE TABLE tokens (
        hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        rooms TEXT,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE logins (
        hash BLOB PRIMARY KEY,
        name TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- What a room is set to, as JSON, and the secret of its invitation link.
    ALTER TABLE rooms ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE rooms ADD COLUMN invitation TEXT;

    -- Projections of the log: the stage, the shared variables, the chat.
    CREATE TABLE pieces (
        room INTEGER NOT NULL REFERENCES rooms (id),
        id TEXT NOT NULL,
        piece TEXT NOT NULL,
        PRIMARY KEY (room, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE variables (
        room INTEGER NOT NULL REFERENCES rooms (id),
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (room, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE said (
        room INTEGER NOT NULL REFERENCES rooms (id),
        offset INTEGER NOT NULL,
        id TEXT NOT NULL,
        owner TEXT NOT NULL,
        said TEXT NOT NULL,
        PRIMARY KEY (room, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX said_by_id ON said (room, id);

    -- When somebody last spoke in a room in slow mode.
    CREATE TABLE spoke (
        room INTEGER NOT NULL REFERENCES rooms (id),
        owner TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (room, owner)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spoke_by_age ON spoke (at);

    -- Words that wait for approval; not part of the log before. `said` names the words that they
    -- are to replace.
    CREATE TABLE held (
        room INTEGER NOT NULL REFERENCES rooms (id),
        id TEXT NOT NULL,
        said TEXT,
        at INTEGER NOT NULL,
        owner TEXT NOT NULL,
        author TEXT NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (room, id)
    ) STRICT, WITHOUT ROWID;

    -- Who may not speak (`mute`) or come in (`block`), by public id. `until` is absent for good.
    CREATE TABLE sanctions (
        room INTEGER NOT NULL REFERENCES rooms (id),
        person TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT,
        until INTEGER,
        at INTEGER NOT NULL,
        PRIMARY KEY (room, person, kind)
    ) STRICT, WITHOUT ROWID;

    -- What was pushed to users who may be away, for a room or for all, and which page took it: none
    -- by an empty name, where it reached somebody at once.
    CREATE TABLE pushes (
        user TEXT NOT NULL,
        id TEXT NOT NULL,
        room INTEGER REFERENCES rooms (id),
        data TEXT NOT NULL,
        at INTEGER NOT NULL,
        taken TEXT,
        PRIMARY KEY (user, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pushes_by_age ON pushes (at);

    -- User tokens that may be used by one page only, and by which they were.
    CREATE TABLE used_tokens (
        id TEXT PRIMARY KEY,
        client TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- What of its past a room keeps, as JSON; all of it where that is absent. `bytes` is what the
    -- authors and events of its log are long.
    ALTER TABLE rooms ADD COLUMN keeping TEXT;
    ALTER TABLE rooms ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE rooms SET bytes = (
        SELECT coalesce(sum(octet_length(author) + octet_length(event)), 0)
        FROM events WHERE events.room = rooms.id
    );

    -- What an event of that offset changed or took away, as the projection had it: JSON of the item
    -- or of the words (`items.item`, `said.said`).
    CREATE TABLE replaced (
        room INTEGER NOT NULL REFERENCES rooms (id),
        offset INTEGER NOT NULL,
        was TEXT NOT NULL,
        PRIMARY KEY (room, offset)
    ) STRICT, WITHOUT ROWID;

    -- For events that are there already: the item as the event before had it. `since` is where the
    -- item came, or went: of one that came before the log begins nothing is known. An event's JSON
    -- is `{\"kind\":…,\"item\":…}`, of which the item is taken as it is, byte for byte. One that is
    -- damaged is passed over: it is no reason not to start.
    INSERT INTO replaced (room, offset, was)
    SELECT change.room, change.offset, substr(before.event, length(before.kind) + 19,
        length(before.event) - length(before.kind) - 19)
    FROM (
        SELECT room, offset, kind, lag(offset) OVER past AS before,
            max(CASE WHEN kind != 'item_edited' THEN offset END) OVER (
                past ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS since
        FROM (
            SELECT room, offset, kind, CASE WHEN NOT json_valid(event) THEN NULL
                WHEN kind = 'item_deleted' THEN event ->> '$.item'
                ELSE event ->> '$.item.id' END AS id
            FROM events WHERE kind IN ('item_published', 'item_edited', 'item_deleted')
        )
        WHERE id IS NOT NULL
        WINDOW past AS (PARTITION BY room, id ORDER BY offset)
    ) AS change
    JOIN events AS since ON since.room = change.room AND since.offset = change.since
    JOIN events AS before ON before.room = change.room AND before.offset = change.before
    WHERE change.kind != 'item_published' AND since.kind = 'item_published';

    -- And the words: an edit has their text alone.
    INSERT INTO replaced (room, offset, was)
    SELECT change.room, change.offset, CASE before.kind WHEN 'said' THEN words ELSE json_set(
        words, '$.text', before.event -> '$.text', '$.edited_at', before.at
    ) END
    FROM (
        SELECT change.room, change.offset, change.before, json_object(
            'id', since.event -> '$.id', 'offset', since.offset, 'at', since.at,
            'by', json(since.author), 'name', since.event -> '$.name',
            'text', since.event -> '$.text'
        ) AS words
        FROM (
            SELECT room, offset, kind, lag(offset) OVER past AS before,
                max(CASE WHEN kind != 'said_edited' THEN offset END) OVER (
                    past ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS since
            FROM (
                SELECT room, offset, kind, CASE WHEN json_valid(event) AND json_valid(author)
                    THEN event ->> '$.id' END AS id
                FROM events WHERE kind IN ('said', 'said_edited', 'said_deleted')
            )
            WHERE id IS NOT NULL
            WINDOW past AS (PARTITION BY room, id ORDER BY offset)
        ) AS change
        JOIN events AS since ON since.room = change.room AND since.offset = change.since
        WHERE change.kind != 'said' AND since.kind = 'said'
    ) AS change
    JOIN events AS before ON before.room = change.room AND before.offset = change.before;
    ",
];

/// Brings the database to the newest version, a step a transaction.
///
/// # Errors
/// If a newer Nowcast made it, or SQLite refuses a step.
pub(super) fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: u32 = transaction.pragma_query_value(None, "user_version", |r| r.get(0))?;
        ensure_known(version as usize)?;
        let Some(step) = STEPS.get(version as usize) else { return Ok(()) };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

fn ensure_known(version: usize) -> anyhow::Result<()> {
    let known = STEPS.len();
    anyhow::ensure!(
        version <= known,
        "The data folder was made by a newer Nowcast (schema {version}, this one knows {known}). \
         Use that version, or another folder with --data."
    );
    Ok(())
}

/// Makes sure that an attached database has the tables of this version.
///
/// # Errors
/// If it has those of another.
pub(super) fn ensure_newest(connection: &Connection, name: &str) -> anyhow::Result<()> {
    let version: usize = connection
        .pragma_query_value(Some(name), "user_version", |row| row.get::<_, u32>(0))?
        .try_into()?;
    ensure_known(version)?;
    anyhow::ensure!(
        version == STEPS.len(),
        "The data folder was made by another version of Nowcast (schema {version}, this one has {}). \
         Start this one's server there once.",
        STEPS.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: usize = STEPS.len();

    fn version(connection: &Connection) -> usize {
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        usize::try_from(version.unwrap_or(-1_i64)).unwrap()
    }

    #[test]
    fn an_upgrade_runs_each_step_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection), NEWEST);
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection), NEWEST);
    }

    #[test]
    fn data_of_a_newer_version_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        let newer = i64::try_from(NEWEST + 1).unwrap();
        connection.pragma_update(None, "user_version", newer).unwrap();
        let error = migrate(&mut connection).unwrap_err().to_string();
        assert!(error.contains("newer Nowcast"), "{error}");
        assert_eq!(version(&connection), NEWEST + 1);
    }
}
