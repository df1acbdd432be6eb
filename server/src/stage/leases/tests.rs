//! The rules of leases, one by one.

mod pages;

use super::*;
use nowcast_shared::item::Role;

const LIFE: Moment = Duration::from_secs(2);

fn terms() -> Terms {
    Terms { life: LIFE, each: Duration::from_millis(10), burst: 2 }
}

fn at(millis: u64) -> Moment {
    Duration::from_millis(millis)
}

fn logo() -> PieceId {
    "logo".parse().unwrap()
}

fn holder(name: &str) -> Holder {
    let role = if name.starts_with("host") { Role::Admin } else { Role::Viewer };
    let by = Author { role, id: name.into(), name: Some(name.to_owned()) };
    let owner = format!("client:{name}");
    Holder { mover: Mover::Client(client(name)), by, owner }
}

fn client(name: &str) -> ClientId {
    format!("client-of-{name:_<16}").parse().unwrap()
}

/// A telling, short: `a*` is told of a hold, `-*` that it is over, `a@1` of a move; with a `!`
/// where whoever caused it is told as well.
fn short(tells: &[Tell]) -> Vec<String> {
    let short = |Tell { signal, by }: &Tell| {
        let all = if by.is_none() { "!" } else { "" };
        match signal {
            Signal::PieceHeld { by: None, .. } => format!("-*{all}"),
            Signal::PieceHeld { by: Some(by), .. } => format!("{by}*{all}"),
            Signal::PieceMoving { by, x, .. } => format!("{by}@{x}{all}"),
            other => panic!("{other:?}"),
        }
    };
    tells.iter().map(short).collect()
}

struct Stage(Leases);

impl Stage {
    fn new() -> Self {
        Self(Leases::new(terms()))
    }

    fn grab(&mut self, now: u64, who: &str) -> Result<Vec<String>, Taken> {
        self.0.hold(at(now), &logo(), &holder(who), None).map(|tells| short(&tells))
    }

    fn go(&mut self, now: u64, who: &str, x: f64) -> Result<Vec<String>, Taken> {
        let tells = self.0.hold(at(now), &logo(), &holder(who), Some((x, 0.5)));
        tells.map(|tells| short(&tells))
    }

    fn land(&mut self, who: &str) -> Result<(), Taken> {
        self.0.land(&logo(), Some(&holder(who)))
    }

    fn landed(&mut self, landed: Landed) -> Vec<String> {
        short(&self.0.landed(at(0), &logo(), landed))
    }

    fn due(&mut self, now: u64) -> (Vec<String>, Vec<Place>) {
        let (tells, fallen) = self.0.due(at(now));
        (short(&tells), fallen.iter().map(|fallen| fallen.place).collect())
    }
}

#[test]
fn the_first_to_grab_has_it_and_others_are_refused_until_it_is_dropped() {
    let mut stage = Stage::new();
    assert_eq!(stage.grab(0, "a"), Ok(vec!["a*".to_owned()]));
    assert_eq!(stage.grab(1, "a"), Ok(vec![]), "it is told once");
    assert_eq!(stage.grab(1, "b"), Err(Taken::Held));
    assert_eq!(stage.go(1, "b", 0.1), Err(Taken::Held));
    assert_eq!(stage.land("b"), Err(Taken::Held));
    assert_eq!(stage.go(2, "a", 0.2), Ok(vec!["a@0.2".to_owned()]));
    assert_eq!(stage.land("a"), Ok(()));
    assert_eq!(stage.grab(3, "b"), Err(Taken::Landing), "not before the log has it");
    assert_eq!(stage.grab(3, "a"), Err(Taken::Landing));
    assert_eq!(stage.landed(Landed::Dropped), ["-*"]);
    assert_eq!(stage.grab(4, "b"), Ok(vec!["b*".to_owned()]));
}

#[test]
fn an_admin_takes_a_piece_over_from_whoever_is_none() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    assert_eq!(stage.grab(1, "host"), Ok(vec!["host*".to_owned(), "host@0.1".to_owned()]));
    assert_eq!(stage.0.spent.len(), 0, "who lost it begins anew");
    for (who, x) in [("a", 0.2), ("host2", 0.3)] {
        assert_eq!(stage.go(2, who, x), Err(Taken::Held), "{who}");
        assert_eq!(stage.land(who), Err(Taken::Held), "{who}");
    }
    assert_eq!(stage.go(2, "host", 0.4), Ok(vec!["host@0.4".to_owned()]));
    assert_eq!(stage.due(2002), (vec![], vec![(0.4, 0.5)]));
}

#[test]
fn an_admin_drops_what_others_hold_and_they_are_told() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    assert_eq!(stage.land("host"), Ok(()));
    assert_eq!(stage.landed(Landed::Restored), ["a*", "a@0.1"], "a repeat takes nothing");
    stage.land("host").unwrap();
    let tells = stage.0.landed(at(0), &logo(), Landed::Dropped);
    assert_eq!(tells, [free(&logo(), Some(&client("host")))]);
    assert!(stage.0.is_empty() && stage.0.spent.is_empty());
}

#[test]
fn a_move_takes_a_piece_that_is_free_and_anybody_drops_one() {
    let mut stage = Stage::new();
    assert_eq!(stage.go(0, "a", 0.1), Ok(vec!["a*".to_owned(), "a@0.1".to_owned()]));
    stage.land("a").unwrap();
    stage.landed(Landed::Dropped);
    assert_eq!(stage.land("b"), Ok(()));
    assert_eq!(stage.landed(Landed::Dropped), Vec::<String>::new(), "nobody held it");
    assert!(stage.0.is_empty());
}

#[test]
fn a_mover_who_is_back_in_time_goes_on_and_one_who_is_not_leaves_the_piece() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    assert_eq!(stage.0.next(), Some(LIFE));
    assert_eq!(stage.due(1999), (vec![], vec![]));
    assert_eq!(stage.go(1999, "a", 0.2), Ok(vec!["a@0.2".to_owned()]));
    assert_eq!(stage.due(3998), (vec![], vec![]));
    assert_eq!(stage.due(3999), (vec![], vec![(0.2, 0.5)]), "at the last place told");
    assert_eq!(stage.go(4000, "b", 0.3), Err(Taken::Landing));
    assert_eq!(stage.landed(Landed::Settled), ["-*!"], "also the mover, should it come back");
    assert!(stage.0.is_empty() && stage.0.spent.is_empty());
}

#[test]
fn a_piece_that_was_only_grabbed_is_free_without_an_event() {
    let mut stage = Stage::new();
    stage.grab(0, "a").unwrap();
    assert_eq!(stage.due(2000), (vec!["-*!".to_owned()], vec![]));
    assert!(stage.0.is_empty());
}

#[test]
fn a_page_that_leaves_leaves_all_of_its_pieces() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    let other: PieceId = "other".parse().unwrap();
    stage.0.hold(at(0), &other, &holder("b"), None).unwrap();
    let (tells, fallen) = stage.0.leave(&client("b"));
    assert_eq!((short(&tells), fallen), (vec!["-*!".to_owned()], vec![]));
    let (tells, fallen) = stage.0.leave(&client("a"));
    assert_eq!((short(&tells), fallen.len()), (vec![], 1));
    assert_eq!(fallen[0].holder.owner, "client:a");
}

#[test]
fn moves_that_come_too_fast_are_left_out_and_the_newest_is_always_told() {
    let mut stage = Stage::new();
    let told: Vec<_> = (0..20)
        .flat_map(|n| stage.go(n, "a", f64::from(u8::try_from(n).unwrap())).unwrap())
        .collect();
    // Two at once, then one every ten milliseconds.
    assert_eq!(told, ["a*", "a@0", "a@1", "a@10"]);
    assert_eq!(stage.0.next(), Some(at(20)));
    assert_eq!(stage.due(19), (vec![], vec![]));
    assert_eq!(stage.due(20), (vec!["a@19".to_owned()], vec![]));
    assert_eq!(stage.due(30), (vec![], vec![]), "once");
    assert_eq!(stage.0.next(), Some(at(19) + LIFE));
}

#[test]
fn a_movers_pieces_share_its_rate_and_none_is_forgotten() {
    let mut stage = Stage::new();
    let pieces: Vec<PieceId> = (0..5).map(|n| format!("p{n}").parse().unwrap()).collect();
    for piece in &pieces {
        stage.0.hold(at(0), piece, &holder("a"), Some((0.3, 0.5))).unwrap();
    }
    let mut told = 2;
    for now in 0..40 {
        told += stage.0.due(at(now)).0.len();
        assert!(told <= 2 + usize::try_from(now / 10).unwrap(), "{told} at {now}");
    }
    assert_eq!(told, 5);
}

#[test]
fn what_the_log_does_not_take_is_told_back() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    stage.land("a").unwrap();
    assert_eq!(stage.landed(Landed::Lost(Some((0.9, 0.5)))), ["a@0.9!", "-*!"]);
    assert!(stage.0.is_empty());
}

#[test]
fn an_admin_takes_a_piece_out_of_any_hand() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    stage.0.land(&logo(), None).unwrap();
    assert_eq!(stage.go(1, "a", 0.2), Err(Taken::Landing));
    assert_eq!(stage.landed(Landed::Settled), ["-*!"]);

    stage.go(2, "a", 0.3).unwrap();
    stage.0.land(&logo(), None).unwrap();
    assert_eq!(stage.0.land(&logo(), None), Err(Taken::Landing), "one at a time");
    assert_eq!(stage.landed(Landed::Restored), ["a*", "a@0.3"], "who came meanwhile hears of it");
    assert_eq!(stage.go(3, "b", 0.4), Err(Taken::Held), "nothing changed");
}

#[test]
fn a_page_that_joins_is_told_what_others_hold_and_not_what_it_holds_itself() {
    let mut stage = Stage::new();
    stage.go(0, "a", 0.1).unwrap();
    let told = |page: Option<&str>| {
        let signals = stage.0.in_flight(page.map(client).as_ref());
        signals.into_iter().map(|signal| Tell { signal, by: None }).collect::<Vec<_>>()
    };
    assert_eq!(short(&told(Some("b"))), ["a*!", "a@0.1!"]);
    assert_eq!(short(&told(None)), ["a*!", "a@0.1!"]);
    assert_eq!(told(Some("a")), []);
    assert_eq!(short(&stage.0.retell(&logo())), ["a*", "a@0.1"]);
    stage.land("a").unwrap();
    assert_eq!(stage.0.in_flight(None), []);
    assert_eq!(stage.0.retell(&logo()), []);
}

#[test]
fn a_program_without_a_client_id_is_a_mover_of_its_own() {
    let mut leases = Leases::new(terms());
    let program = Holder { mover: Mover::Program("token:t1".to_owned()), ..holder("t") };
    leases.hold(at(0), &logo(), &program, Some((0.1, 0.5))).unwrap();
    assert_eq!(leases.hold(at(0), &logo(), &holder("a"), None), Err(Taken::Held));
    assert_eq!(leases.in_flight(None).len(), 2, "a page without an id is told of it");
}
