//! A data folder of every earlier version, with rows in all its tables, is opened by today's server
//! and goes on.
//!
//! `upgrade/v{n}.sql` is what a server of schema version n left behind. Whoever adds a version adds
//! the one before it here.

use super::*;
use nowcast_tests::api::Credential;
use std::path::PathBuf;

/// Every earlier version.
const VERSIONS: [(u32, &str); 2] =
    [(1, include_str!("upgrade/v1.sql")), (2, include_str!("upgrade/v2.sql"))];

/// Words that are changed and taken back, in rooms that have words.
const RETHOUGHT: &str = r#"
    INSERT INTO events (room, offset, at, kind, author, event) VALUES
        (1, 18, 1795295180400, 'said', '{"role":"viewer","id":"pnybg78gxhf"}',
            '{"kind":"said","id":"sgone","name":"Cem","text":"No \"good\""}'),
        (1, 19, 1795295180401, 'said_edited', '{"role":"viewer","id":"p7rkhi4i2pm"}',
            '{"kind":"said_edited","id":"s3n9zywxh2k6iydasjgv","text":"Hello\n\u0001"}'),
        (1, 20, 1795295180402, 'said_deleted', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}',
            '{"kind":"said_deleted","id":"sgone"}'),
        (1, 21, 1795295180403, 'said_edited', '{"role":"viewer","id":"p7rkhi4i2pm"}',
            '{"kind":"said_edited","id":"s3n9zywxh2k6iydasjgv","text":"Ahoy"}');
    UPDATE said SET said = '{"id":"s3n9zywxh2k6iydasjgv","offset":10,"at":1795295180256,"by":{"role":"viewer","id":"p7rkhi4i2pm"},"name":"Ben","text":"Ahoy","edited_at":1795295180403}'
        WHERE id = 's3n9zywxh2k6iydasjgv';
    UPDATE rooms SET head = 21, last_at = 1795295180403 WHERE id = 1;
"#;

/// What the events of the first room replaced, with their offsets: the item or words, and `$.text`
/// or `$.data.text` of them.
fn replaced(data: &Path) -> Vec<(i64, String, String)> {
    let connection = Connection::open(data.join("nowcast.db")).expect("a database");
    let sql = "SELECT offset, was ->> '$.id', coalesce(was ->> '$.text', was ->> '$.data.text')
               FROM replaced WHERE room = 1 ORDER BY offset";
    let mut rows = connection.prepare(sql).expect("a table of today");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.and_then(Iterator::collect).expect("rows")
}

/// A data folder of then, as a server leaves it that was killed.
fn folder(scratch: &Path, version: u32, sql: &str) -> PathBuf {
    let data = scratch.join(format!("v{version}"));
    std::fs::create_dir(&data).expect("a folder");
    let connection = Connection::open(data.join("nowcast.db")).expect("a database");
    connection.pragma_update(None, "journal_mode", "wal").expect("a log");
    connection.execute_batch(sql).expect("tables and rows of then");
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .expect("tables");
    for table in tables {
        let count =
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
        assert!(count.is_ok_and(|count: i64| count > 0), "{table} has rows in version {version}");
    }
    if version >= 2 {
        connection.execute_batch(RETHOUGHT).expect("rows of then");
    }
    data
}

fn user_version(data: &Path) -> u32 {
    let connection = Connection::open(data.join("nowcast.db")).expect("a database");
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a number")
}

#[tokio::test]
async fn every_version_before_this_one_is_here() {
    let server = Server::start().await;
    let newest = user_version(&server.data());
    let known: Vec<u32> = VERSIONS.iter().map(|(version, _)| *version).collect();
    assert_eq!(known, (1..newest).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_folder_of_every_version_goes_on_with_all_that_was_in_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    for (version, sql) in VERSIONS {
        let data = folder(scratch.path(), version, sql);
        refused(&data, &["check"], 1, "another version").await;
        let before = done(&data, &["export"]).await;
        let head = before.lines().count();
        let mut server = Setup::new().in_folder(&data).arg("--compat").start().await;
        assert_ne!(user_version(&data), version);
        let mut all = vec![
            (5, "i3n9zywxfv799bx9f8qw", "**Doors** open"),
            (6, "i3n9zywxfxcek2s8fcwq", "gone"),
        ];
        if version >= 2 {
            all.extend([
                (19, "s3n9zywxh2k6iydasjgv", "Hello"),
                (20, "sgone", "No \"good\""),
                (21, "s3n9zywxh2k6iydasjgv", "Hello\n\u{1}"),
            ]);
        }
        let all: Vec<_> =
            all.into_iter().map(|(at, id, text)| (at, id.to_owned(), text.to_owned())).collect();
        assert_eq!(replaced(&data), all);
        is_well(&data).await;

        // What was there is, for pages that come and for those that come back.
        let shown = shown(&server, "main").await;
        assert_eq!(shown["offset"], head);
        assert_eq!(shown["snapshot"]["title"], "Harbour");
        let items = shown["snapshot"]["items"].as_array().expect("items");
        assert!(items.iter().any(|item| item["data"]["text"] == "**Doors** are open"), "{items:?}");
        assert!(items.iter().all(|item| item["data"]["text"] != "gone"));
        let page = Joining::new(Transport::WebSocket, server.origin()).open().await;
        let early = format!("{}:2", page.position().epoch);
        let mut back =
            Joining::new(Transport::WebSocket, server.origin()).since(early).open().await;
        assert!(back.recovered());
        back.next_events(head - 2).await;
        let feed = server.visitor().json("/real_time_feed?since=0").await;
        assert_eq!(feed.as_array().map(Vec::len), Some(items.len()));
        assert_eq!(feed[0]["timestamp"], items[0]["at"], "the stamp that it had");

        // So are logins, tokens, buttons, the other room, and answers that were given.
        let admin = server.admin().await;
        let rooms = admin.json("/api/rooms").await;
        assert_eq!(rooms["rooms"].as_array().map(Vec::len), Some(2));
        let buttons = admin.json("/api/rooms/main/buttons").await;
        assert!(
            buttons["buttons"].as_array().is_some_and(|buttons| !buttons.is_empty()),
            "{buttons}"
        );
        let edit = json!({"kind": "edit", "item": items[0]["id"], "data": {"text": "Still ours"}});
        run(&server.publisher(), "main", edit).await;
        let keeping = admin.json("/api/rooms/main/keeping").await;
        let log = done(&data, &["export"]).await;
        assert!(log.starts_with(&before), "nothing about the past changed");
        assert_eq!(keeping["kept"]["events"], log.lines().count());
        if version >= 2 {
            assert_eq!(shown["snapshot"]["pieces"][0]["x"], 0.75);
            assert_eq!(shown["snapshot"]["variables"]["score"]["value"], json!([2, 1]));
            assert_eq!(shown["snapshot"]["chat"]["said"].as_array().map(Vec::len), Some(3));
            let waiting = admin.json("/api/rooms/main/chat/held").await;
            assert_eq!(waiting["held"][0]["text"], "May I?");
            let people = admin.json("/api/rooms/main/people").await;
            assert_eq!(people["sanctions"][0]["name"], "Eve");
            let refused = Api::new(server.origin(), Credential::None).get("/api/rooms/side/poll");
            assert_eq!(refused.send().await.expect("an answer").status(), 403, "it is private");
        }
        is_well(&data).await;

        // And all of that once more.
        server.stop().await;
        let server = Setup::new().in_folder(&data).start().await;
        live(&server, "main").await;
        is_well(&data).await;
    }
}
