//! Who may do what on the stage, and what can be on it.

use super::*;
use nowcast_shared::error::Reason;

over_every_transport![who_may_drag_is_a_setting_and_locked_pieces_are_for_admins,];

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
async fn a_page_that_floods_with_moves_is_ended_by_name_and_hurts_nobody_else() {
    let rates = ["--move-rate=1", "--move-burst=1", "--command-rate=1", "--command-burst=1"];
    let setup = rates.into_iter().fold(Setup::new(), Setup::arg);
    let (server, _) = staged(setup).await;
    let (mut flooding, mut other) = two(&server, Transport::WebSocket).await;
    let frame = json!({"t": "command", "command": go("logo", 0.9)}).to_string();
    for _ in 0..2_100 {
        flooding.send_text(&frame).await;
    }
    let ending = flooding.ending().await;
    assert_eq!(ending.goodbye, Some((Reason::Flooding, Reason::Flooding.reconnect())));
    // The piece stays where it was moved, and is free again.
    moved(&mut other, "logo", 0.9).await;
    other.command(go("logo", 0.1)).await.done();
}
