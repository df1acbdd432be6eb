//! The stage: pieces that people drag, and who else sees what of it when.

mod ends;
mod rights;

use nowcast_shared::error::Code;
use nowcast_shared::event::Event;
use nowcast_shared::signal::Signal;
use nowcast_shared::stage::Piece;
use nowcast_tests::api::{Api, expect_problem, expect_status};
use nowcast_tests::over_every_transport;
use nowcast_tests::page::{Joining, Page, Transport, new_client_id};
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

over_every_transport![
    a_drag_is_seen_by_others_and_not_echoed,
    a_mover_is_not_echoed_after_coming_back_in_the_middle_of_a_drag,
    of_two_on_one_piece_the_first_has_it_until_the_drop,
    an_admin_takes_over_what_somebody_never_lets_go,
    a_late_page_sees_the_stage_as_it_is,
    a_page_that_missed_a_drop_sees_the_next_drag,
    the_newest_of_too_many_moves_is_told,
];

/// So long that no test waits for it.
const LONG: &str = "--lease=600000";

fn grab(piece: &str) -> Value {
    json!({"kind": "grab", "piece": piece})
}

fn go(piece: &str, x: f64) -> Value {
    json!({"kind": "move", "piece": piece, "x": x, "y": 0.5})
}

fn leave(piece: &str, x: f64) -> Value {
    json!({"kind": "drop", "piece": piece, "x": x, "y": 0.5})
}

fn put(piece: &str, change: &Value) -> Value {
    let mut put = json!({"kind": "put", "piece": piece});
    let fields = change.as_object().expect("a change is an object").clone();
    put.as_object_mut().expect("it is one").extend(fields);
    put
}

/// A server with a text called `logo` in the middle of its stage, and its admin.
async fn staged(setup: Setup) -> (Server, Api) {
    let server = setup.start().await;
    let admin = server.admin().await;
    let logo = put("logo", &json!({"look": "text", "text": "Logo"}));
    expect_status(admin.command(logo).await, 200).await;
    (server, admin)
}

async fn two(server: &Server, transport: Transport) -> (Page, Page) {
    let joining = || Joining::new(transport, server.origin());
    (joining().open().await, joining().open().await)
}

/// What a page is told about pieces.
#[derive(Debug, PartialEq)]
enum Told {
    Held(String),
    Free,
    At(f64),
}

/// The next that the page is told about a piece.
async fn next(page: &mut Page, piece: &str) -> Told {
    page.next_signal(|signal| match signal {
        Signal::PieceHeld { piece: held, by, .. } if held.as_str() == piece => {
            Some(by.as_ref().map_or(Told::Free, |by| Told::Held(by.0.clone())))
        }
        Signal::PieceMoving { piece: moving, x, .. } if moving.as_str() == piece => {
            Some(Told::At(*x))
        }
        _ => None,
    })
    .await
}

/// Reads what the page is told about a piece up to this. A page that just came may be told twice.
async fn until(page: &mut Page, piece: &str, last: &Told) {
    while next(page, piece).await != *last {}
}

/// The next event of the page has to be this move.
async fn moved(page: &mut Page, piece: &str, to: f64) {
    let event = page.next_event().await;
    let Event::PieceMoved { piece: moved, x, .. } = &event.event else { panic!("{event:?}") };
    assert_eq!((moved.as_str(), *x), (piece, to));
}

/// Where the log has the logo, as a page that comes now sees it.
async fn rests(server: &Server) -> Option<f64> {
    stage(server).await.first().map(|piece| piece.x)
}

/// The stage as a page that comes now sees it.
async fn stage(server: &Server) -> Vec<Piece> {
    Joining::new(Transport::Sse, server.origin()).open().await.snapshot().pieces.clone()
}

async fn set(admin: &Api, settings: &Value) {
    let request = admin.put("/api/rooms/main").json(&json!({"settings": settings}));
    expect_status(request.send().await.expect("an answer"), 200).await;
}

async fn a_drag_is_seen_by_others_and_not_echoed(transport: Transport) {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, transport).await;
    mover.command(grab("logo")).await.done();
    let Told::Held(holder) = next(&mut other, "logo").await else { panic!("nobody holds it") };
    for x in [0.6, 0.7] {
        mover.command(go("logo", x)).await.done();
        until(&mut other, "logo", &Told::At(x)).await;
    }
    let offset = mover.command(leave("logo", 0.75)).await.offset();
    let event = other.next_event().await;
    assert_eq!((event.offset.0, &event.by.id.0), (offset, &holder));
    let Event::PieceMoved { piece, x, y } = event.event else { panic!("{event:?}") };
    assert_eq!((piece.as_str(), x, y), ("logo", 0.75, 0.5));
    until(&mut other, "logo", &Told::Free).await;

    // Whatever the mover would have been told of its own came before this.
    other.command(grab("logo")).await.done();
    let Told::Held(by) = next(&mut mover, "logo").await else { panic!("its own came back") };
    assert_ne!(by, holder, "the first that the mover hears is another's");
    assert_eq!(rests(&server).await, Some(0.75));
}

async fn a_mover_is_not_echoed_after_coming_back_in_the_middle_of_a_drag(transport: Transport) {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    for after in Transport::ALL {
        let (mut mover, mut other) = two(&server, transport).await;
        mover.command(grab("logo")).await.done();
        mover.command(go("logo", 0.6)).await.done();
        // The old connection may still be open, or not.
        let mut back = mover.resuming().over(after).open().await;
        back.command(go("logo", 0.7)).await.done();
        until(&mut other, "logo", &Told::At(0.7)).await;
        back.command(leave("logo", 0.5)).await.offset();
        until(&mut other, "logo", &Told::Free).await;
        moved(&mut back, "logo", 0.5).await;
        other.command(go("logo", 0.8)).await.done();
        assert!(matches!(next(&mut back, "logo").await, Told::Held(_)), "another's");
        until(&mut back, "logo", &Told::At(0.8)).await;
        other.command(leave("logo", 0.5)).await.offset();
    }
}

async fn of_two_on_one_piece_the_first_has_it_until_the_drop(transport: Transport) {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut first, mut second) = two(&server, transport).await;
    first.command(grab("logo")).await.done();
    for command in [grab("logo"), go("logo", 0.1), leave("logo", 0.1)] {
        assert_eq!(second.command(command).await.code(), Code::PieceHeld);
    }
    // It need not be grabbed again, nor is it told again.
    first.command(grab("logo")).await.done();
    first.command(go("logo", 0.9)).await.done();
    first.command(leave("logo", 0.9)).await.offset();
    // Between two polls the newest takes the place of what was told before.
    until(&mut second, "logo", &Told::Free).await;
    // One that is free is taken by moving it, and dropped by anybody.
    second.command(go("logo", 0.2)).await.done();
    assert_eq!(first.command(grab("logo")).await.code(), Code::PieceHeld);
    second.command(leave("logo", 0.2)).await.offset();
    first.command(leave("logo", 0.3)).await.offset();
    for page in [&mut first, &mut second] {
        for x in [0.9, 0.2, 0.3] {
            moved(page, "logo", x).await;
        }
    }
}

async fn an_admin_takes_over_what_somebody_never_lets_go(transport: Transport) {
    let (server, admin) = staged(Setup::new().arg(LONG)).await;
    let mut page = Joining::new(transport, server.origin()).open().await;
    let mut desk = Joining::new(transport, server.origin()).as_who(&admin).open().await;
    page.command(grab("logo")).await.done();
    desk.command(grab("logo")).await.done();
    assert!(matches!(next(&mut page, "logo").await, Told::Held(_)), "it is told who has it");
    assert_eq!(page.command(grab("logo")).await.code(), Code::PieceHeld);
    desk.command(leave("logo", 0.3)).await.offset();
    until(&mut page, "logo", &Told::Free).await;
    page.command(grab("logo")).await.done();
    desk.command(leave("logo", 0.7)).await.offset();
    until(&mut page, "logo", &Told::Free).await;
}

async fn a_late_page_sees_the_stage_as_it_is(transport: Transport) {
    let (mut server, _) = staged(Setup::new().arg(LONG)).await;
    let mut mover = Joining::new(Transport::WebSocket, server.origin()).open().await;
    mover.command(leave("logo", 0.4)).await.offset();
    mover.command(go("logo", 0.6)).await.done();
    let joining = || Joining::new(transport, server.origin());
    let mut late = joining().open().await;
    let place = |page: &Page| page.snapshot().pieces.first().map(|piece| piece.x);
    assert_eq!(place(&late), Some(0.4), "where the log has it");
    assert!(matches!(next(&mut late, "logo").await, Told::Held(_)));
    until(&mut late, "logo", &Told::At(0.6)).await;
    // Also one that continues what it had, and one that has something to catch up with.
    for offset in [2, 0] {
        let since = format!("{}:{offset}", late.position().epoch);
        let mut late = joining().since(since).open().await;
        assert!(late.recovered());
        assert!(matches!(next(&mut late, "logo").await, Told::Held(_)));
        until(&mut late, "logo", &Told::At(0.6)).await;
    }

    mover.command(leave("logo", 0.7)).await.offset();
    server.kill().await;
    server.restart().await;
    let page = Joining::new(transport, server.origin()).open().await;
    assert_eq!(place(&page), Some(0.7), "positions survive");
}

/// What is told of a drag must not be undone by older events that come after it.
async fn a_page_that_missed_a_drop_sees_the_next_drag(transport: Transport) {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, away) = two(&server, transport).await;
    let back = away.resuming();
    drop(away);
    mover.command(go("logo", 0.6)).await.done();
    mover.command(leave("logo", 0.6)).await.offset();
    mover.command(go("logo", 0.8)).await.done();
    let mut back = back.open().await;
    moved(&mut back, "logo", 0.6).await;
    until(&mut back, "logo", &Told::At(0.8)).await;
}

async fn the_newest_of_too_many_moves_is_told(transport: Transport) {
    // One a second and one at once: nearly all of these are too many.
    let setup = Setup::new().arg(LONG).arg("--move-rate=1").arg("--move-burst=1");
    let (server, _) = staged(setup.arg("--command-burst=1").arg("--command-rate=1")).await;
    let (mut mover, mut other) = two(&server, transport).await;
    for step in 1..=50 {
        mover.command(go("logo", f64::from(step) / 100.0)).await.done();
    }
    let mut told = 1;
    while next(&mut other, "logo").await != Told::At(0.5) {
        told += 1;
    }
    assert!(told < 30, "{told} of them were told");
}

#[tokio::test]
async fn a_move_without_an_id_is_answered_only_if_it_is_refused() {
    use nowcast_shared::frame::ServerFrame;
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, Transport::WebSocket).await;
    let frame = |command: Value| json!({"t": "command", "command": command}).to_string();
    for x in [0.6, 0.7] {
        mover.send_text(&frame(go("logo", x))).await;
    }
    mover.send_text(&frame(go("none", 0.1))).await;
    loop {
        match mover.next_frame().await.expect("the session goes on") {
            ServerFrame::Reject { command: None, code, .. } => {
                assert_eq!(code, Code::UnknownPiece);
                break;
            }
            ServerFrame::Signal { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    until(&mut other, "logo", &Told::At(0.7)).await;
}
