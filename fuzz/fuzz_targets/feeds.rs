//! A feed that a source follows, and how often it asks to be looked at.

#![no_main]

use libfuzzer_sys::{fuzz_target, Corpus};
use nowcast::features::sources::follow::feed::{entries, known, pace};
use std::sync::Once;
use std::time::{Duration, UNIX_EPOCH};

/// The parser of feeds is not ours; where it panics, a document is no feed.
static SILENT: Once = Once::new();

fuzz_target!(|data: &[u8]| -> Corpus {
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let outcome = std::panic::catch_unwind(|| look(data));
    if outcome.is_err() {
        std::process::abort();
    }
    Corpus::Keep
});

fn look(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = known::Known::read(Some(text));
        let _ = pace::max_age(text);
    }
    let Some(read) = entries::read(data, "https://harbour.example/feed") else { return };
    let wait = read.pace.wait(UNIX_EPOCH + Duration::from_secs(1_795_293_200));
    assert!(wait >= Duration::from_secs(60) && wait <= Duration::from_secs(9 * 24 * 3600));
    assert!(read.entries.len() <= entries::MOST_ENTRIES);
    let again = entries::read(data, "https://harbour.example/feed").map(|read| read.entries);
    assert_eq!(again.as_deref(), Some(&read.entries[..]));
    assert!(read.entries.iter().all(|entry| !entry.id.is_empty()));
}
