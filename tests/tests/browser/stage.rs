//! Two people and what they drag, each in a browser of their own.

use crate::windows::{Feed, server};
use nowcast_tests::api::{Api, expect_status};
use nowcast_tests::browser::{Hand, Modifier, Place, Screen};
use serde_json::{Value, json};

/// Puts a piece on the stage, as the admin.
async fn put(admin: &Api, mut piece: Value) {
    piece["kind"] = json!("put");
    expect_status(admin.command(piece).await, 200).await;
}

/// A piece with a text, half as wide as high stages are.
fn text(id: &str, x: f64, y: f64) -> Value {
    json!({"piece": id, "look": "text", "text": id, "x": x, "y": y, "width": 0.15})
}

/// The stage in a window.
trait Stage {
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
        let near = format!("Math.abs(x - {x}) < 0.004 && Math.abs(y - {y}) < 0.004");
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
    let free = "return !document.querySelector('.piece:is(.held, .mine)')";
    for feed in [&one, &other, &late] {
        feed.until("nobody holds it", free).await;
        feed.sees("logo", 0.75, 0.25).await;
    }
    late.reload().await;
    late.sees("logo", 0.75, 0.25).await;
    for feed in [one, other, late] {
        feed.close().await;
    }
}
