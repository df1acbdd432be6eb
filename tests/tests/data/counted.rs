//! What is counted, held against what happened: who came and from where, links, what is not to be
//! counted, and the statistics of a log against a computation of the tests' own.

mod clicks;
mod computed;
mod event;
mod quiet;
mod visits;

use nowcast_tests::api::Api;
use nowcast_tests::wait::eventually;
use serde_json::{Value, json};

/// The statistics of a room, as soon as they fit.
async fn stats(admin: &Api, room: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/rooms/{room}/stats");
    let last = std::cell::RefCell::new(Value::Null);
    let found = async {
        eventually(what, async || {
            let stats = admin.json(&path).await;
            let found = fits(&stats).then(|| stats.clone());
            last.replace(stats);
            found
        })
        .await
    };
    // What was counted instead says most.
    let told = Told(&last);
    let found = found.await;
    std::mem::forget(told);
    found
}

/// Prints what was told last if a test gives up.
struct Told<'a>(&'a std::cell::RefCell<Value>);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        let told = self.0.borrow();
        let (totals, viewers, links) = (&told["totals"], &told["viewers"], &told["links"]);
        eprintln!(
            "counted at last: {}",
            json!({"totals": totals, "viewers": viewers, "links": links})
        );
    }
}

/// The totals are these.
async fn totals(admin: &Api, what: &str, expected: Value) -> Value {
    let expected = expected.as_object().expect("an object").clone();
    stats(admin, "main", what, |stats| {
        expected.iter().all(|(name, value)| stats["totals"][name] == *value)
    })
    .await
}

/// A list of names and counts, as pairs in the order of the names.
fn pairs(list: &Value) -> Vec<(String, u64)> {
    let list = list.as_array().unwrap_or_else(|| panic!("{list} is no list"));
    let pair = |one: &Value| {
        let name = one["name"].as_str().expect("a name").to_owned();
        (name, one["count"].as_u64().expect("a count"))
    };
    let mut pairs: Vec<_> = list.iter().map(pair).collect();
    pairs.sort();
    pairs
}

fn named(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}
