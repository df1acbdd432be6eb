//! The library for JavaScript connects by the very decisions of the pages: whatever happens, both
//! plans do the same.

use crate::node;
use fastrand::Rng;
use nowcast_link::plan::{Conn, Do, Input, Plan, Refusal, Return, Way};
use nowcast_shared::error::Reason;
use serde_json::{Value, json};
use tempfile::TempDir;

const STORIES: u32 = 400;
const STEPS: usize = 150;

/// A connection's number.
fn number(conn: Conn) -> u32 {
    let text = format!("{conn:?}");
    text.trim_start_matches("Conn(").trim_end_matches(')').parse().expect("a number")
}

fn done(one: Do) -> Value {
    match one {
        Do::Open(conn, way) => {
            let way = match way {
                Way::WebSocket => "websocket",
                Way::EventSource => "sse",
                Way::LongPoll => "poll",
            };
            json!({"do": "open", "conn": number(conn), "way": way})
        }
        Do::Close(conn) => json!({"do": "close", "conn": number(conn)}),
        Do::Ping(conn) => json!({"do": "ping", "conn": number(conn)}),
    }
}

fn told(input: &Input) -> Value {
    let of = |name: &str, conn: Conn| json!({"type": name, "conn": number(conn)});
    match input {
        Input::Start => json!({"type": "start"}),
        Input::Stop => json!({"type": "stop"}),
        Input::Tick => json!({"type": "tick"}),
        Input::Visible => json!({"type": "visible"}),
        Input::Online => json!({"type": "online"}),
        Input::Opened(conn) => of("opened", *conn),
        Input::Alive(conn) => of("alive", *conn),
        Input::Lost(conn) => of("lost", *conn),
        Input::Later(conn, after) => {
            json!({"type": "lost", "conn": number(*conn), "after": after})
        }
        Input::Broken(conn) => of("broken", *conn),
        Input::Goodbye(conn, reason, back) => json!({"type": "goodbye", "conn": number(*conn),
            "reason": reason, "reconnect": *back == Return::Welcome}),
        Input::Refused(conn, Refusal { code, retry_after, .. }) => {
            let mut refusal = json!({"code": code});
            if let Some(seconds) = retry_after {
                refusal["retryAfter"] = json!(seconds);
            }
            json!({"type": "refused", "conn": number(*conn), "refusal": refusal})
        }
    }
}

/// Something that may happen to one of these connections, the newest most often.
fn happens(rng: &mut Rng, conns: &[Conn]) -> Input {
    let Some(newest) = conns.last() else { return Input::Start };
    let conn = if rng.u8(..4) > 0 { *newest } else { conns[rng.usize(..conns.len())] };
    match rng.u8(..26) {
        0..8 => Input::Opened(conn),
        8..12 => Input::Alive(conn),
        12..17 => Input::Lost(conn),
        17 => Input::Broken(conn),
        18 | 19 => {
            let reason = Reason::ALL[rng.usize(..Reason::ALL.len())];
            let back = if reason.reconnect() { Return::Welcome } else { Return::Unwanted };
            Input::Goodbye(conn, reason, back)
        }
        20 => {
            let (code, detail) = ("unknown_room".to_owned(), "There is no such room.".to_owned());
            let retry_after = [None, Some(5), Some(40), Some(600)][rng.usize(..4)];
            Input::Refused(conn, Refusal { status: 404, code, detail, retry_after })
        }
        21 => Input::Visible,
        22 => Input::Online,
        23 | 24 => Input::Later(conn, [0, 1_000, 7_000, 600_000][rng.usize(..4)]),
        _ => [Input::Start, Input::Start, Input::Stop][rng.usize(..3)].clone(),
    }
}

/// One story, as it went on the pages.
fn story(seed: u32) -> Value {
    let mut rng = Rng::with_seed(seed.into());
    let mut plan = Plan::new(seed);
    let (mut now, mut conns, mut steps) = (1_000_000, Vec::new(), Vec::new());
    for step in 0..STEPS {
        let input = match (step, plan.wake_at()) {
            (0, _) => Input::Start,
            (_, Some(at)) if rng.bool() => {
                now = at.max(now);
                Input::Tick
            }
            _ => {
                let longest = [50, 6_000, 60_000][rng.usize(..3)];
                now += rng.u64(..longest);
                happens(&mut rng, &conns)
            }
        };
        let line = told(&input);
        let did = plan.handle(now, input);
        conns.extend(did.iter().filter_map(|one| match one {
            Do::Open(conn, _) => Some(*conn),
            _ => None,
        }));
        let did: Vec<Value> = did.into_iter().map(done).collect();
        steps.push(json!({"now": now, "input": line, "did": did}));
    }
    json!({"seed": seed, "steps": steps})
}

#[tokio::test]
async fn whatever_happens_the_library_does_what_the_pages_do() {
    let folder = TempDir::with_prefix("nowcast-stories-").unwrap();
    let file = folder.path().join("stories.json");
    let stories: Vec<Value> = (0..STORIES).map(|number| story(number * 7919 + 1)).collect();
    std::fs::write(&file, json!(stories).to_string()).unwrap();
    let mut command = node::script("plan.mjs");
    command.arg(&file);
    assert_eq!(node::output(command).await, format!("{STORIES} stories\n"));
}
