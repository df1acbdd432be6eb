//! How a source fares, in words. Pure.

use super::source::{Kind, Phase, State};
use crate::page::admin::words::span;

/// A count as people write it: 12,400.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a source does now, in a word or two; `now` in Unix milliseconds.
pub fn state(state: &State, is_feed: bool, now: i64) -> String {
    match state.phase {
        Phase::Stopped => "Stopped".to_owned(),
        Phase::Connecting => "Connecting".to_owned(),
        Phase::Following => "Following".to_owned(),
        Phase::Failed => "Gave up".to_owned(),
        Phase::Waiting => {
            // A feed that is waited for is well; anything else was cut off.
            let what = if is_feed && state.error.is_none() { "Looks again" } else { "Tries again" };
            match state.next.map(|next| next - now) {
                None => format!("{what} soon"),
                Some(left) if left < 1_000 => format!("{what} now"),
                Some(left) => format!("{what} in {}", short(left.unsigned_abs())),
            }
        }
    }
}

/// A span of milliseconds in short: `0.3 s`, `12 s`, `5 min`, `2 h`, `3 days`.
pub fn short(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, milliseconds % 1_000 / 100),
        10..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        6_000..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How many records come, in a figure: `12.5`, `240`.
pub fn rate(per_minute: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and what is beyond saturates"
    )]
    let tenths = (per_minute.max(0.0) * 10.0).round() as u64;
    match (tenths / 10, tenths % 10) {
        (whole @ 100.., _) | (whole, 0) => count(whole),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// Why records were left out, after their number: `3 in another language`.
pub fn reason(name: &str) -> String {
    match name {
        "malformed" => "could not be read",
        "words" => "without your words",
        "language" => "in another language",
        "author" => "by authors you left out",
        "repeat" => "seen before",
        "rate" => "over the limit a minute",
        "unmapped" => "with nothing to show",
        "refused" => "that no page could show",
        "queue" => "as the queue was full",
        other => return format!("for “{other}”"),
    }
    .to_owned()
}

/// Why a record would be left out, as a sentence.
pub fn why(name: &str) -> String {
    match name {
        "malformed" => "Left out: it could not be read.",
        "words" => "Left out: none of your words is in it.",
        "language" => "Left out: it is in another language.",
        "author" => "Left out: you left out its author.",
        "repeat" => "Left out: the same was there before.",
        "rate" => "Left out: too many came within a minute.",
        "unmapped" => "Left out: the map finds nothing to show in it.",
        "refused" => "Left out: no page could show it.",
        "queue" => "Left out: the queue is full.",
        other => return format!("Left out: {other}."),
    }
    .to_owned()
}

/// What was left out, the most frequent reason first; empty where nothing was.
pub fn dropped(reasons: &[(String, u64)]) -> Option<(u64, String)> {
    let mut some: Vec<&(String, u64)> = reasons.iter().filter(|(_, count)| *count > 0).collect();
    some.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: u64 = some.iter().map(|(_, count)| count).sum();
    let parts: Vec<String> =
        some.iter().map(|(name, many)| format!("{} {}", count(*many), reason(name))).collect();
    (all > 0).then(|| (all, parts.join(", ")))
}

/// How often a feed is looked at.
pub fn every(seconds: u64) -> String {
    format!("looks every {}", span(seconds).replace("one ", ""))
}

/// What a test came to, in a sentence.
pub fn tested(
    kind: Kind,
    seen: u64,
    malformed: u64,
    shown: usize,
    asked: usize,
    timed_out: bool,
) -> String {
    let nothing = match kind {
        Kind::Webhook => "Nothing came",
        _ => "Connected, but nothing came",
    };
    let mut text = match seen {
        0 if timed_out => format!("{nothing} in 15 seconds."),
        0 => format!("{nothing}."),
        1 => "One record came.".to_owned(),
        seen => format!("{} records came.", count(seen)),
    };
    if malformed > 0 {
        text = text + " " + &count(malformed) + " could not be read.";
    }
    if timed_out && seen > 0 && shown < asked {
        text.push_str(" No more came in 15 seconds.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_commas() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_400, "12,400"), (1_000_000, "1,000,000")]
        {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn a_source_that_waits_says_for_how_long_and_why() {
        let now = 1_790_000_000_000;
        let waiting = |next, error: Option<&str>| State {
            phase: Phase::Waiting,
            next,
            error: error.map(|text| (text.to_owned(), now)),
            ..State::default()
        };
        assert_eq!(state(&waiting(Some(now + 12_000), None), false, now), "Tries again in 12 s");
        assert_eq!(state(&waiting(Some(now + 300_000), None), true, now), "Looks again in 5 min");
        let cut = waiting(Some(now + 2_500), Some("The stream ended."));
        assert_eq!(state(&cut, true, now), "Tries again in 2.5 s");
        assert_eq!(state(&waiting(Some(now - 5), None), false, now), "Tries again now");
        assert_eq!(state(&waiting(None, None), false, now), "Tries again soon");
    }

    #[test]
    fn figures_are_short() {
        for (per_minute, text) in [
            (0.0, "0"),
            (0.04, "0"),
            (12.5, "12.5"),
            (99.96, "100"),
            (1_234.5, "1,234"),
            (-1.0, "0"),
        ] {
            assert_eq!(rate(per_minute), text);
        }
        for (span, text) in [
            (320, "0.3 s"),
            (12_900, "12 s"),
            (125_000, "2 min"),
            (7_200_000, "2 h"),
            (864_000_000, "10 days"),
        ] {
            assert_eq!(short(span), text);
        }
        assert_eq!(every(300), "looks every 5 minutes");
        assert_eq!(every(60), "looks every minute");
    }

    #[test]
    fn what_was_left_out_says_why_the_most_frequent_reason_first() {
        let counts = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
            list.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        assert_eq!(dropped(&counts(&[("words", 0)])), None);
        assert_eq!(
            dropped(&counts(&[("rate", 3), ("words", 1_200), ("language", 0), ("moon", 1)])),
            Some((
                1_204,
                "1,200 without your words, 3 over the limit a minute, 1 for “moon”".to_owned()
            ))
        );
    }

    #[test]
    fn a_test_says_what_came() {
        let feed = |seen, malformed, shown, timed_out| {
            tested(Kind::Feed, seen, malformed, shown, 5, timed_out)
        };
        assert_eq!(feed(0, 0, 0, true), "Connected, but nothing came in 15 seconds.");
        assert_eq!(feed(1, 2, 1, false), "One record came. 2 could not be read.");
        assert_eq!(feed(3, 0, 3, true), "3 records came. No more came in 15 seconds.");
        assert_eq!(feed(5, 0, 5, false), "5 records came.");
        let hook = tested(Kind::Webhook, 0, 1, 0, 5, true);
        assert_eq!(hook, "Nothing came in 15 seconds. 1 could not be read.");
    }
}
