//! `nowcast backup`.

use super::*;
use nowcast_tests::wait::eventually;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A picture of one pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// Puts a backup into a folder as its help says.
fn restored(server: &Server, file: &Path, name: &str) -> PathBuf {
    let data = server.scratch().join(name);
    fs::create_dir(&data).expect("a folder");
    fs::copy(file, data.join("nowcast.db")).expect("a copy");
    let uploads =
        file.with_file_name(format!("{}.uploads", file.file_name().unwrap().to_string_lossy()));
    if uploads.is_dir() {
        fs::create_dir(data.join("uploads")).expect("a folder");
        for entry in fs::read_dir(uploads).expect("a folder") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), data.join("uploads").join(entry.file_name())).expect("a copy");
        }
    }
    data
}

#[tokio::test]
async fn a_backup_that_is_put_back_shows_the_same_with_its_pictures_in_new_epochs() {
    let server = Server::start().await;
    live(&server, "main").await;
    let answer = server
        .admin()
        .await
        .post("/api/rooms/main/uploads")
        .body(PIXEL)
        .header("content-type", "image/png")
        .send();
    let answer = expect_status(answer.await.expect("an answer"), 201).await;
    let picture: Value = answer.json().await.expect("JSON");
    let picture = picture["url"].as_str().expect("an address").to_owned();
    let before = shown(&server, "main").await;
    let file = server.scratch().join("copy.db");
    let told = done(&server.data(), &["backup", file.to_str().expect("UTF-8")]).await;
    assert!(
        told.starts_with(&format!("{}\t", file.display())) && told.contains("1 pictures"),
        "{told}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "it holds hashes of credentials");
    }
    refused(&server.data(), &["backup", file.to_str().expect("UTF-8")], 1, "is there already")
        .await;
    done(&server.data(), &["backup", "--force", file.to_str().expect("UTF-8")]).await;
    let live = server.data().join("nowcast.db");
    let live = live.to_str().expect("UTF-8");
    refused(&server.data(), &["backup", "--force", live], 1, "data folder itself").await;
    refused(&server.data(), &["export", "--force", live], 1, "data folder itself").await;

    let data = restored(&server, &file, "restored");
    is_well(&data).await;
    let again = serve(&data).await;
    assert_eq!(shown(&again, "main").await, before);
    let answer = again.visitor().get(&picture).send().await.expect("an answer");
    assert_eq!(expect_status(answer, 200).await.bytes().await.expect("bytes"), PIXEL);
    let page = Joining::new(Transport::Sse, server.origin()).open().await;
    let misled = page.resuming().at(again.origin()).open().await;
    assert!(!misled.recovered(), "what comes is not what it would have seen");
    refused(server.scratch(), &["backup", "copy2.db"], 1, "no Nowcast in").await;
    refused(&server.data(), &["backup", "/nowhere/at/all.db"], 1, "cannot be written").await;
}

#[tokio::test]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it_began() {
    let server = Server::start().await;
    let published = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let publishers: Vec<_> = (0..4)
        .map(|_| {
            let (api, published, stop) =
                (server.publisher(), Arc::clone(&published), Arc::clone(&stop));
            tokio::spawn(async move {
                let text = "x".repeat(2000);
                while !stop.load(Ordering::Relaxed) {
                    let offset = api.say(&text).await.offset;
                    published.fetch_max(offset, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..3 {
        let least = published.load(Ordering::Relaxed) + 100;
        eventually("something is published", async || {
            (published.load(Ordering::Relaxed) > least).then_some(())
        })
        .await;
        let acknowledged = published.load(Ordering::Relaxed);
        let file = server.scratch().join(format!("copy-{round}.db"));
        done(&server.data(), &["backup", file.to_str().expect("UTF-8")]).await;
        let data = restored(&server, &file, &format!("restored-{round}"));
        is_well(&data).await;
        let log = done(&data, &["export"]).await;
        let lines = u64::try_from(log.lines().count()).expect("a count");
        assert!(lines >= acknowledged, "{lines} of {acknowledged}");
        let original = done(&server.data(), &["export"]).await;
        assert!(original.starts_with(&log), "it is what the log was at one moment");
    }
    stop.store(true, Ordering::Relaxed);
    for publisher in publishers {
        publisher.await.expect("it published");
    }
    let left = fs::read_dir(server.scratch()).expect("a folder");
    let left = left.filter(|entry| {
        entry.as_ref().expect("an entry").file_name().to_string_lossy().contains(".part-")
    });
    assert_eq!(left.count(), 0, "nothing half-made is left");
}
