//! A drop that the store does not take: nobody is left with a piece where the log does not have it.

use nowcast_shared::error::Code;
use nowcast_shared::event::Event;
use nowcast_shared::signal::Signal;
use nowcast_tests::api::expect_status;
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::server::{Server, Setup};
use serde_json::{Value, json};

/// Enough to find every bit of room that a full store still has.
const MANY: u32 = 2_000;

fn at(kind: &str, x: f64) -> Value {
    json!({"kind": kind, "piece": "logo", "x": x, "y": 0.5})
}

/// Waits until the page is told that the piece is on its way to this place, and then that nobody
/// holds it.
async fn told_back(page: &mut Page, place: f64) {
    let is = |x: f64| (x - place).abs() < f64::EPSILON;
    let moving = |signal: &Signal| match signal {
        Signal::PieceMoving { x, .. } => is(*x).then_some(()),
        _ => None,
    };
    page.next_signal(moving).await;
    let free = |signal: &Signal| matches!(signal, Signal::PieceHeld { by: None, .. }).then_some(());
    page.next_signal(free).await;
}

async fn staged() -> Server {
    let server = Setup::new().start().await;
    let put = json!({"kind": "put", "piece": "logo", "look": "text", "text": "x".repeat(2_000)});
    expect_status(server.admin().await.command(put).await, 200).await;
    server
}

#[tokio::test]
async fn a_drop_that_cannot_be_kept_is_told_back_to_everybody() {
    let server = staged().await;
    let joining = |transport| Joining::new(transport, server.origin());
    let mut mover = joining(Transport::WebSocket).open().await;
    let mut others = [
        joining(Transport::WebSocket).open().await,
        joining(Transport::Sse).open().await,
        joining(Transport::LongPoll).open().await,
    ];
    let limit = server.limit_files(0);
    let mut rests = 0.5;
    for step in 0..MANY {
        // What is refused has to be told from all that was there before.
        let x = f64::from(step) / f64::from(MANY);
        mover.command(at("move", 0.999)).await.done();
        match mover.command(at("drop", x)).await.refused() {
            None => rests = x,
            Some(code) => {
                assert_eq!(code, Code::StoreFull);
                break;
            }
        }
        assert!(step + 1 < MANY, "everything was taken in spite of the limit");
    }
    told_back(&mut mover, rests).await;
    for page in &mut others {
        told_back(page, rests).await;
    }

    drop(limit);
    server.ready().await;
    let [first, ..] = &mut others;
    first.command(at("move", 0.1)).await.done();
    let offset = first.command(at("drop", 0.1)).await.offset();
    for page in [&mut mover].into_iter().chain(&mut others) {
        let last = loop {
            let event = page.next_event().await;
            if event.offset.0 == offset {
                break event.event;
            }
        };
        assert!(matches!(last, Event::PieceMoved { x, .. } if (x - 0.1).abs() < f64::EPSILON));
    }
}
