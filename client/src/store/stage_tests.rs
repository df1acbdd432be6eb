use super::*;

pub(super) fn piece(name: &str, x: f64) -> Piece {
    Piece {
        id: name.parse().unwrap(),
        x,
        y: 0.5,
        kind: "text".to_owned(),
        text: String::new(),
        url: None,
        width: 0.2,
        z: 0,
        locked: false,
    }
}

fn at(x: f64) -> Spot {
    Spot { x, y: 0.5 }
}

pub(super) fn id(name: &str) -> PieceId {
    name.parse().unwrap()
}

fn ana() -> Holder {
    Holder { id: PublicId("p1".to_owned()), name: Some("Ana".to_owned()) }
}

/// A stage with `a` at 0.1 and `b` at 0.9, as of offset 5.
fn stage() -> (Owner, Stage) {
    let owner = Owner::new();
    let stage = owner.with(Stage::new);
    stage.replace(vec![piece("a", 0.1), piece("b", 0.9)], Offset(5));
    (owner, stage)
}

fn seen(stage: Stage, name: &str) -> Seen {
    stage.find(&id(name)).unwrap().seen.get_untracked()
}

fn holder(stage: Stage, name: &str) -> Option<Holder> {
    stage.find(&id(name)).unwrap().holder.get_untracked()
}

#[test]
fn a_piece_is_seen_on_its_way_until_the_log_says_where_it_is() {
    let (_owner, stage) = stage();
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.1)));
    stage.held(&id("a"), Some(ana()));
    stage.moving(&id("a"), at(0.3));
    assert_eq!(seen(stage, "a"), Seen::Moves(at(0.3)));
    assert_eq!(seen(stage, "b"), Seen::Rests(at(0.9)), "the others stay");
    assert_eq!(holder(stage, "a"), Some(ana()));
    stage.moved(&id("a"), at(0.4), Some("Ana".to_owned()));
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.4)));
    assert_eq!(holder(stage, "a"), None);
    let moved = Moved { piece: "a".to_owned(), by: Some("Ana".to_owned()) };
    assert_eq!(stage.moved.get_untracked(), Some(moved));
}

#[test]
fn a_piece_that_is_let_go_without_a_drop_is_where_it_was() {
    let (_owner, stage) = stage();
    stage.held(&id("a"), Some(ana()));
    stage.moving(&id("a"), at(0.3));
    stage.held(&id("a"), None);
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.1)));
}

#[test]
fn one_s_own_hand_is_moved_by_nobody_and_sees_where_it_is_when_it_lets_go() {
    let (_owner, stage) = stage();
    stage.hold(&id("a"), at(0.6));
    stage.held(&id("a"), Some(ana()));
    stage.moving(&id("a"), at(0.3));
    assert_eq!(seen(stage, "a"), Seen::Mine(at(0.6)));
    stage.let_go(&id("a"));
    assert_eq!(seen(stage, "a"), Seen::Moves(at(0.3)));
}

#[test]
fn a_drop_stays_until_its_event_whichever_comes_first() {
    let (_owner, stage) = stage();
    stage.drop(&id("a"), at(0.6));
    stage.dropped(&id("a"), Offset(6), Some(Offset(5)));
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.6)));
    stage.moved(&id("a"), at(0.6), None);
    stage.moved(&id("a"), at(0.7), None);
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.7)), "the next event counts");

    stage.drop(&id("b"), at(0.2));
    stage.moved(&id("b"), at(0.2), None);
    stage.dropped(&id("b"), Offset(8), Some(Offset(8)));
    stage.moved(&id("b"), at(0.3), None);
    assert_eq!(seen(stage, "b"), Seen::Rests(at(0.3)));
}

#[test]
fn a_drop_whose_event_lies_in_a_snapshot_is_over() {
    let (_owner, stage) = stage();
    stage.drop(&id("a"), at(0.6));
    stage.dropped(&id("a"), Offset(7), Some(Offset(5)));
    stage.replace(vec![piece("a", 0.8), piece("b", 0.9)], Offset(9));
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.8)), "somebody moved it after that");
}

#[test]
fn what_was_said_before_a_break_is_forgotten_and_what_this_hand_holds_is_not() {
    let (_owner, stage) = stage();
    stage.held(&id("a"), Some(ana()));
    stage.moving(&id("a"), at(0.3));
    stage.hold(&id("b"), at(0.5));
    stage.forget_signals();
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.1)));
    assert_eq!(holder(stage, "a"), None);
    assert_eq!(seen(stage, "b"), Seen::Mine(at(0.5)));
}

#[test]
fn another_look_does_not_stop_a_piece_and_another_place_does() {
    let (_owner, stage) = stage();
    stage.held(&id("a"), Some(ana()));
    stage.moving(&id("a"), at(0.3));
    stage.put(Piece { width: 0.5, ..piece("a", 0.1) });
    assert_eq!(seen(stage, "a"), Seen::Moves(at(0.3)));
    stage.put(piece("a", 0.7));
    assert_eq!(seen(stage, "a"), Seen::Rests(at(0.7)));
}

#[test]
fn pieces_come_and_go_and_those_that_stay_are_the_same() {
    let (_owner, stage) = stage();
    let before = stage.find(&id("b")).unwrap();
    stage.put(piece("c", 0.5));
    stage.remove(&id("a"));
    stage.moving(&id("a"), at(0.3));
    stage.replace(vec![piece("b", 0.4), piece("c", 0.5)], Offset(9));
    let names: Vec<_> = stage.pieces.get_untracked().iter().map(|on| on.id.to_string()).collect();
    assert_eq!(names, ["b", "c"]);
    assert_eq!(before.seen.get_untracked(), Seen::Rests(at(0.4)), "its signals live on");
}
