//! `nowcast check`.

use super::*;

#[tokio::test]
async fn a_folder_that_is_well_is_said_to_be_also_while_a_server_works_on_it() {
    let server = Server::start().await;
    live(&server, "main").await;
    live(&server, "other").await;
    is_well(&server.data()).await;
    refused(&server.data(), &["check", "--repair"], 1, "Another Nowcast works").await;
    refused(server.scratch(), &["check"], 1, "no Nowcast in").await;
}

#[tokio::test]
async fn every_difference_is_named_and_mended_if_told() {
    let mut server = Server::start().await;
    live(&server, "main").await;
    let before = shown(&server, "main").await;
    server.stop().await;
    let data = server.data();
    let cases = [
        ("DELETE FROM items WHERE kind = 'link'", "is in the log and not there"),
        (
            "UPDATE items SET item = json_set(item, '$.data.text', 'false') WHERE kind = 'message'",
            "is otherwise",
        ),
        (
            "INSERT INTO items SELECT room, 9999, 'inew', kind, owner, item FROM items LIMIT 1",
            "the item of 9999 is there and not in the log",
        ),
        ("UPDATE items SET offset = 9998 WHERE kind = 'custom'", "the item of 9998 is there"),
        ("DELETE FROM said", "the words of"),
        ("UPDATE said SET said = json_set(said, '$.text', 'never')", "the words of"),
        ("DELETE FROM replaced", "replaced is in the log and not there"),
        (
            "UPDATE replaced SET was = json_set(was, '$.data.text', 'no') WHERE was ->> '$.kind' = 'message'",
            "replaced is otherwise than the log says",
        ),
        (
            "INSERT INTO replaced SELECT room, 9997, was FROM replaced LIMIT 1",
            "what the event 9997 replaced is there and not in the log",
        ),
        ("DELETE FROM pieces", "the piece logo is in the log and not there"),
        ("UPDATE pieces SET piece = json_set(piece, '$.x', 0.9)", "the piece logo is otherwise"),
        ("UPDATE variables SET value = '2'", "the variable score is otherwise"),
        ("UPDATE variables SET version = 1", "the variable score is otherwise"),
        (
            "INSERT INTO variables SELECT room, 'more', '1', 1 FROM variables",
            "the variable more is there",
        ),
        ("UPDATE rooms SET title = 'Wrong'", "the title is otherwise"),
        (
            "UPDATE rooms SET settings = json_set(settings, '$.slow', 7)",
            "the settings are otherwise",
        ),
        ("UPDATE rooms SET bytes = bytes + 1", "the number of bytes"),
        ("UPDATE rooms SET last_at = last_at - 1", "the newest time"),
        (
            "INSERT OR REPLACE INTO stats_rooms (room, epoch, offset, version)
             SELECT id, epoch, 9999, 1 FROM rooms",
            "statistics go up to 9999",
        ),
    ];
    let tampered: Vec<&str> = cases.iter().map(|(sql, _)| *sql).collect();
    for (sql, saying) in cases {
        tamper(&data, sql);
        let found = refused(&data, &["check"], 5, saying).await;
        assert!(found.stdout.starts_with("main: "), "{found:?}");
        let mended = done(&data, &["check", "--repair"]).await;
        assert!(mended.contains(saying) && mended.contains("(mended)"), "{mended}");
        is_well(&data).await;
    }
    let waiting = "INSERT INTO source_queue (room, id, at, source, title, kind, data)
                   VALUES ('gone', 'q1', 1, 's1', 'S', 'custom', '{}')";
    tamper(&data, waiting);
    refused(&data, &["check"], 5, "gone: 1 items wait for approval").await;
    done(&data, &["check", "--repair"]).await;
    is_well(&data).await;
    tamper(&data, &tampered.join(";\n"));
    let found = refused(&data, &["check"], 5, "differences").await;
    assert!(found.stdout.lines().count() > 10, "{}", found.stdout);
    done(&data, &["check", "--repair"]).await;
    is_well(&data).await;
    server.restart().await;
    assert_eq!(shown(&server, "main").await, before);
    // Who owned what owns it still.
    let items = server.visitor().json("/api/rooms/main/items").await;
    let mine = items["items"].as_array().expect("items").iter().find(|item| item["kind"] == "link");
    let delete = json!({"kind": "delete", "item": mine.expect("a link")["id"]});
    run(&server.publisher(), "main", delete).await;
}

#[tokio::test]
async fn a_log_that_is_damaged_is_named_and_nothing_is_made_of_it() {
    let mut server = Server::start().await;
    live(&server, "main").await;
    server.stop().await;
    let data = server.data();
    tamper(&data, "DELETE FROM events WHERE offset = 3");
    refused(&data, &["check"], 5, "main: the events 3 to 3 are missing").await;
    let left =
        refused(&data, &["check", "--repair"], 5, "main: the events 3 to 3 are missing").await;
    assert!(!left.stdout.contains("(mended)"), "{left:?}");
    tamper(&data, "UPDATE events SET event = '{}' WHERE offset = 5");
    refused(&data, &["check"], 5, "main: the event 5 cannot be read").await;
    tamper(&data, "DELETE FROM events WHERE offset > 8");
    refused(&data, &["check"], 5, "main: the events 9 to ").await;
}

#[tokio::test]
async fn what_is_left_of_a_shortened_log_is_held_against_what_there_is() {
    let mut server = Setup::new().arg("--keep-events").arg("6").start().await;
    live(&server, "main").await;
    is_well(&server.data()).await;
    server.stop().await;
    let data = server.data();
    is_well(&data).await;
    tamper(&data, "UPDATE variables SET value = '2' WHERE name = 'score'");
    refused(&data, &["check"], 5, "the variable score is otherwise").await;
    done(&data, &["check", "--repair"]).await;
    is_well(&data).await;
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let mut server = Server::start().await;
    live(&server, "main").await;
    server.stop().await;
    let data = server.data();
    // An index that lacks a row.
    tamper(
        &data,
        "PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE name = 'items_by_id';
         PRAGMA writable_schema = RESET;
         DELETE FROM items WHERE kind = 'link';",
    );
    refused(&data, &["check"], 5, "differences").await;
    // HTML that somebody put into the log, and into what comes of it.
    let file = data.join("nowcast.db");
    let whole = std::fs::read(&file).expect("the file");
    tamper(
        &data,
        "UPDATE events SET event = json_set(event, '$.item.html', '<img src=x onerror=alert(1)>')
         WHERE kind = 'item_published' AND event ->> '$.item.kind' = 'message'",
    );
    refused(&data, &["check"], 5, "has HTML that no server made").await;
    // Pages of the file that are none, a file that is none, and an empty one.
    let mut torn = whole.clone();
    torn[4096..].fill(0xa5);
    for (text, code, saying) in [
        (torn, 5, "Go back to a backup"),
        (vec![b'x'; 8192], 5, "backup"),
        (Vec::new(), 1, "is empty"),
    ] {
        std::fs::write(&file, text).expect("the file");
        refused(&data, &["check"], code, saying).await;
        refused(&data, &["check", "--repair"], code, saying).await;
    }
    std::fs::write(&file, whole).expect("the file");
    tamper(&data, "PRAGMA user_version = 99999");
    refused(&data, &["check"], 1, "newer Nowcast").await;
}
