//! A store that cannot be written: publishing is refused with the reason, reading goes on, nothing
//! acknowledged is lost, and the server comes back by itself when the fault is mended.

use nowcast_shared::error::Code;
use nowcast_tests::api::{Api, Published, expect_problem, expect_status};
use nowcast_tests::page::{Joining, Page, Transport, published_text};
use nowcast_tests::server::{Server, Setup, SmallDisk};
use nowcast_tests::wait::eventually;
use reqwest::Response;
use rusqlite::Connection;
use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

const ITEMS: &str = "/api/rooms/main/items";

/// Enough to find every bit of room that a full disk still has in files that are there already.
const MANY: usize = 400;

/// A server with an open page on each transport, and what was acknowledged so far.
struct Scene {
    server: Server,
    pages: Vec<Page>,
    acknowledged: Vec<(String, Published)>,
}

impl Scene {
    async fn set(setup: Setup) -> Self {
        let server = setup.start().await;
        let mut pages = Vec::new();
        for transport in Transport::ALL {
            pages.push(Joining::new(transport, server.origin()).open().await);
        }
        let mut scene = Self { server, pages, acknowledged: Vec::new() };
        for number in 1..=3 {
            scene.publish(&format!("before {number}")).await;
        }
        scene
    }

    async fn publish(&mut self, text: &str) {
        let answer = publish(&self.server.publisher(), text).await;
        let answer = expect_status(answer, 201).await.json().await.expect("a JSON body");
        self.acknowledged.push((text.to_owned(), Published::read(&answer)));
    }

    /// Publishes until that is refused, which it has to be soon; gives what was refused.
    async fn publish_until_refused(&mut self, code: Code) -> String {
        let publisher = self.server.publisher();
        // As long as a message may be, so that it does not fit where a short one did.
        let long = "long ".repeat(12_000);
        for number in 0..MANY {
            let text = format!("during {number} {long}");
            let answer = publish(&publisher, &text).await;
            if answer.status() == 201 {
                let answer = answer.json().await.expect("a JSON body");
                self.acknowledged.push((text, Published::read(&answer)));
                continue;
            }
            assert!(answer.headers().contains_key("retry-after"), "it says when to come back");
            let problem = expect_problem(answer, code.status(), code.as_str()).await;
            assert!(problem.detail.contains("Nothing was kept"), "{problem}");
            return text;
        }
        panic!("{MANY} items were taken in spite of the fault");
    }

    /// While nothing can be written: pages stay, new ones come in, and all see what was
    /// acknowledged, no more and no less.
    async fn reads_all(&mut self) {
        let texts: Vec<_> = self.acknowledged.iter().map(|(text, _)| text.clone()).collect();
        let newest = &texts[texts.len().saturating_sub(50)..];
        for transport in Transport::ALL {
            let page = Joining::new(transport, self.server.origin()).open().await;
            assert_eq!(page.snapshot_texts(), newest, "{transport:?}");
        }
        let epoch = self.pages[0].position().epoch.clone();
        for transport in Transport::ALL {
            let joining = Joining::new(transport, self.server.origin()).since(format!("{epoch}:0"));
            let mut page = joining.open().await;
            assert!(page.recovered());
            for (text, answer) in &self.acknowledged {
                let event = page.next_event().await;
                assert_eq!((&published_text(&event), event.offset.0), (text, answer.offset));
            }
        }
        for page in &mut self.pages {
            let missing = self.acknowledged.iter().filter(|(_, answer)| {
                // What it has seen before is not sent again; a repeat would fail the test.
                answer.offset > page.position().offset.0
            });
            for (text, _) in missing.cloned().collect::<Vec<_>>() {
                assert_eq!(page.next_texts(1).await, [text]);
            }
        }
        let visitor = self.server.visitor();
        expect_status(visitor.get("/healthz").send().await.unwrap(), 200).await;
        expect_status(visitor.get(ITEMS).send().await.unwrap(), 200).await;
    }

    async fn is_not_ready(&self, code: Code) {
        let answer = self.server.visitor().get("/readyz").send().await.expect("an answer");
        expect_problem(answer, code.status(), code.as_str()).await;
    }

    /// What needs no writing is answered as ever; that is no sign that writing goes well.
    async fn repeats_an_answer(&self) {
        let (text, answer) = &self.acknowledged[0];
        let again = publish(&self.server.publisher(), text).await;
        let again = expect_status(again, 200).await.json().await.expect("a JSON body");
        assert_eq!(&Published::read(&again), answer);
    }

    /// After the fault was mended: the refused item is taken as a new one, once.
    async fn comes_back(&mut self, refused: &str) {
        self.server.ready().await;
        self.publish(refused).await;
        let again = publish(&self.server.publisher(), refused).await;
        let again = expect_status(again, 200).await.json().await.expect("a JSON body");
        assert_eq!(Published::read(&again), self.acknowledged.last().expect("there is one").1);
        self.publish("after").await;
        self.reads_all().await;
    }

    /// The whole story of a fault.
    async fn lives_through<T>(mut self, code: Code, fault: impl AsyncFnOnce(&Server) -> T) -> Self {
        let fault = fault(&self.server).await;
        let refused = self.publish_until_refused(code).await;
        if code != Code::StoreLocked {
            self.repeats_an_answer().await;
        }
        self.is_not_ready(code).await;
        self.reads_all().await;
        drop(fault);
        self.comes_back(&refused).await;
        self
    }

    /// What was acknowledged is in the files, too.
    async fn survives_a_kill(mut self) {
        self.server.kill().await;
        self.server.restart().await;
        for page in &mut self.pages {
            *page = page.come_back().await;
            assert!(page.recovered());
        }
        self.publish("after the kill").await;
        self.reads_all().await;
    }
}

/// Publishes with the text as its own idempotency key.
async fn publish(publisher: &Api, text: &str) -> Response {
    let key: String = text.chars().take(60).collect();
    let request = publisher.post(ITEMS).header("idempotency-key", key);
    let body = json!({"kind": "message", "data": {"text": text}});
    request.json(&body).send().await.expect("an answer to the publish")
}

#[tokio::test]
async fn a_full_disk_is_named_and_publishing_returns_with_room() {
    let disk = match SmallDisk::find() {
        Ok(disk) => disk,
        Err(why) => return println!("skipped, nobody may mount here: {why}"),
    };
    let scene = Scene::set(Setup::new().on(disk, 8 << 20)).await;
    scene.lives_through(Code::StoreFull, async |server| server.fill_disk()).await;
}

/// Nothing can be written, not even what the server has to say about it: its log is a file, too.
#[tokio::test]
async fn a_limit_on_files_is_named_and_publishing_returns_without_it() {
    let scene = Scene::set(Setup::new()).await;
    let limit = async |server: &Server| server.limit_files(0);
    scene.lives_through(Code::StoreFull, limit).await.survives_a_kill().await;
}

#[tokio::test]
async fn a_locked_database_is_named_and_publishing_returns_with_the_lock() {
    let scene = Scene::set(Setup::new()).await;
    let lock = async |server: &Server| {
        let other = Connection::open(server.data().join("nowcast.db")).expect("it can be opened");
        eventually("the other program has the lock", async || {
            other.execute_batch("BEGIN IMMEDIATE").ok()
        })
        .await;
        // Closing it gives the lock back.
        other
    };
    let scene = scene.lives_through(Code::StoreLocked, lock).await;
    scene.survives_a_kill().await;
}

#[tokio::test]
async fn a_folder_that_became_read_only_is_named_and_publishing_returns() {
    let scene = Scene::set(Setup::new()).await;
    if let Err(why) = ReadOnly::trial(scene.server.scratch()) {
        return println!("skipped, no file can be made immutable here: {why}");
    }
    let lock = async |server: &Server| {
        let data = server.data();
        // Not the shared memory file: the server has written to that when it began, and a page of
        // it that cannot be written would end any program that maps it.
        ReadOnly::make(&[data.join("nowcast.db"), data.join("nowcast.db-wal"), data])
    };
    let scene = scene.lives_through(Code::StoreReadOnly, lock).await;
    scene.survives_a_kill().await;
}

/// Files that nobody can write, not root either and not by a handle that was open before, until
/// this is dropped. It needs a file system that knows the flag and a privilege that containers may
/// lack.
struct ReadOnly(Vec<PathBuf>);

impl ReadOnly {
    fn make(paths: &[PathBuf]) -> Self {
        // Kept as it grows, so that a failure half-way is undone.
        let mut made = Self(Vec::new());
        for path in paths {
            mark(path, true).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            made.0.push(path.clone());
        }
        made
    }

    /// Whether that works in this folder.
    fn trial(folder: &Path) -> Result<(), String> {
        let path = folder.join("trial");
        let mut open = File::create(&path).map_err(|error| error.to_string())?;
        mark(&path, true).map_err(|error| error.to_string())?;
        let _made = Self(vec![path]);
        match open.write_all(b"x") {
            Ok(()) => Err("it could be written all the same".to_owned()),
            Err(_) => Ok(()),
        }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        for path in &self.0 {
            let undone = mark(path, false);
            assert!(undone.is_ok() || std::thread::panicking(), "{}: {undone:?}", path.display());
        }
    }
}

fn mark(path: &Path, immutable: bool) -> std::io::Result<()> {
    let file = File::open(path)?;
    let mut flags = ioctl_getflags(&file)?;
    flags.set(IFlags::IMMUTABLE, immutable);
    Ok(ioctl_setflags(&file, flags)?)
}
