//! A server that cannot begin says why, where, and ends.

use nowcast_tests::server::{Server, Setup};
use rusqlite::Connection;

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_ends_the_start_with_a_reason() {
    // There nobody can make a file, whoever it is.
    let folder = "/sys/kernel";
    let ended = Setup::new().in_folder(folder).run_to_the_end().await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ended.stdout.contains("listening"), "{}", ended.stdout);
    let said = &ended.stderr;
    assert!(said.contains(folder) && said.contains("cannot be written"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_database_that_another_program_holds_ends_the_start_with_a_reason() {
    let mut server = Server::start().await;
    let item = server.publisher().say("kept").await;
    assert!(server.stop().await.success());
    let path = server.data().join("nowcast.db");
    let other = Connection::open(&path).expect("it can be opened");
    other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else has it");

    let ended = Setup::new().in_folder(server.data()).run_to_the_end().await;
    assert_eq!(ended.status.code(), Some(1));
    let said = &ended.stderr;
    assert!(said.contains("nowcast.db") && said.contains("locked"), "{said}");
    assert!(!said.contains("panicked"), "{said}");

    drop(other);
    server.restart().await;
    let items = server.visitor().json("/api/rooms/main/items").await;
    assert_eq!(items["items"][0]["id"], item.id, "nothing was harmed");
}
