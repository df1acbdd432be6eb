//! `nowcast export` and `nowcast import`.

use super::*;
use nowcast_tests::wait::eventually;
use std::fs;

const EXPORT: [&str; 2] = ["export", "--room"];
const IMPORT: [&str; 2] = ["import", "--room"];

fn words<'a>(task: [&'a str; 2], rest: &[&'a str]) -> Vec<&'a str> {
    [&task, rest].concat()
}

#[tokio::test]
async fn what_is_exported_is_imported_and_exported_again_byte_for_byte() {
    let mut server = Server::start().await;
    live(&server, "harbour").await;
    let before = shown(&server, "harbour").await;
    let epoch = epoch(&server, "harbour").await;
    // While it runs.
    let log = done(&server.data(), &words(EXPORT, &["harbour"])).await;
    let file = server.scratch().join("log.ndjson");
    let path = file.to_str().expect("UTF-8");
    assert_eq!(done(&server.data(), &words(EXPORT, &["harbour", path])).await, "");
    assert_eq!(fs::read_to_string(&file).expect("the file"), log);
    let frames: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (place, frame) in frames.iter().enumerate() {
        assert_eq!(
            (&frame["t"], frame["offset"].as_u64()),
            (&"event".into(), Some(place as u64 + 1))
        );
    }
    server.stop().await;

    let again = done(&server.data(), &words(IMPORT, &["again", path])).await;
    assert_eq!(again, format!("again\t{} events\n", frames.len()));
    assert_eq!(done(&server.data(), &words(EXPORT, &["again"])).await, log);
    is_well(&server.data()).await;

    // Elsewhere, too; and pages are shown the same.
    let mut other = Server::start().await;
    other.stop().await;
    done(&other.data(), &words(IMPORT, &["harbour", path])).await;
    assert_eq!(done(&other.data(), &words(EXPORT, &["harbour", "-"])).await, log);
    is_well(&other.data()).await;
    server.restart().await;
    other.restart().await;
    assert_eq!(shown(&server, "again").await, before);
    assert_eq!(shown(&other, "harbour").await, before);
    assert_ne!(self::epoch(&other, "harbour").await, epoch, "no page goes on there");
    // Who published may edit still, on the same server; and the log goes on.
    let published = frames.iter().find(|frame| frame["event"]["kind"] == "item_published");
    let item = &published.expect("an item")["event"]["item"]["id"];
    let answer = run(
        &server.publisher(),
        "again",
        json!({"kind": "edit", "item": item, "data": {"text": "Mine"}}),
    )
    .await;
    assert_eq!(answer["offset"], frames.len() + 1);
}

async fn epoch(server: &Server, room: &str) -> String {
    let page = Joining::new(Transport::LongPoll, server.origin()).room(room).open().await;
    page.position().epoch.to_string()
}

#[tokio::test]
async fn a_log_without_its_beginning_goes_out_and_in_as_well() {
    let mut server = Server::start().await;
    live(&server, "main").await;
    server.stop().await;
    let log = done(&server.data(), &words(EXPORT, &["main"])).await;
    // A folder that is not there yet is made, and served from with credentials of its own.
    let (fresh, all) = (server.scratch().join("fresh"), server.scratch().join("all.ndjson"));
    fs::write(&all, &log).expect("the file");
    done(&fresh, &words(IMPORT, &["main", all.to_str().expect("UTF-8")])).await;
    assert_eq!(done(&fresh, &words(EXPORT, &["main"])).await, log);
    let mut moved = serve(&fresh).await;
    assert_eq!(shown(&moved, "main").await["offset"], log.lines().count());
    run(&moved.admin().await, "main", json!({"kind": "say", "text": "On"})).await;
    moved.stop().await;
    is_well(&fresh).await;
    let rest: String = log.split_inclusive('\n').skip(4).collect();
    let file = server.scratch().join("rest.ndjson");
    fs::write(&file, &rest).expect("the file");
    done(&server.data(), &words(IMPORT, &["rest", file.to_str().expect("UTF-8")])).await;
    assert_eq!(done(&server.data(), &words(EXPORT, &["rest"])).await, rest);
    is_well(&server.data()).await;
}

#[tokio::test]
async fn what_is_no_log_is_refused_by_line_and_nothing_changes() {
    let mut server = Server::start().await;
    live(&server, "main").await;
    server.stop().await;
    let data = server.data();
    let log = done(&data, &words(EXPORT, &["main"])).await;
    let lines: Vec<&str> = log.lines().collect();
    let file = server.scratch().join("bad.ndjson");
    let path = file.to_str().expect("UTF-8").to_owned();
    let tried = async |text: Vec<u8>, saying: &str| {
        fs::write(&file, text).expect("the file");
        refused(&data, &words(IMPORT, &["new", &path]), 1, saying).await;
        refused(&data, &words(EXPORT, &["new"]), 1, "no room called new").await;
    };
    let with = |number: usize, line: &str| {
        let mut changed = lines.clone();
        changed[number - 1] = line;
        (changed.join("\n") + "\n").into_bytes()
    };
    let published = lines.iter().position(|line| line.contains("item_published")).expect("one") + 1;
    let item = lines[published - 1];
    let at_item = format!("line {published}: ");
    tried(with(3, ""), "line 3: This is not JSON").await;
    tried(with(3, "{"), "line 3: This is not JSON").await;
    tried(with(3, "{\"t\":\"welcome\"}"), "line 3: this is no event").await;
    tried(with(3, "[]"), "line 3: this is no event").await;
    tried(with(3, lines[4]), "line 3: its offset is 5, and 3 comes next").await;
    tried(with(3, lines[1]), "line 3: its offset is 2, and 3 comes next").await;
    let gap = [&lines[..5], &lines[6..]].concat().join("\n");
    tried(gap.into_bytes(), "line 6: its offset is 7, and 6 comes next").await;
    tried(with(published, &item.replace("item_published", "invented")), &at_item).await;
    tried(with(published, &item.replace("},\"event\"", "} ,\"event\"")), "written otherwise").await;
    tried(with(published, &item.replace("{\"t\":", "{\"x\":1,\"t\":")), "written otherwise").await;
    let script = item.replace("<p>", "<p><img src=x onerror=alert(1)>");
    assert_ne!(script, item);
    tried(with(published, &script), "HTML").await;
    tried(
        with(published, &item.replace("\"kind\":\"message\"", "\"kind\":\"nonsense\"")),
        &at_item,
    )
    .await;
    let late = item.replacen("\"at\":1", "\"at\":9", 2);
    tried(with(published, &late), &at_item).await;
    // An edit says of its item where and when it was published.
    let edited = lines.iter().position(|line| line.contains("item_edited")).expect("one") + 1;
    let edit = lines[edited - 1];
    let (before, item_of_it) = edit.split_once("\"item\":").expect("an item");
    for (said, other) in [("\"offset\":", "\"offset\":9"), ("\"at\":1", "\"at\":2")] {
        let moved = format!("{before}\"item\":{}", item_of_it.replacen(said, other, 1));
        assert_ne!(moved, edit);
        tried(with(edited, &moved), "of another time, place or kind").await;
    }
    let url =
        lines.iter().position(|line| line.contains("https://example.org")).expect("a link") + 1;
    let unsafe_url = lines[url - 1].replace("https://example.org", "javascript:alert");
    tried(with(url, &unsafe_url), &format!("line {url}: ")).await;
    tried([log.as_bytes(), b"\xff\n"].concat(), "it is not UTF-8").await;
    tried(Vec::new(), "there is no event in it").await;
    tried(log.replace("\"offset\":1,", "\"offset\":0,").into_bytes(), "line 1: ").await;
    let far = log.replace("\"offset\":1,", "\"offset\":9223372036854775807,");
    tried(far.into_bytes(), "line 1: no log is so long").await;
    refused(&data, &words(IMPORT, &["main", &path]), 1, "has").await;
    refused(&data, &words(IMPORT, &["No Room", &path]), 1, "A room's name has").await;
    refused(&data, &words(IMPORT, &["new", "/nowhere/at.all"]), 1, "cannot be read").await;
    server.restart().await;
    refused(&data, &words(IMPORT, &["new", &path]), 1, "Another Nowcast works").await;
    assert_eq!(done(&data, &words(EXPORT, &["main"])).await, log);
}

#[tokio::test]
async fn a_file_that_is_there_is_written_over_only_if_told() {
    let server = Server::start().await;
    live(&server, "main").await;
    let file = server.scratch().join("there");
    fs::write(&file, "mine").expect("the file");
    let path = file.to_str().expect("UTF-8");
    refused(&server.data(), &words(EXPORT, &["main", path]), 1, "is there already").await;
    assert_eq!(fs::read_to_string(&file).expect("the file"), "mine");
    done(&server.data(), &words(EXPORT, &["main", path, "--force"])).await;
    assert!(fs::read_to_string(&file).expect("the file").starts_with("{\"t\":\"event\""));
    refused(&server.data(), &words(EXPORT, &["nowhere"]), 1, "no room called nowhere").await;
    refused(server.scratch(), &words(EXPORT, &["main"]), 1, "no Nowcast in").await;
}

#[tokio::test]
async fn a_spreadsheet_gets_a_row_an_event_and_no_formula() {
    let server = Server::start().await;
    live(&server, "main").await;
    let csv = done(&server.data(), &words(EXPORT, &["main", "--format", "csv"])).await;
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(rows[0], "offset,at,time,kind,role,author,name,id,item,text,event");
    let log = done(&server.data(), &words(EXPORT, &["main"])).await;
    assert_eq!(rows.len(), log.lines().count() + 2, "and nothing after the last");
    for text in [",'=1+1,", ",'+2,", ",'-again,"] {
        assert!(csv.contains(text), "{text} in {csv}");
    }
    for row in &rows[1..rows.len() - 1] {
        assert!(row.starts_with(|first: char| first.is_ascii_digit()), "{row}");
    }
}

/// So many lines of a log, as the server writes them.
fn many(count: u64) -> String {
    let line = |offset: u64| {
        let by = r#"{"role":"publisher","id":"p1"}"#;
        let item = format!(
            r#"{{"id":"i{offset}","offset":{offset},"at":5,"kind":"custom","data":[1],"by":{by}}}"#
        );
        let event = format!(r#"{{"kind":"item_published","item":{item}}}"#);
        format!(r#"{{"t":"event","offset":{offset},"at":5,"by":{by},"event":{event}}}"#)
    };
    (1..=count).map(line).fold(String::new(), |log, line| log + &line + "\n")
}

#[tokio::test]
async fn an_import_that_is_killed_leaves_nothing_behind() {
    let mut server = Server::start().await;
    server.stop().await;
    let data = server.data();
    let file = server.scratch().join("many.ndjson");
    let log = many(4000);
    let half = log.len() / 2;
    for _ in 0..3 {
        // It is killed while it waits for the rest, with half of it in its transaction.
        let mut command = nowcast();
        command.args(["import", "--room", "new", "--data"]).arg(&data).stdin(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let mut input = child.stdin.take().expect("a pipe");
        let write = tokio::io::AsyncWriteExt::write_all(&mut input, &log.as_bytes()[..half]);
        in_time("it reads", write).await.expect("it reads");
        eventually("it has taken some of it", async || {
            let log = data.join("nowcast.db-wal").metadata().ok()?;
            let lock = std::fs::File::open(data.join("nowcast.lock")).ok()?;
            (log.len() > 0 || lock.try_lock().is_err()).then_some(())
        })
        .await;
        child.kill().await.expect("it can be killed");
        refused(&data, &words(EXPORT, &["new"]), 1, "no room called new").await;
        is_well(&data).await;
    }
    fs::write(&file, &log).expect("the file");
    done(&data, &words(IMPORT, &["new", file.to_str().expect("UTF-8")])).await;
    assert_eq!(done(&data, &words(EXPORT, &["new"])).await, log);
    is_well(&data).await;
}
