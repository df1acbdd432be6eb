//! Two people and what they drag, each in a browser of their own.

use crate::windows::{Feed, server};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::browser::{Hand, Modifier, Place, Screen};
use nowcast_tests::proxy::Proxy;
use serde_json::{Value, json};

/// Puts a piece on the stage, as the admin.
pub(crate) async fn put(admin: &Api, mut piece: Value) {
    piece["kind"] = json!("put");
    expect_status(admin.command(piece).await, 200).await;
}

/// A piece with a text, half as wide as high stages are.
pub(crate) fn text(id: &str, x: f64, y: f64) -> Value {
    json!({"piece": id, "look": "text", "text": id, "x": x, "y": y, "width": 0.15})
}

/// The stage in a window.
pub(crate) trait Stage {
    /// Where a piece is drawn, in fractions of its free way.
    async fn place_of(&self, piece: &str) -> (f64, f64);
    /// Waits until it is drawn there.
    async fn sees(&self, piece: &str, x: f64, y: f64);
    /// The middle of a piece, to take hold of.
    async fn middle_of(&self, piece: &str) -> Place;
    /// Where the middle has to go for the piece to be there.
    async fn goal(&self, piece: &str, x: f64, y: f64) -> Place;
    /// Drags a piece there, in some steps, and does not let go.
    async fn drag(&self, hand: Hand, piece: &str, x: f64, y: f64) -> Place;
}

/// What scripts call the stage and one of its pieces.
fn on(piece: &str) -> String {
    format!(
        "const stage = document.querySelector('.stage').getBoundingClientRect();
         const piece = document.querySelector('[data-piece={piece}]')?.getBoundingClientRect();
         if (!piece?.width) return null;
         const free = {{x: stage.width - piece.width, y: stage.height - piece.height}};
         const x = (piece.left - stage.left) / free.x, y = (piece.top - stage.top) / free.y;"
    )
}

fn pair(value: &Value) -> (f64, f64) {
    (value[0].as_f64().expect("a number"), value[1].as_f64().expect("a number"))
}

impl Stage for Feed {
    async fn place_of(&self, piece: &str) -> (f64, f64) {
        let script = format!("{} return [x, y]", on(piece));
        pair(&self.until("the piece is there", &script).await)
    }

    async fn sees(&self, piece: &str, x: f64, y: f64) {
        let near = format!("Math.abs(x - {x}) < 0.006 && Math.abs(y - {y}) < 0.006");
        let what = format!("{piece} is seen at {x}, {y}");
        self.until(&what, &format!("{} return {near}", on(piece))).await;
    }

    async fn middle_of(&self, piece: &str) -> Place {
        let script = format!(
            "{} return [piece.left + piece.width / 2, piece.top + piece.height / 2]",
            on(piece)
        );
        let (x, y) = pair(&self.until("the piece is there", &script).await);
        Place { x, y }
    }

    async fn goal(&self, piece: &str, x: f64, y: f64) -> Place {
        let script = format!(
            "{} return [stage.left + {x} * free.x + piece.width / 2,
                 stage.top + {y} * free.y + piece.height / 2]",
            on(piece)
        );
        let (x, y) = pair(&self.until("the piece is there", &script).await);
        Place { x, y }
    }

    async fn drag(&self, hand: Hand, piece: &str, x: f64, y: f64) -> Place {
        let (from, to) = (self.middle_of(piece).await, self.goal(piece, x, y).await);
        self.take(hand, from).await;
        for step in 1..=5 {
            let part = f64::from(step) / 5.0;
            let between = |from: f64, to: f64| from + (to - from) * part;
            let at = Place { x: between(from.x, to.x), y: between(from.y, to.y) };
            self.move_to(hand, at).await;
        }
        to
    }
}

/// Nobody has a piece in hand.
pub(crate) const FREE: &str =
    "return document.querySelector('.piece') && !document.querySelector('.piece:is(.held, .mine)')";

/// Nothing has moved from one paint to the paint after the next.
const STILL: &str = "const places = () => [...document.querySelectorAll('.piece')].map(it => it.style.cssText).join();
     const before = places(), frame = () => new Promise(done => requestAnimationFrame(done));
     return frame().then(frame).then(frame).then(() => places() === before)";

fn near(one: (f64, f64), other: (f64, f64)) -> bool {
    (one.0 - other.0).abs() < 0.006 && (one.1 - other.1).abs() < 0.006
}

/// Two windows on the main room, with one piece `logo` a quarter from the left.
async fn two(admin: &Api, origin: &str) -> (Feed, Feed) {
    put(admin, text("logo", 0.25, 0.5)).await;
    let (one, other) =
        (Feed::open(origin, Screen::Desk).await, Feed::open(origin, Screen::Desk).await);
    one.sees("logo", 0.25, 0.5).await;
    other.sees("logo", 0.25, 0.5).await;
    (one, other)
}

#[tokio::test]
async fn what_one_drags_the_other_sees_move_and_a_late_page_sees_where_it_is() {
    let server = server().await;
    let admin = server.admin().await;
    let (one, other) = two(&admin, &server.origin()).await;
    let at = one.drag(Hand::Mouse, "logo", 0.75, 0.25).await;
    one.sees("logo", 0.75, 0.25).await;
    other.sees("logo", 0.75, 0.25).await;
    let held = "return document.querySelector('.piece.held .tag')?.innerText";
    other.until("it says who holds it", held).await;
    assert_eq!(one.run("return document.querySelector('.piece .tag')").await, Value::Null);

    let late = Feed::open(&server.origin(), Screen::Phone).await;
    late.sees("logo", 0.75, 0.25).await;

    one.let_go(Hand::Mouse, at).await;
    for feed in [&one, &other, &late] {
        feed.until("nobody holds it", FREE).await;
        feed.sees("logo", 0.75, 0.25).await;
    }
    late.reload().await;
    late.sees("logo", 0.75, 0.25).await;
    for feed in [one, other, late] {
        feed.close().await;
    }
}

#[tokio::test]
async fn of_two_who_take_the_same_piece_one_has_it_and_both_end_at_the_same_place() {
    let server = server().await;
    let admin = server.admin().await;
    let (one, other) = two(&admin, &server.origin()).await;
    let at = one.drag(Hand::Mouse, "logo", 0.6, 0.2).await;
    other.sees("logo", 0.6, 0.2).await;

    // The loser takes hold of it all the same, and pulls it away.
    let pulled = other.drag(Hand::Mouse, "logo", 0.1, 0.9).await;
    let said = "return document.querySelector('.stage-said').innerText.length > 0";
    other.until("it says that somebody else has it", said).await;
    other.sees("logo", 0.6, 0.2).await;
    other.until("and shows who", "return document.querySelector('.piece.held .tag')").await;

    let further = one.goal("logo", 0.9, 0.4).await;
    one.move_to(Hand::Mouse, further).await;
    other.sees("logo", 0.9, 0.4).await;
    other.let_go(Hand::Mouse, pulled).await;
    one.let_go(Hand::Mouse, at).await;
    for feed in [&one, &other] {
        feed.until("nobody holds it", FREE).await;
        feed.sees("logo", 0.9, 0.4).await;
    }

    // Now both at the same moment; whoever of them it is, it is the same place for both.
    let (from, left, right) = (
        one.middle_of("logo").await,
        one.goal("logo", 0.2, 0.8).await,
        other.goal("logo", 0.7, 0.7).await,
    );
    tokio::join!(one.take(Hand::Mouse, from), other.take(Hand::Mouse, from));
    tokio::join!(one.move_to(Hand::Mouse, left), other.move_to(Hand::Mouse, right));
    tokio::join!(one.let_go(Hand::Mouse, left), other.let_go(Hand::Mouse, right));
    for feed in [&one, &other] {
        feed.until("nobody holds it", FREE).await;
    }
    let offset = server.publisher().say("the end").await.offset;
    for feed in [&one, &other] {
        feed.shows(&["the end"]).await;
        feed.until("nothing moves", STILL).await;
    }
    let places = (one.place_of("logo").await, other.place_of("logo").await);
    assert!(near(places.0, places.1), "{places:?} at {offset}");
    assert!(near(places.0, (0.2, 0.8)) || near(places.0, (0.7, 0.7)), "{places:?}");
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_page_that_was_offline_at_the_drop_comes_back_to_the_right_place() {
    let server = server().await;
    let admin = server.admin().await;
    put(&admin, text("logo", 0.25, 0.5)).await;
    let proxy = Proxy::start(server.address()).await;
    let one = Feed::open(&server.origin(), Screen::Desk).await;
    let other = Feed::open(&proxy.origin(), Screen::Desk).await;
    let at = one.drag(Hand::Mouse, "logo", 0.5, 0.5).await;
    other.sees("logo", 0.5, 0.5).await;
    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    other.is("Reconnecting…").await;
    let end = one.goal("logo", 0.8, 0.1).await;
    one.move_to(Hand::Mouse, end).await;
    one.let_go(Hand::Mouse, at).await;
    one.sees("logo", 0.8, 0.1).await;
    other.sees("logo", 0.5, 0.5).await;
    proxy.set(|rules| rules.refuse_all = false);
    other.is("Live").await;
    other.sees("logo", 0.8, 0.1).await;
    other.until("nobody holds it", FREE).await;
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_drag_goes_on_over_a_break_and_a_drop_without_a_network_counts_when_it_is_back() {
    let server = server().await;
    let admin = server.admin().await;
    put(&admin, text("logo", 0.25, 0.5)).await;
    let proxy = Proxy::start(server.address()).await;
    let one = Feed::open(&proxy.origin(), Screen::Desk).await;
    let other = Feed::open(&server.origin(), Screen::Desk).await;
    one.drag(Hand::Mouse, "logo", 0.5, 0.5).await;
    other.sees("logo", 0.5, 0.5).await;

    proxy.cut();
    let further = one.goal("logo", 0.7, 0.3).await;
    one.move_to(Hand::Mouse, further).await;
    other.sees("logo", 0.7, 0.3).await;
    one.sees("logo", 0.7, 0.3).await;

    proxy.set(|rules| rules.refuse_all = true);
    proxy.cut();
    one.is("Reconnecting…").await;
    let end = one.goal("logo", 0.9, 0.9).await;
    one.move_to(Hand::Mouse, end).await;
    one.let_go(Hand::Mouse, end).await;
    one.sees("logo", 0.9, 0.9).await;
    proxy.set(|rules| rules.refuse_all = false);
    one.is("Live").await;
    for feed in [&one, &other] {
        feed.sees("logo", 0.9, 0.9).await;
        feed.until("nobody holds it", FREE).await;
    }
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_piece_can_be_moved_with_every_transport() {
    let server = server().await;
    let admin = server.admin().await;
    put(&admin, text("logo", 0.25, 0.5)).await;
    let other = Feed::open(&server.origin(), Screen::Desk).await;
    let mut place = 0.1;
    for (sse, word) in [(false, "Live by server-sent events"), (true, "Live by long polling")] {
        let proxy = Proxy::start(server.address()).await;
        proxy.set(|rules| (rules.refuse_websocket, rules.refuse_sse) = (true, sse));
        let one = Feed::visit(&proxy.origin(), Screen::Desk, word).await;
        one.sees("logo", other.place_of("logo").await.0, other.place_of("logo").await.1).await;
        place += 0.3;
        let at = one.drag(Hand::Mouse, "logo", place, 0.3).await;
        other.sees("logo", place, 0.3).await;
        other.until("it is in hand", "return document.querySelector('.piece.held')").await;
        one.let_go(Hand::Mouse, at).await;
        for feed in [&one, &other] {
            feed.until("nobody holds it", FREE).await;
            feed.sees("logo", place, 0.3).await;
        }

        // And back, seen by the one.
        let at = other.drag(Hand::Mouse, "logo", 0.0, 0.0).await;
        one.sees("logo", 0.0, 0.0).await;
        other.let_go(Hand::Mouse, at).await;
        one.until("nobody holds it", FREE).await;
        one.close().await;
    }
    other.close().await;
}

#[tokio::test]
async fn keys_move_a_piece_and_escape_takes_it_back() {
    let server = server().await;
    let admin = server.admin().await;
    let (one, other) = two(&admin, &server.origin()).await;
    one.run("document.querySelector('[data-piece=logo]').focus()").await;
    for _ in 0..5 {
        one.key("ArrowRight", Modifier::None).await;
    }
    one.key("ArrowUp", Modifier::Shift).await;
    for feed in [&one, &other] {
        feed.sees("logo", 0.3, 0.45).await;
    }
    other.until("it is put down", FREE).await;
    let said = "return [...document.querySelectorAll('[aria-live=polite]')]
        .some(it => it.textContent.startsWith('logo, moved by'))";
    other.until("those who listen hear of it", said).await;
    assert_eq!(one.run(said).await, false, "whoever did it knows");

    one.key("ArrowDown", Modifier::Shift).await;
    one.key("ArrowDown", Modifier::Shift).await;
    one.key("Escape", Modifier::None).await;
    for feed in [&one, &other] {
        feed.until("it is put down", FREE).await;
        feed.sees("logo", 0.3, 0.45).await;
    }
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_finger_moves_a_piece_on_a_phone_and_the_page_stays_where_it_is() {
    let server = server().await;
    let admin = server.admin().await;
    for number in 1..=30 {
        server.publisher().say(format!("Item {number}")).await;
    }
    put(&admin, text("logo", 0.25, 0.5)).await;
    let phone = Feed::open(&server.origin(), Screen::Phone).await;
    let other = Feed::open(&server.origin(), Screen::Desk).await;
    phone.press(".tabs", "Stage").await;
    phone.sees("logo", 0.25, 0.5).await;
    let before = phone.middle_of("logo").await;
    let at = phone.drag(Hand::Finger, "logo", 0.75, 1.0).await;
    other.sees("logo", 0.75, 1.0).await;
    phone.let_go(Hand::Finger, at).await;
    for feed in [&phone, &other] {
        feed.until("nobody holds it", FREE).await;
        feed.sees("logo", 0.75, 1.0).await;
    }
    assert!(phone.middle_of("logo").await.x > before.x);
    assert_eq!(phone.run("return scrollY").await, 0);
    phone.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_mover_whose_window_is_killed_frees_the_piece() {
    let server = server().await;
    let admin = server.admin().await;
    let (one, other) = two(&admin, &server.origin()).await;
    one.drag(Hand::Mouse, "logo", 0.6, 0.2).await;
    other.sees("logo", 0.6, 0.2).await;
    other.until("it is in hand", "return document.querySelector('.piece.held')").await;
    drop(one);
    other.until("it is free", FREE).await;
    other.sees("logo", 0.6, 0.2).await;
    let at = other.drag(Hand::Mouse, "logo", 0.1, 0.1).await;
    other.let_go(Hand::Mouse, at).await;
    other.until("it is put down", FREE).await;
    let late = Feed::open(&server.origin(), Screen::Desk).await;
    late.sees("logo", 0.1, 0.1).await;
    other.close().await;
    late.close().await;
}

#[tokio::test]
async fn what_is_locked_stays_and_those_who_may_not_drag_have_nothing_to_take_hold_of() {
    let server = server().await;
    let admin = server.admin().await;
    let mut locked = text("locked", 0.1, 0.1);
    locked["locked"] = json!(true);
    put(&admin, locked).await;
    let (one, other) = two(&admin, &server.origin()).await;
    let free =
        |piece| format!("return document.querySelector('[data-piece={piece}]').matches('.free')");
    assert_eq!(one.run(&free("logo")).await, true);
    assert_eq!(one.run(&free("locked")).await, false);
    let at = one.drag(Hand::Mouse, "locked", 0.9, 0.9).await;
    one.let_go(Hand::Mouse, at).await;
    one.sees("locked", 0.1, 0.1).await;

    // It is locked under a hand: the hand loses it, and it is where it is for all.
    let at = one.drag(Hand::Mouse, "logo", 0.6, 0.2).await;
    other.sees("logo", 0.6, 0.2).await;
    put(&admin, json!({"piece": "logo", "locked": true})).await;
    one.until("it is locked", &format!("{} === false", free("logo"))).await;
    let end = one.goal("logo", 0.9, 0.9).await;
    one.move_to(Hand::Mouse, end).await;
    one.let_go(Hand::Mouse, at).await;
    one.until("nothing moves", STILL).await;
    other.until("nothing moves", STILL).await;
    let places = (one.place_of("logo").await, other.place_of("logo").await);
    assert!(near(places.0, places.1), "{places:?}");

    put(&admin, json!({"piece": "logo", "locked": false})).await;
    one.until("it is free again", &free("logo")).await;
    let nobody = json!({"settings": {"drag": "nobody"}});
    let answer = admin.put("/api/rooms/main").json(&nobody).send().await.expect("an answer");
    expect_status(answer, 200).await;
    for feed in [&one, &other] {
        feed.until("nobody may drag", &format!("{} === false", free("logo"))).await;
        let cursor = "return getComputedStyle(document.querySelector('[data-piece=logo]')).cursor";
        assert_ne!(feed.run(cursor).await, "grab");
    }
    one.close().await;
    other.close().await;
}
