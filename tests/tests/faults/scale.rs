//! How much of it: the numbers of a journey, which the environment may change.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The numbers of a storm.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scale {
    /// Repeats what the network does to whom; `NOWCAST_SEED`.
    pub(crate) seed: u64,
    /// Open pages, a third on each transport; `NOWCAST_PAGES`.
    pub(crate) pages: usize,
    /// Published items; `NOWCAST_ITEMS`.
    pub(crate) items: usize,
    /// How often the server is killed; `NOWCAST_KILLS`.
    pub(crate) kills: usize,
    /// The longest that a connection lives before its fate strikes.
    pub(crate) spell: Duration,
    /// After which silence a page leaves its connection.
    pub(crate) silence: Duration,
    /// The longest that a publisher waits between two items.
    pub(crate) pace: Duration,
    /// How long all of it may take; `NOWCAST_MINUTES`.
    pub(crate) limit: Duration,
}

impl Scale {
    /// As given, except for what the environment says.
    ///
    /// # Panics
    /// When a variable is no number.
    pub(crate) fn read(given: Self) -> Self {
        Self {
            seed: variable("NOWCAST_SEED").unwrap_or(given.seed),
            pages: variable("NOWCAST_PAGES").unwrap_or(given.pages),
            items: variable("NOWCAST_ITEMS").unwrap_or(given.items),
            kills: variable("NOWCAST_KILLS").unwrap_or(given.kills),
            limit: variable("NOWCAST_MINUTES").map_or(given.limit, Duration::from_mins),
            ..given
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, pages, items, kills, .. } = self;
        write!(f, "seed {seed}: NOWCAST_SEED={seed} repeats it; ")?;
        write!(f, "{pages} pages, {items} items, {kills} kills")
    }
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}
