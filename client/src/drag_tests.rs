use super::*;

const FREE: Pixels = Pixels { x: 800.0, y: 400.0 };

fn piece(name: &str) -> PieceId {
    name.parse().unwrap()
}

fn down(seen: Spot, at: Pixels) -> Input {
    Input::Down { pointer: 1, piece: piece("a"), at, free: FREE, seen }
}

fn moved(x: f64, y: f64) -> Input {
    Input::Move { pointer: 1, at: Pixels { x, y }, free: FREE }
}

fn spot(x: f64, y: f64) -> Spot {
    Spot { x, y }
}

/// A drag of `a` that began at time 0 in the middle, by a pointer 10 pixels inside of the piece.
fn begun() -> Drag {
    let mut drag = Drag::default();
    let todo = drag.handle(0.0, down(spot(0.5, 0.5), Pixels { x: 410.0, y: 210.0 }));
    assert_eq!(todo, [Do::Show(piece("a"), spot(0.5, 0.5)), Do::Grab(piece("a"), 1)]);
    drag
}

fn shown(todo: &[Do]) -> Option<Spot> {
    todo.iter().rev().find_map(|one| match one {
        Do::Show(_, spot) => Some(*spot),
        _ => None,
    })
}

fn sent(todo: &[Do]) -> Option<Spot> {
    todo.iter().rev().find_map(|one| match one {
        Do::Move(_, spot) => Some(*spot),
        _ => None,
    })
}

#[test]
fn a_piece_keeps_its_place_under_the_pointer_and_inside_of_the_stage() {
    let mut drag = begun();
    let todo = drag.handle(20.0, moved(490.0, 210.0));
    assert_eq!(shown(&todo), Some(spot(0.6, 0.5)), "80 of 800 pixels, wherever it was taken");
    let todo = drag.handle(40.0, moved(-500.0, 9_000.0));
    assert_eq!(shown(&todo), Some(spot(0.0, 1.0)));
    let todo = drag.handle(60.0, moved(410.0, 210.0));
    assert_eq!(shown(&todo), Some(spot(0.5, 0.5)), "what went beyond the edge is no debt");
}

#[test]
fn every_pointer_event_is_shown_and_at_most_one_in_a_frame_is_sent_the_latest() {
    let mut drag = begun();
    let mut moves = 0;
    for step in 1..=1_000_u32 {
        // A mouse that tells a thousand places a second.
        let now = f64::from(step);
        let todo = drag.handle(now, moved(410.0 + now / 10.0, 210.0));
        assert!(shown(&todo).is_some());
        moves += usize::from(sent(&todo).is_some());
        assert!(sent(&todo).is_none() || sent(&todo) == shown(&todo), "the latest");
    }
    assert!((58..=67).contains(&moves), "{moves} in a second");
    let wake = drag.wake_at().unwrap();
    assert!(wake < 1_000.0 + FRAME + 1.0);
    let todo = drag.handle(wake, Input::Tick);
    assert_eq!(sent(&todo), Some(spot(0.625, 0.5)), "and the last of all is sent");
}

#[test]
fn moves_that_come_with_the_frames_are_not_put_off() {
    let mut drag = begun();
    for (frame, jitter) in [(1.0, 0.4), (2.0, -0.6), (3.0, 0.5), (4.0, 0.0)] {
        let todo = drag.handle(frame * FRAME + jitter, moved(410.0 + frame, 210.0));
        assert!(sent(&todo).is_some(), "frame {frame}");
    }
}

#[test]
fn where_each_move_is_a_request_there_are_ten_a_second() {
    let mut drag = begun();
    drag.set_pace(100.0);
    let mut moves = 0;
    for step in 1..=1_000_u32 {
        let now = f64::from(step);
        let todo = drag.handle(now, moved(410.0 + now / 10.0, 210.0));
        assert!(shown(&todo).is_some(), "its own page need not wait");
        moves += usize::from(sent(&todo).is_some());
    }
    assert!((9..=11).contains(&moves), "{moves} in a second");
}

#[test]
fn the_end_of_a_drag_is_an_event_where_the_piece_is_now() {
    let mut drag = begun();
    drag.handle(20.0, moved(490.0, 210.0));
    drag.handle(21.0, moved(570.0, 210.0));
    let todo = drag.handle(22.0, Input::Up { pointer: 1 });
    assert_eq!(todo, [Do::Drop(piece("a"), spot(0.7, 0.5), 1)]);
    assert_eq!(drag.wake_at(), None);
    assert!(drag.handle(23.0, moved(500.0, 210.0)).is_empty(), "it is over");
    assert!(drag.handle(24.0, Input::Up { pointer: 1 }).is_empty());
}

#[test]
fn a_hand_that_holds_still_keeps_the_lease() {
    let mut drag = begun();
    let mut now = 0.0;
    let mut told = 0;
    while now < 5_000.0 {
        now = drag.wake_at().unwrap();
        told += usize::from(sent(&drag.handle(now, Input::Tick)).is_some());
    }
    assert!((6..=9).contains(&told), "{told} times in five seconds");
}

#[test]
fn a_refusal_ends_the_drag_and_says_why() {
    let mut drag = begun();
    drag.handle(20.0, moved(490.0, 210.0));
    let refused = Input::Refused { piece: piece("a"), turn: 1, why: "Ana has it.".to_owned() };
    let todo = drag.handle(30.0, refused.clone());
    assert_eq!(todo, [Do::LetGo(piece("a")), Do::Say("Ana has it.".to_owned())]);
    assert!(drag.handle(40.0, moved(500.0, 210.0)).is_empty());
    assert!(drag.handle(50.0, Input::Up { pointer: 1 }).is_empty(), "nothing is dropped");

    // An answer that is late does not end the next drag.
    drag.handle(60.0, down(spot(0.5, 0.5), Pixels { x: 410.0, y: 210.0 }));
    assert!(drag.handle(70.0, refused).is_empty());
    assert!(drag.holds(&piece("a")));
}

#[test]
fn a_drop_that_is_refused_lets_the_piece_go() {
    let mut drag = begun();
    drag.handle(20.0, moved(490.0, 210.0));
    drag.handle(30.0, Input::Up { pointer: 1 });
    let refused = Input::Refused { piece: piece("a"), turn: 1, why: "Locked.".to_owned() };
    let todo = drag.handle(40.0, refused);
    assert_eq!(todo, [Do::LetGo(piece("a")), Do::Say("Locked.".to_owned())]);
}

#[test]
fn after_a_break_the_lease_is_asked_for_again() {
    let mut drag = begun();
    drag.handle(20.0, moved(490.0, 210.0));
    let todo = drag.handle(3_000.0, Input::Live);
    assert_eq!(todo, [Do::Grab(piece("a"), 1), Do::Move(piece("a"), spot(0.6, 0.5))]);
    drag.handle(3_100.0, Input::Up { pointer: 1 });
    assert!(drag.handle(3_200.0, Input::Live).is_empty(), "nothing is held");
}

#[test]
fn a_hand_that_hears_of_another_asks_whose_the_piece_is() {
    let mut drag = begun();
    let doubted = || Input::Doubted { piece: piece("a") };
    assert_eq!(drag.handle(10.0, doubted()), [Do::Grab(piece("a"), 1)]);
    drag.handle(20.0, Input::Up { pointer: 1 });
    assert!(drag.handle(30.0, doubted()).is_empty());
}

#[test]
fn what_is_gone_or_locked_is_no_longer_held() {
    let mut drag = begun();
    let taken = || Input::Taken { piece: piece("a") };
    assert_eq!(drag.handle(10.0, taken()), [Do::LetGo(piece("a"))]);
    assert!(drag.handle(20.0, taken()).is_empty());
    assert!(drag.handle(30.0, Input::Up { pointer: 1 }).is_empty());
}

#[test]
fn two_pointers_move_two_pieces_and_one_piece_has_one_hand() {
    let mut drag = begun();
    let second = |name| Input::Down {
        pointer: 2,
        piece: piece(name),
        at: Pixels { x: 10.0, y: 10.0 },
        free: FREE,
        seen: spot(0.0, 0.0),
    };
    assert!(drag.handle(1.0, second("a")).is_empty(), "it is in hand already");
    assert!(!drag.handle(2.0, second("b")).is_empty());
    let away = Input::Move { pointer: 2, at: Pixels { x: 410.0, y: 210.0 }, free: FREE };
    let todo = drag.handle(20.0, away);
    assert_eq!(todo[0], Do::Show(piece("b"), spot(0.5, 0.5)));
    assert_eq!(
        drag.handle(30.0, Input::Up { pointer: 2 }),
        [Do::Drop(piece("b"), spot(0.5, 0.5), 2)]
    );
    assert!(drag.holds(&piece("a")));
}

#[test]
fn keys_move_in_steps_and_put_down_when_they_are_quiet() {
    let key = |x, y| Input::Key { piece: piece("a"), by: spot(x, y), seen: spot(0.5, 0.995) };
    let mut drag = Drag::default();
    let todo = drag.handle(0.0, key(0.01, 0.0));
    assert_eq!(todo[1], Do::Grab(piece("a"), 1));
    assert_eq!(shown(&todo), Some(spot(0.51, 0.995)));
    let todo = drag.handle(300.0, key(0.0, 0.05));
    assert_eq!(shown(&todo), Some(spot(0.51, 1.0)), "it stays inside");
    assert!(!todo.iter().any(|one| matches!(one, Do::Grab(..))), "it is in hand");
    assert!(drag.handle(650.0, Input::Tick).iter().all(|one| matches!(one, Do::Move(..))));
    assert_eq!(drag.wake_at(), Some(700.0));
    assert_eq!(drag.handle(700.0, Input::Tick), [Do::Drop(piece("a"), spot(0.51, 1.0), 1)]);
}

#[test]
fn keys_put_down_when_the_focus_goes_and_escape_takes_back() {
    let key = Input::Key { piece: piece("a"), by: spot(0.01, 0.0), seen: spot(0.5, 0.5) };
    let mut drag = Drag::default();
    drag.handle(0.0, key.clone());
    let todo = drag.handle(10.0, Input::Blur { piece: piece("a") });
    assert_eq!(todo, [Do::Drop(piece("a"), spot(0.51, 0.5), 1)]);
    drag.handle(100.0, key);
    let todo = drag.handle(110.0, Input::Escape { piece: piece("a") });
    assert_eq!(todo, [Do::Drop(piece("a"), spot(0.5, 0.5), 2)]);

    let mut drag = begun();
    drag.handle(20.0, moved(490.0, 210.0));
    assert!(drag.handle(25.0, Input::Blur { piece: piece("a") }).is_empty(), "a hand stays");
    let todo = drag.handle(30.0, Input::Escape { piece: piece("a") });
    assert_eq!(todo, [Do::Drop(piece("a"), spot(0.5, 0.5), 1)]);
}

#[test]
fn a_piece_as_large_as_the_stage_stays_where_it_is() {
    let mut drag = begun();
    let full = Pixels { x: 0.0, y: 400.0 };
    let at = Pixels { x: 700.0, y: 250.0 };
    let todo = drag.handle(20.0, Input::Move { pointer: 1, at, free: full });
    assert_eq!(shown(&todo), Some(spot(0.5, 0.6)));
}
