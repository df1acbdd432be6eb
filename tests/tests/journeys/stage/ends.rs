//! How a hold ends: by a drop, with the page, after a while, by an admin. Then all are at one place.

use super::*;

over_every_transport![
    a_mover_who_vanishes_leaves_the_piece_where_it_was_moved,
    an_admin_takes_a_piece_out_of_any_hand,
    a_repeated_drop_takes_effect_once_whoever_has_the_piece_by_then,
];

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
