//! The stage: pieces that people drag, and who else sees what of it when.

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
    a_mover_who_vanishes_leaves_the_piece_where_it_was_moved,
    a_late_page_sees_the_stage_as_it_is,
    a_page_that_missed_a_drop_sees_the_next_drag,
    an_admin_takes_a_piece_out_of_any_hand,
    a_repeated_drop_takes_effect_once_whoever_has_the_piece_by_then,
    the_newest_of_too_many_moves_is_told,
    who_may_drag_is_a_setting_and_locked_pieces_are_for_admins,
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
    assert!(matches!(next(&mut second, "logo").await, Told::Held(_)));
    until(&mut second, "logo", &Told::At(0.9)).await;
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

async fn a_mover_who_vanishes_leaves_the_piece_where_it_was_moved(transport: Transport) {
    let (server, _) = staged(Setup::new().arg("--lease=300")).await;
    let (mut mover, mut other) = two(&server, transport).await;
    mover.command(grab("logo")).await.done();
    mover.command(go("logo", 0.9)).await.done();
    let back = mover.resuming();
    drop(mover);
    moved(&mut other, "logo", 0.9).await;
    until(&mut other, "logo", &Told::Free).await;
    other.command(leave("logo", 0.1)).await.offset();

    // It comes back, to what happened meanwhile.
    let mut back = back.open().await;
    moved(&mut back, "logo", 0.9).await;
    moved(&mut back, "logo", 0.1).await;

    // One that was grabbed and not moved is just free.
    other.command(grab("logo")).await.done();
    let dropped = eventually("the piece is free", async || {
        let answer = back.command(leave("logo", 0.2)).await;
        answer.refused().is_none().then(|| answer.offset())
    });
    assert_eq!(dropped.await, 4, "there was no event of that");
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

async fn an_admin_takes_a_piece_out_of_any_hand(transport: Transport) {
    let (server, admin) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, transport).await;
    let say = async |change: Value| {
        expect_status(admin.command(put("logo", &change)).await, 200).await;
    };
    // Looks do not end a drag; where it is on its way is told again, since the event shows the
    // piece where it rests.
    mover.command(go("logo", 0.6)).await.done();
    until(&mut other, "logo", &Told::At(0.6)).await;
    say(json!({"z": 7})).await;
    until(&mut other, "logo", &Told::At(0.6)).await;
    mover.command(go("logo", 0.65)).await.done();
    // A place does, for the mover too.
    say(json!({"x": 0.2})).await;
    until(&mut mover, "logo", &Told::Free).await;
    until(&mut other, "logo", &Told::Free).await;
    assert_eq!(rests(&server).await, Some(0.2));
    // So does a lock, which leaves it where the log has it.
    mover.command(go("logo", 0.7)).await.done();
    say(json!({"locked": true})).await;
    until(&mut mover, "logo", &Told::Free).await;
    assert_eq!(mover.command(go("logo", 0.8)).await.code(), Code::PieceLocked);
    assert_eq!(mover.command(leave("logo", 0.8)).await.code(), Code::PieceLocked);
    assert_eq!(rests(&server).await, Some(0.2));
    // And so does its end.
    say(json!({"locked": false})).await;
    mover.command(go("logo", 0.9)).await.done();
    let remove = json!({"kind": "remove", "piece": "logo"});
    expect_status(admin.command(remove.clone()).await, 200).await;
    until(&mut mover, "logo", &Told::Free).await;
    for command in [grab("logo"), go("logo", 0.1), leave("logo", 0.1)] {
        assert_eq!(mover.command(command).await.code(), Code::UnknownPiece);
    }
    expect_problem(admin.command(remove).await, 404, "unknown_piece").await;
    assert_eq!(stage(&server).await, []);
}

async fn a_repeated_drop_takes_effect_once_whoever_has_the_piece_by_then(transport: Transport) {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, transport).await;
    mover.command(go("logo", 0.6)).await.done();
    let answer = mover.command_with_id("d1", leave("logo", 0.7)).await;
    other.command(go("logo", 0.8)).await.done();
    let mut back = mover.resuming().open().await;
    assert_eq!(back.command_with_id("d1", leave("logo", 0.7)).await, answer);
    assert_eq!(back.command_with_id("d2", leave("logo", 0.7)).await.code(), Code::PieceHeld);
    let code = back.command_with_id("d1", leave("logo", 0.9)).await.code();
    assert_eq!(code, Code::IdempotencyMismatch);
    other.command(leave("logo", 0.8)).await.offset();
    assert_eq!(back.command_with_id("d1", leave("logo", 0.7)).await, answer, "and when it is free");
    assert_eq!(rests(&server).await, Some(0.8));
}

async fn the_newest_of_too_many_moves_is_told(transport: Transport) {
    // One a second and one at once: nearly all of these are too many.
    let setup = Setup::new().arg(LONG).arg("--move-rate=1").arg("--move-burst=1");
    let (server, _) = staged(setup.arg("--command-burst=1").arg("--command-rate=1")).await;
    let (mut mover, mut other) = two(&server, transport).await;
    for step in 1..=50 {
        mover.command(go("logo", f64::from(step) / 100.0)).await.done();
    }
    assert!(matches!(next(&mut other, "logo").await, Told::Held(_)));
    until(&mut other, "logo", &Told::At(0.01)).await;
    let mut told = 1;
    while next(&mut other, "logo").await != Told::At(0.5) {
        told += 1;
    }
    assert!(told < 30, "{told} of them were told");
}

async fn who_may_drag_is_a_setting_and_locked_pieces_are_for_admins(transport: Transport) {
    let (server, admin) = staged(Setup::new().arg(LONG)).await;
    let joining = || Joining::new(transport, server.origin());
    let mut viewer = joining().open().await;
    let mut program = joining().as_who(&server.publisher()).open().await;
    let mut desk = joining().as_who(&admin).role("admin").open().await;
    for (who, of_viewer, of_program) in [
        ("everyone", None, None),
        ("users", Some(Code::Unauthorized), None),
        ("nobody", Some(Code::Forbidden), Some(Code::Forbidden)),
    ] {
        set(&admin, &json!({"drag": who})).await;
        for (page, expected) in [(&mut viewer, of_viewer), (&mut program, of_program)] {
            let answer = page.command(go("logo", 0.6)).await;
            assert_eq!(answer.refused(), expected, "{who}");
            if expected.is_none() {
                page.command(leave("logo", 0.6)).await.offset();
            }
        }
        desk.command(go("logo", 0.5)).await.done();
        desk.command(leave("logo", 0.5)).await.offset();
    }
    set(&admin, &json!({"drag": "everyone"})).await;
    desk.command(put("logo", &json!({"locked": true}))).await.offset();
    for page in [&mut viewer, &mut program] {
        for command in [grab("logo"), go("logo", 0.1), leave("logo", 0.1)] {
            assert_eq!(page.command(command).await.code(), Code::PieceLocked);
        }
        for command in [put("logo", &json!({"z": 1})), json!({"kind": "remove", "piece": "logo"})] {
            let code = page.command(command).await.code();
            assert!(matches!(code, Code::Unauthorized | Code::Forbidden), "{code}");
        }
    }
    desk.command(go("logo", 0.9)).await.done();
    desk.command(leave("logo", 0.9)).await.offset();
}

#[tokio::test]
async fn what_can_be_no_piece_is_refused_by_name() {
    let (server, admin) = staged(Setup::new()).await;
    let refused = async |command: Value, status: u16, code: &str| {
        expect_problem(admin.command(command.clone()).await, status, code).await;
    };
    for change in [
        json!({}),
        json!({"look": "video"}),
        json!({"look": "image"}),
        json!({"look": "text"}),
        json!({"look": "text", "text": " "}),
        json!({"look": "pointer", "x": -0.1}),
        json!({"look": "pointer", "y": 1.1}),
        json!({"look": "pointer", "width": 0.001}),
        json!({"look": "pointer", "text": "x".repeat(2_001)}),
    ] {
        refused(put("new", &change), 422, "bad_piece").await;
    }
    for url in ["javascript:alert(1)", "//example.org/a.png", "/admin", "data:image/png;base64,"] {
        refused(put("new", &json!({"look": "image", "url": url})), 422, "bad_url").await;
    }
    for field in ["x", "z", "locked", "width"] {
        let change = json!({"look": "pointer", field: "text"});
        refused(put("new", &change), 400, "bad_request").await;
    }
    refused(put("no piece", &json!({"look": "pointer"})), 400, "bad_request").await;
    refused(put("logo", &json!({"text": ""})), 422, "bad_piece").await;
    for x in [-0.001, 1.001, 1e300] {
        refused(go("logo", x), 422, "bad_piece").await;
        refused(leave("logo", x), 422, "bad_piece").await;
    }
    refused(go("none", 0.5), 404, "unknown_piece").await;
    // Whoever cannot be told from others cannot hold anything.
    let anonymous = server.visitor().command(go("logo", 0.6)).await;
    expect_problem(anonymous, 400, "bad_client").await;
    let pieces = stage(&server).await;
    assert_eq!((pieces.len(), pieces[0].x), (1, 0.5), "nothing of it took effect");
}

#[tokio::test]
async fn a_stage_holds_so_many_pieces_the_lowest_first() {
    let (server, admin) = staged(Setup::new()).await;
    let mut desk = Joining::new(Transport::WebSocket, server.origin()).as_who(&admin).open().await;
    for number in 1..200 {
        let change = json!({"look": "pointer", "z": 1000 - number});
        desk.command(put(&format!("p{number}"), &change)).await.offset();
    }
    let one_more = put("p200", &json!({"look": "pointer"}));
    assert_eq!(desk.command(one_more.clone()).await.code(), Code::StageFull);
    desk.command(put("p1", &json!({"x": 0.1}))).await.offset();
    let pieces = stage(&server).await;
    assert_eq!(pieces.len(), 200);
    assert!(pieces.is_sorted_by_key(|piece| (piece.z, piece.id.clone())));
    desk.command(json!({"kind": "remove", "piece": "p1"})).await.offset();
    desk.command(one_more).await.offset();
}

#[tokio::test]
async fn a_page_that_closes_leaves_its_pieces_at_once() {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, Transport::WebSocket).await;
    mover.command(go("logo", 0.9)).await.done();
    mover.close().await;
    moved(&mut other, "logo", 0.9).await;
    until(&mut other, "logo", &Told::Free).await;
}

#[tokio::test]
async fn closing_the_connection_before_the_last_leaves_nothing() {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let (mut mover, mut other) = two(&server, Transport::WebSocket).await;
    mover.command(go("logo", 0.9)).await.done();
    let mut back = mover.resuming().over(Transport::Sse).open().await;
    mover.close().await;
    back.command(go("logo", 0.8)).await.done();
    assert_eq!(other.command(grab("logo")).await.code(), Code::PieceHeld);
    until(&mut other, "logo", &Told::At(0.8)).await;
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

#[tokio::test]
async fn an_open_house_lets_anybody_put_and_drag() {
    let setup = Setup::new().arg("--open").arg(LONG);
    let (server, admin) = staged(setup).await;
    set(&admin, &json!({"drag": "nobody"})).await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    page.command(put("own", &json!({"look": "pointer", "locked": true}))).await.offset();
    page.command(go("own", 0.1)).await.done();
    page.command(leave("own", 0.1)).await.offset();
    page.command(json!({"kind": "remove", "piece": "logo"})).await.offset();
    let path = format!("/api/rooms/main/commands?client={}", new_client_id());
    let request = server.visitor().post(&path).header("sec-fetch-site", "cross-site");
    let answer = request.json(&json!({"command": go("own", 0.2)})).send().await;
    expect_problem(answer.expect("an answer"), 403, "foreign_origin").await;
}

#[tokio::test]
async fn programs_move_pieces_too() {
    let (server, _) = staged(Setup::new().arg(LONG)).await;
    let mut page = Joining::new(Transport::WebSocket, server.origin()).open().await;
    let publisher = server.publisher();
    expect_status(publisher.command(go("logo", 0.6)).await, 200).await;
    until(&mut page, "logo", &Told::At(0.6)).await;
    assert_eq!(page.command(grab("logo")).await.code(), Code::PieceHeld);
    expect_status(publisher.command(leave("logo", 0.6)).await, 200).await;
    moved(&mut page, "logo", 0.6).await;
}

#[tokio::test]
async fn two_who_race_end_at_the_same_place_and_so_does_everybody_else() {
    let (server, _) = staged(Setup::new().arg("--lease=200")).await;
    let mut watching = Vec::new();
    for transport in Transport::ALL {
        watching.push(Joining::new(transport, server.origin()).open().await);
    }
    let race = async |transport: Transport, seed: u8| {
        let mut page = Joining::new(transport, server.origin()).open().await;
        let mut dropped = 0;
        for round in 0..15 {
            if page.command(grab("logo")).await.refused().is_some() {
                continue;
            }
            for step in 0..5 {
                page.command(go("logo", f64::from(step * 10 + seed) / 100.0)).await;
            }
            // Sometimes it just forgets about it.
            if round % 4 != 3 {
                let answer = page.command(leave("logo", f64::from(round * 5 + seed) / 100.0)).await;
                dropped += u32::from(answer.refused().is_none());
            }
        }
        (page, dropped)
    };
    let ((one, a), (other, b), (third, c)) = tokio::join!(
        race(Transport::WebSocket, 1),
        race(Transport::Sse, 2),
        race(Transport::LongPoll, 3)
    );
    assert!(a + b + c > 0);
    watching.extend([one, other, third]);
    // Whoever forgot a piece is not waited for: then it is free, and the log has it.
    let mut last = Joining::new(Transport::WebSocket, server.origin()).open().await;
    eventually("the piece is free", async || {
        last.command(grab("logo")).await.refused().is_none().then_some(())
    })
    .await;
    last.command(leave("logo", 0.99)).await.offset();
    for page in &mut watching {
        let mut place = None;
        while place != Some(0.99) {
            if let Event::PieceMoved { x, .. } = page.next_event().await.event {
                place = Some(x);
            }
        }
        until(page, "logo", &Told::Free).await;
    }
    assert_eq!(rests(&server).await, Some(0.99));
}
