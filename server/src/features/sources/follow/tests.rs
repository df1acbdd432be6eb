//! Following over real sockets, where the guard, the names and the patience have to be a test's own.
//! What can be seen from outside is in `tests/tests/data/sources/`.

use super::guard::{LookUp, Names};
use super::*;
use serde_json::json;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What stands for the public internet, and what for a private network.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// A service that answers one connection after the other with these bytes. It notes the heads of the
/// requests, and keeps the last connection open.
async fn service(answers: Vec<String>) -> (u16, Arc<Mutex<Vec<String>>>) {
    // At every address of this machine, so that what goes to the wrong one is noted as well.
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let noting = Arc::clone(&heads);
    tokio::spawn(async move {
        let mut open = Vec::new();
        let mut answers = VecDeque::from(answers);
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            noting.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
            if let Some(answer) = answers.pop_front() {
                let answer = answer.replace("PORT", &port.to_string());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            if answers.is_empty() {
                open.push(stream);
            }
        }
    });
    (port, heads)
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 307 There\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

/// A name that has other addresses each time it is looked up; the last stay.
struct Changing(Mutex<VecDeque<Vec<IpAddr>>>);

impl Names for Changing {
    fn look_up(&self, _name: String) -> LookUp {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(answer.unwrap_or_default()) })
    }
}

#[derive(Debug)]
enum Said {
    Heard(Heard),
    Malformed(u64),
    State(FollowState),
}

struct Telling(mpsc::UnboundedSender<Said>);

impl Listener for Telling {
    async fn heard(&mut self, batch: Vec<Heard>) {
        for heard in batch {
            let _ = self.0.send(Said::Heard(heard));
        }
    }

    fn malformed(&mut self, count: u64) {
        let _ = self.0.send(Said::Malformed(count));
    }

    async fn state(&mut self, state: FollowState) {
        let _ = self.0.send(Said::State(state));
    }
}

/// Somebody who follows.
struct Following {
    said: mpsc::UnboundedReceiver<Said>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Following {
    /// Where a name has these addresses, one after the other.
    fn start(target: Target, names: &[&[IpAddr]]) -> Self {
        let names = names.iter().map(|addresses| addresses.to_vec()).collect();
        let names = Arc::new(Changing(Mutex::new(names)));
        let guard = Guard::permitting(|address| address == PUBLIC, names);
        let (told, said) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            follow_behind(guard, target, None, &mut Telling(told)).await;
        });
        Self { said, task }
    }

    /// The next thing of a kind; others are passed over.
    async fn next<T>(&mut self, mut wanted: impl FnMut(Said) -> Option<T>) -> T {
        loop {
            let said = tokio::time::timeout(Duration::from_secs(30), self.said.recv()).await;
            let said = said.expect("told in time").expect("following goes on");
            if let Some(found) = wanted(said) {
                return found;
            }
        }
    }

    async fn record(&mut self) -> Heard {
        self.next(|said| match said {
            Said::Heard(heard) => Some(heard),
            _ => None,
        })
        .await
    }

    async fn failed(&mut self) -> String {
        self.next(|said| match said {
            Said::State(FollowState::Failed { why }) => Some(why),
            _ => None,
        })
        .await
    }

    async fn waiting(&mut self) -> String {
        self.next(|said| match said {
            Said::State(FollowState::Waiting { why, .. }) => Some(why),
            _ => None,
        })
        .await
    }
}

fn target(kind: TargetKind, url: &str) -> Target {
    let mut target = Target::new(kind, Url::parse(url).unwrap());
    target.patience.again = Duration::from_millis(1);
    target
}

#[tokio::test]
async fn a_private_address_is_never_connected_to_however_it_is_reached() {
    let kinds = [TargetKind::Ndjson, TargetKind::Sse, TargetKind::WebSocket, TargetKind::Feed];
    for kind in kinds {
        let (port, heads) = service(vec![STREAM.to_owned()]).await;
        let literal = format!("http://127.0.0.2:{port}/");
        let why = Following::start(target(kind, &literal), &[&[PUBLIC]]).failed().await;
        assert!(why.contains("private network"), "{why}");
        let named = format!("http://harbour.example:{port}/");
        let why = Following::start(target(kind, &named), &[&[PRIVATE]]).failed().await;
        assert!(why.contains("private network"), "{why}");
        assert!(heads.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_redirect_does_not_get_around_the_guard() {
    for kind in [TargetKind::Ndjson, TargetKind::WebSocket, TargetKind::Feed] {
        for to in ["http://127.0.0.2:PORT/in", "http://inside.example:PORT/in"] {
            let (port, heads) = service(vec![redirect(to), STREAM.to_owned()]).await;
            let target = target(kind, &format!("http://harbour.example:{port}/"));
            let why = Following::start(target, &[&[PUBLIC], &[PRIVATE]]).failed().await;
            assert!(why.contains("private network"), "{why}");
            assert_eq!(heads.lock().unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_does_not_get_around_the_guard() {
    let answer = format!("{STREAM}{{\"n\":1}}\n");
    let (port, heads) = service(vec![answer.clone(), answer]).await;
    let target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    let mut following = Following::start(target, &[&[PUBLIC], &[PRIVATE]]);
    assert_eq!(following.record().await.json, json!({"n": 1}));
    assert!(following.failed().await.contains("private network"));
    assert_eq!(heads.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn of_a_name_with_both_only_the_public_address_is_used() {
    let (port, _) = service(vec![format!("{STREAM}{{\"n\":1}}\n")]).await;
    let target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    let mut following = Following::start(target, &[&[PRIVATE, PUBLIC]]);
    assert_eq!(following.record().await.json, json!({"n": 1}));
}

#[tokio::test]
async fn credentials_are_not_told_to_another_origin() {
    let answers = [redirect("/same"), redirect("http://other.example:PORT/"), STREAM.to_owned()];
    let (port, heads) = service(answers.to_vec()).await;
    let mut target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    target.auth = Some(Auth::Basic { user: "ana".to_owned(), password: "tide:1".to_owned() });
    let key = (HeaderName::from_static("x-key"), HeaderValue::from_static("secret"));
    target.headers = vec![key, (HeaderName::from_static("host"), HeaderValue::from_static("x"))];
    let mut following = Following::start(target, &[&[PUBLIC]]);
    let following_it = |said| matches!(said, Said::State(FollowState::Following)).then_some(());
    following.next(following_it).await;
    let heads = heads.lock().unwrap().clone();
    for head in &heads[..2] {
        assert!(head.contains("authorization: basic yw5honrpzgu6mq=="), "{head}");
        assert!(head.contains("x-key: secret") && head.contains("host: harbour.example"), "{head}");
    }
    assert!(heads[1].starts_with("get /same"));
    assert!(!heads[2].contains("authorization") && !heads[2].contains("x-key"), "{}", heads[2]);
}

#[tokio::test]
async fn a_refusal_after_credentials_were_kept_back_says_so() {
    let unauthorized = "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n".to_owned();
    let there = redirect("http://other.example:PORT/secret-path");
    let (port, _) = service(vec![there, unauthorized, String::new()]).await;
    let mut target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    target.auth = Some(Auth::Bearer("token".to_owned()));
    let why = Following::start(target, &[&[PUBLIC]]).failed().await;
    assert!(why.contains("http://other.example,") && why.contains("credentials"), "{why}");
}

#[tokio::test]
async fn what_is_asked_for_survives_a_redirect() {
    let elsewhere = redirect("/there").replace("307", "301");
    let (port, heads) = service(vec![elsewhere, STREAM.to_owned(), String::new()]).await;
    let mut target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    target.topics = vec!["a b".to_owned(), "c".to_owned()];
    (target.topics_as, target.topics_field) = (TopicsAs::Form, "track".to_owned());
    let mut following = Following::start(target, &[&[PUBLIC]]);
    following.next(|said| matches!(said, Said::State(FollowState::Following)).then_some(())).await;
    for head in &*heads.lock().unwrap() {
        assert!(head.starts_with("post /") && head.contains("x-www-form-urlencoded"), "{head}");
    }
}

#[tokio::test]
async fn redirects_are_followed_only_so_far() {
    let (port, heads) = service(vec![redirect("/again"); 20]).await;
    let target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    let why = Following::start(target, &[&[PUBLIC]]).failed().await;
    assert!(why.contains("redirects again and again"), "{why}");
    assert_eq!(heads.lock().unwrap().len(), 1 + client::MOST_REDIRECTS);
}

#[tokio::test]
async fn events_are_resumed_after_the_last_that_was_heard() {
    let first = format!(
        "{EVENTS}retry: 5\nevent: update\nid: 7\ndata: {{\"n\":1}}\n\nevent: delete\ndata: 5\n\nid: 8\ndata: {{"
    );
    let second = format!("{EVENTS}event: update\ndata: {{\"n\":2}}\n\n");
    let (port, heads) = service(vec![first, second]).await;
    let mut target = target(TargetKind::Sse, &format!("http://harbour.example:{port}/"));
    target.events = vec!["update".to_owned()];
    let mut following = Following::start(target, &[&[PUBLIC]]);
    let heard = following.record().await;
    assert_eq!((heard.json, heard.cursor.as_deref()), (json!({"n": 1}), Some("7")));
    let heard = following.record().await;
    assert_eq!((heard.json, heard.cursor.as_deref()), (json!({"n": 2}), Some("7")));
    let heads = heads.lock().unwrap().clone();
    assert!(!heads[0].contains("last-event-id") && heads[1].contains("last-event-id: 7"));
    assert!(heads[0].contains("accept: text/event-stream"), "{}", heads[0]);
}

#[tokio::test]
async fn whoever_stays_silent_is_left_and_asked_again() {
    let (port, heads) = service(vec![format!("{STREAM}\n"), format!("{STREAM}\n")]).await;
    let mut target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    target.patience.silence = Duration::from_millis(50);
    let mut following = Following::start(target, &[&[PUBLIC]]);
    // The first connection is closed by the service, the second stays open and says nothing.
    assert!(following.waiting().await.contains("ended"));
    assert!(following.waiting().await.contains("sign of life"));
    assert_eq!(heads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn whoever_never_answers_is_asked_again() {
    for kind in [TargetKind::Ndjson, TargetKind::WebSocket, TargetKind::Feed] {
        let (port, _) = service(Vec::new()).await;
        let mut target = target(kind, &format!("http://harbour.example:{port}/"));
        target.patience.answer = Duration::from_millis(50);
        let mut following = Following::start(target, &[&[PUBLIC]]);
        assert!(following.waiting().await.contains("did not answer in time"));
        assert!(following.waiting().await.contains("did not answer in time"));
    }
}

#[tokio::test]
async fn what_is_malformed_or_too_long_is_counted_and_skipped() {
    let long = "x".repeat(MOST_RECORD + 1);
    let answer = format!("{STREAM}{{\"n\":1}}\r\nnot json\n\n\r\n\"{long}\"\n{{\"n\":2}}\n");
    let (port, _) = service(vec![answer]).await;
    let target = target(TargetKind::Ndjson, &format!("http://harbour.example:{port}/"));
    let mut following = Following::start(target, &[&[PUBLIC]]);
    let (mut malformed, mut heard) = (0, Vec::new());
    while heard.len() < 2 {
        match following.next(Some).await {
            Said::Heard(record) => heard.push(record.json),
            Said::Malformed(count) => malformed += count,
            Said::State(_) => {}
        }
    }
    assert_eq!((malformed, heard), (2, vec![json!({"n": 1}), json!({"n": 2})]));
}

#[tokio::test]
async fn what_cannot_be_followed_says_why_in_words() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>";
    let unauthorized = "HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n";
    for (kind, answer, told) in [
        (TargetKind::Ndjson, page, "a web page"),
        (TargetKind::Sse, page, "text/html"),
        (TargetKind::WebSocket, page, "no WebSocket"),
        (TargetKind::Ndjson, unauthorized, "401: it wants other credentials"),
        (TargetKind::WebSocket, unauthorized, "401: it wants other credentials"),
        (TargetKind::Feed, unauthorized, "401: it wants other credentials"),
    ] {
        let (port, _) = service(vec![answer.to_owned(), String::new()]).await;
        let target = target(kind, &format!("http://harbour.example:{port}/"));
        let why = Following::start(target, &[&[PUBLIC]]).failed().await;
        assert!(why.contains(told), "{kind:?}: {why}");
    }
}
