//! The stage: pieces that people drag.

use nowcast_shared::event::Event;
use nowcast_shared::signal::Signal;
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport};
use nowcast_tests::server::Server;
use serde_json::{Value, json};

over_every_transport![a_drag_is_seen_by_others_and_not_echoed];

fn grab(piece: &str) -> Value {
    json!({"kind": "grab", "piece": piece})
}

fn go(piece: &str, x: f64, y: f64) -> Value {
    json!({"kind": "move", "piece": piece, "x": x, "y": y})
}

fn leave(piece: &str, x: f64, y: f64) -> Value {
    json!({"kind": "drop", "piece": piece, "x": x, "y": y})
}

/// A server with a text called `logo` in the middle of its stage.
async fn staged() -> Server {
    let server = Server::start().await;
    let put = json!({"kind": "put", "piece": "logo", "look": "text", "text": "Logo"});
    let answer = server.admin().await.command(put).await;
    assert_eq!(answer.status(), 200);
    server
}

/// Waits until the page is told that the piece is on its way to `x`.
async fn sees_at(page: &mut Page, piece: &str, x: f64) {
    page.next_signal(|signal| match signal {
        Signal::PieceMoving { piece: at, x: there, .. } => {
            (at.as_str() == piece && (there - x).abs() < 1e-9).then_some(())
        }
        _ => None,
    })
    .await;
}

/// Waits until the page is told who holds the piece, or that nobody does.
async fn sees_held(page: &mut Page, piece: &str) -> Option<String> {
    page.next_signal(|signal| match signal {
        Signal::PieceHeld { piece: held, by, .. } if held.as_str() == piece => {
            Some(by.as_ref().map(|by| by.0.clone()))
        }
        _ => None,
    })
    .await
}

async fn a_drag_is_seen_by_others_and_not_echoed(transport: Transport) {
    let server = staged().await;
    let joining = || Joining::new(transport, server.origin());
    let (mut mover, mut other) = (joining().open().await, joining().open().await);
    assert_eq!(mover.snapshot().pieces.len(), 1);
    mover.command(grab("logo")).await.done();
    let holder = sees_held(&mut other, "logo").await.expect("somebody holds it");
    mover.command(go("logo", 0.6, 0.5)).await.done();
    sees_at(&mut other, "logo", 0.6).await;
    mover.command(go("logo", 0.7, 0.5)).await.done();
    sees_at(&mut other, "logo", 0.7).await;
    let offset = mover.command(leave("logo", 0.75, 0.5)).await.offset();
    let event = other.next_event().await;
    assert_eq!(event.offset.0, offset);
    assert_eq!(event.by.id.0, holder);
    let Event::PieceMoved { piece, x, y } = event.event else { panic!("{event:?}") };
    assert_eq!((piece.as_str(), x, y), ("logo", 0.75, 0.5));
    assert_eq!(sees_held(&mut other, "logo").await, None);

    // Whatever the mover would have been told of its own came before this.
    other.command(grab("logo")).await.done();
    let by = sees_held(&mut mover, "logo").await;
    assert!(by.is_some_and(|by| by != holder), "the first that the mover hears is another's");
}
