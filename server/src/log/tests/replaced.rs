//! What events changed or took away, beside them.

use super::keeping::NOTHING;
use super::*;
use crate::log::Keeping;
use crate::log::archive::Restore;
use crate::log::verify;
use rusqlite::Connection;

impl Kept {
    /// What each event replaced, by its offset.
    async fn replaced(&self) -> Vec<(i64, String)> {
        self.rows("SELECT offset, was FROM replaced ORDER BY offset").await
    }

    /// Items and words as they are, by the offset of where they were published.
    async fn present(&self) -> Vec<(i64, String)> {
        self.rows("SELECT offset, item FROM items UNION SELECT offset, said FROM said").await
    }

    async fn rows(&self, sql: &'static str) -> Vec<(i64, String)> {
        let read = self.log.db.read(move |connection| {
            connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        read.await.unwrap()
    }

    /// Does something to what was published there; what that was.
    async fn change(&self, published: i64, change: Change) -> (i64, String) {
        let present = self.present().await;
        let (_, was) = present.into_iter().find(|(offset, _)| *offset == published).unwrap();
        let offset = self.log.append(&self.room, draft(change, None)).await.unwrap().offset;
        (as_column(offset), was)
    }

    /// Makes something that has an id.
    async fn make(&self, change: Change) -> (i64, String) {
        let appended = self.log.append(&self.room, draft(change, None)).await.unwrap();
        (as_column(appended.offset), appended.id.unwrap())
    }

    /// An item and words, each changed twice and then gone; what each event replaced.
    async fn live(&self) -> Vec<(i64, String)> {
        let (item_at, item) = self.make(show("One \"quoted\" \u{1}")).await;
        let (said_at, said) = self.make(say("Hello \"you\" \u{2028}")).await;
        let mut all = Vec::new();
        for text in ["a", "b \\ \u{2028}"] {
            all.push(self.change(item_at, edit(&item, text)).await);
            all.push(self.change(said_at, reword(&said, text)).await);
        }
        all.push(self.change(said_at, unsay(&said)).await);
        all.push(self.change(item_at, delete(&item)).await);
        all
    }

    /// What `nowcast check` finds, and what is left of that after `--repair`.
    async fn check(&self) -> (Vec<String>, Vec<String>) {
        // Nothing is on its way any more.
        self.log.db.write(|_| Ok(())).await.unwrap();
        let path = self.folder.path().join("nowcast.db");
        let look = || {
            let mut scratch = crate::db::beside(&path).unwrap();
            let room = verify::rooms(&scratch).unwrap().remove(0);
            let transaction = scratch.transaction().unwrap();
            let found = verify::examine(&transaction, &room, &|| ()).unwrap();
            if !found.is_empty() {
                verify::mend(&transaction, &room, &|_| "admin".to_owned()).unwrap();
            }
            transaction.commit().unwrap();
            found.into_iter().map(|difference| difference.what).collect::<Vec<_>>()
        };
        (look(), look())
    }

    async fn tamper(&self, sql: &'static str) {
        self.log.db.write(move |connection| connection.execute_batch(sql)).await.unwrap();
    }
}

fn data(text: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::to_raw_value(&serde_json::json!({ "text": text })).unwrap()
}

fn show(text: &str) -> Change {
    Change::Publish { kind: "custom".to_owned(), data: data(text), html: None }
}

fn edit(item: &str, text: &str) -> Change {
    Change::Edit { item: item.into(), data: data(text), html: None }
}

fn delete(item: &str) -> Change {
    Change::Delete { item: item.into() }
}

fn say(text: &str) -> Change {
    let (name, text) = ("Ana".to_owned(), text.to_owned());
    Change::Chat(ChatChange::Say { name, text, slow: 0, held: None })
}

fn reword(said: &str, text: &str) -> Change {
    let (said, text) = (said.into(), text.to_owned());
    Change::Chat(ChatChange::Edit { said, text, slow: 0, held: None })
}

fn unsay(said: &str) -> Change {
    Change::Chat(ChatChange::Delete { said: said.into() })
}

#[tokio::test]
async fn an_event_that_changes_or_takes_away_has_beside_it_what_was_there() {
    let kept = open(0, 1 << 20).await;
    let all = kept.live().await;
    assert_eq!(kept.replaced().await, all);
    assert_eq!(all.len(), 6, "and what is new replaces nothing");
    let gone = kept.log.append(&kept.room, draft(delete("i-none"), None)).await;
    assert!(gone.is_err());
    assert_eq!(kept.replaced().await.len(), 6);
    assert_eq!(kept.check().await, (vec![], vec![]));
}

#[tokio::test]
async fn it_goes_with_its_event() {
    let kept = open(6, 1 << 20).await;
    let all = kept.live().await;
    kept.make(show("more")).await;
    assert_eq!(kept.replaced().await, all[1..], "as publishing lets go of the event");
    kept.log.keep(&kept.room, Keeping { events: Some(3), ..NOTHING }).await.unwrap();
    kept.log.trim().await.unwrap();
    assert_eq!(kept.replaced().await, all[4..], "as the room keeps less");
    assert_eq!(kept.check().await, (vec![], vec![]), "no alarm about what the log has no more");
}

#[tokio::test]
async fn a_log_that_is_imported_has_it_too_as_far_as_it_reaches() {
    let kept = open(0, 1 << 20).await;
    let all = kept.live().await;
    let words = [1, 3, 4].map(|index| all[index].clone());
    let lines: Vec<String> = kept
        .log
        .read(&kept.room, Offset(0))
        .await
        .unwrap()
        .iter()
        .map(|record| String::from_utf8_lossy(record.encoded.json()).into_owned())
        .collect();
    for (from, expected) in [(0, &all[..]), (1, &words[..])] {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = crate::db::alone(folder.path()).unwrap();
        let transaction = connection.transaction().unwrap();
        let owners = |_: &nowcast_shared::id::PublicId| "admin".to_owned();
        let mut restore = Restore::begin(&transaction, &RoomName::main(), owners).unwrap();
        for line in &lines[from..] {
            restore.take(line).unwrap();
        }
        restore.end().unwrap();
        transaction.commit().unwrap();
        assert_eq!(rows(&connection), expected, "from {from}");
    }
}

fn rows(connection: &Connection) -> Vec<(i64, String)> {
    let mut all = connection.prepare("SELECT offset, was FROM replaced ORDER BY offset").unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[tokio::test]
async fn what_differs_from_the_log_is_found_and_mended() {
    let kept = open(0, 1 << 20).await;
    let all = kept.live().await;
    for (sql, saying) in [
        ("DELETE FROM replaced WHERE offset = 3", "the event 3 replaced is in the log and not"),
        ("UPDATE replaced SET was = json_set(was, '$.at', 1)", "the event 4 replaced is otherwise"),
        ("UPDATE replaced SET was = 'damaged'", "the event 8 replaced is otherwise"),
        (
            "INSERT INTO replaced SELECT room, 1, was FROM replaced WHERE offset = 3",
            "the event 1 replaced is there and not in the log",
        ),
    ] {
        kept.tamper(sql).await;
        let (found, left) = kept.check().await;
        assert!(found.iter().any(|what| what.contains(saying)), "{sql}: {found:?}");
        assert_eq!(left, Vec::<String>::new(), "{sql}");
        assert_eq!(kept.replaced().await, all, "{sql}");
    }
    // Written otherwise, words are the same words.
    kept.tamper("UPDATE replaced SET was = json_set(was, '$.edited_at', NULL) WHERE offset = 4")
        .await;
    assert_eq!(kept.check().await.0, Vec::<String>::new());
}

/// An item and words from before the log begins are changed twice, and stay; others go.
#[tokio::test]
async fn of_what_is_older_than_the_log_only_that_is_compared_which_the_log_says() {
    let kept = open(0, 1 << 20).await;
    let (_, item) = kept.make(show("first")).await;
    let (_, said) = kept.make(say("first")).await;
    let (_, gone) = kept.make(show("goes")).await;
    kept.make(show("last of the past")).await;
    let mut all = Vec::new();
    for text in ["a", "b"] {
        all.push(kept.change(1, edit(&item, text)).await);
        all.push(kept.change(2, reword(&said, text)).await);
        all.push(kept.change(3, edit(&gone, text)).await);
    }
    all.push(kept.change(3, delete(&gone)).await);
    kept.tamper(
        "DELETE FROM events WHERE offset < 5;
         UPDATE rooms SET first = 5, bytes = (
             SELECT sum(octet_length(author) + octet_length(event)) FROM events)",
    )
    .await;
    assert_eq!(kept.check().await.0, Vec::<String>::new());
    assert_eq!(kept.replaced().await, all, "all of it stands");
    // The second edit of what is still there: the first one says what it was then.
    for (sql, offset) in [
        ("UPDATE replaced SET was = json_set(was, '$.data', 1) WHERE offset = 8", 8),
        ("UPDATE replaced SET was = json_set(was, '$.text', 'no') WHERE offset = 9", 9),
    ] {
        kept.tamper(sql).await;
        let (found, left) = kept.check().await;
        assert_eq!(
            found,
            [format!("main: what the event {offset} replaced is otherwise than the log says")]
        );
        assert_eq!(left, Vec::<String>::new());
        assert_eq!(kept.replaced().await, all);
    }
    // It belongs to its event.
    kept.tamper("UPDATE replaced SET was = json_set(was, '$.id', 'other') WHERE offset = 11").await;
    let (found, left) = kept.check().await;
    assert_eq!(found, ["main: what the event 11 replaced is there and not in the log"]);
    assert_eq!(left, Vec::<String>::new());
    // Where nothing of it was noted, there is no alarm.
    kept.tamper("DELETE FROM replaced").await;
    assert_eq!(kept.check().await.0, Vec::<String>::new());
    assert_eq!(kept.replaced().await, []);
}

/// What a database of the version before has of it once it is of this one.
fn upgraded(kept: &Kept) -> Vec<(i64, String)> {
    let file = kept.folder.path().join("nowcast.db");
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch(
            "DROP TABLE replaced;
             ALTER TABLE rooms DROP COLUMN keeping;
             ALTER TABLE rooms DROP COLUMN bytes;
             PRAGMA user_version = 2;",
        )
        .unwrap();
    drop(connection);
    rows(&crate::db::alone(kept.folder.path()).unwrap())
}

#[tokio::test]
async fn a_log_of_an_earlier_version_gets_it_as_this_one_would_have_kept_it() {
    let kept = open(0, 1 << 20).await;
    let mut all = kept.live().await;
    kept.make(say("between")).await;
    all.extend(kept.live().await);
    assert_eq!(all.len(), 12);
    assert_eq!(upgraded(&kept), all);
    assert_eq!(kept.check().await.0, Vec::<String>::new());
}

#[tokio::test]
async fn a_shortened_log_of_an_earlier_version_gets_it_of_what_it_has_the_beginning_of() {
    let kept = open(0, 1 << 20).await;
    let (_, item) = kept.make(show("first")).await;
    let (_, said) = kept.make(say("first")).await;
    let (_, gone) = kept.make(show("goes")).await;
    for text in ["a", "b"] {
        kept.change(1, edit(&item, text)).await;
        kept.change(2, reword(&said, text)).await;
        kept.change(3, edit(&gone, text)).await;
    }
    kept.change(3, delete(&gone)).await;
    let all = kept.live().await;
    kept.tamper(
        "DELETE FROM events WHERE offset < 4;
         UPDATE rooms SET first = 4, bytes = (
             SELECT sum(octet_length(author) + octet_length(event)) FROM events)",
    )
    .await;
    assert_eq!(upgraded(&kept), all);
    assert_eq!(kept.check().await.0, Vec::<String>::new(), "and there is no alarm");
}

#[tokio::test]
async fn a_damaged_event_keeps_no_earlier_version_from_becoming_this_one() {
    let kept = open(0, 1 << 20).await;
    let all = kept.live().await;
    kept.tamper("UPDATE events SET event = 'damaged' WHERE offset = 1").await;
    let words = [1, 3, 4].map(|index| all[index].clone());
    assert_eq!(upgraded(&kept), words, "nothing is known of the item");
}
