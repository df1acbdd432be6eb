//! Sentences and lines that are made up from numbers and addresses. Pure.

use nowcast_shared::signal::Transports;

/// How long to wait, as people say it.
pub fn wait(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// What somebody is called who has no name.
pub const NAMELESS: &str = "Somebody";

/// A span of time as people say it.
pub fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds.div_ceil(60), "minute"),
        3_600..86_400 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    if count == 1 { format!("one {unit}") } else { format!("{count} {unit}s") }
}

/// How many seconds are left, both in Unix milliseconds; one at least.
pub fn seconds_left(until: i64, now: i64) -> u64 {
    u64::try_from((until - now) / 1_000).unwrap_or_default().max(1)
}

/// How long a mute or a block still holds; `None` if it is for good.
pub fn holds(until: Option<i64>, now: i64) -> String {
    match until {
        None => "for good".to_owned(),
        Some(until) if until <= now => "over".to_owned(),
        Some(until) => format!("for {}", span(seconds_left(until, now))),
    }
}

/// Where something for one person came to.
pub fn reached(pages: u64, kept: bool) -> String {
    match pages {
        0 if kept => "Nobody is here with that id. It is kept until tomorrow.".to_owned(),
        0 => "Nobody is here with that id.".to_owned(),
        1 => "Reached 1 page.".to_owned(),
        pages => format!("Reached {pages} pages."),
    }
}

/// How many have a room's page open.
pub fn viewers(count: u64) -> String {
    match count {
        0 => "Nobody".to_owned(),
        1 => "1 viewer".to_owned(),
        count => format!("{count} viewers"),
    }
}

/// What the number of open pages stands for.
pub fn pages_open(count: u64) -> &'static str {
    if count == 1 { "page open" } else { "pages open" }
}

/// The ways on which pages are connected, those that are used, the best first.
pub fn ways(transports: Transports) -> Vec<(&'static str, u64)> {
    [
        ("WebSocket", transports.websocket),
        ("Event stream", transports.sse),
        ("Long poll", transports.poll),
        ("Socket.IO", transports.bridge),
    ]
    .into_iter()
    .filter(|&(_, count)| count > 0)
    .collect()
}

/// The address of a room's page on this server.
pub fn page_path(room: &str) -> String {
    if room == "main" { "/".to_owned() } else { format!("/r/{room}") }
}

/// The address of a room's desk on this server.
pub fn desk_path(room: &str) -> String {
    if room == "main" { "/admin".to_owned() } else { format!("/r/{room}/admin") }
}

/// The address of a room's statistics on this server.
pub fn statistics_path(room: &str) -> String {
    if room == "main" { "/statistics".to_owned() } else { format!("/r/{room}/statistics") }
}

/// A line for a terminal that publishes a message; `origin` as browsers give it, and `room` a
/// legal name, so that neither can hold anything that a shell would take apart.
pub fn curl_line(origin: &str, room: &str) -> String {
    format!(
        "curl -H \"Authorization: Bearer $NOWCAST_TOKEN\" \\\n  \
         -d kind=message --data-urlencode text=\"Hello from here\" \\\n  \
         {origin}/api/rooms/{room}/items"
    )
}

/// Whether a request is worth sending a second time, with the same id.
///
/// Only where no answer came: then nobody knows whether it took effect, and the id makes the
/// repeat harmless. Any answer, also a refusal, is final.
pub fn worth_repeating(answered: bool, attempt: u32) -> bool {
    !answered && attempt == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_short_to_read() {
        assert_eq!(wait(0), "a second");
        assert_eq!(wait(45), "45 seconds");
        assert_eq!(wait(91), "2 minutes");
        assert_eq!(wait(600), "10 minutes");
    }

    #[test]
    fn spans_are_rounded_up_to_what_people_say() {
        for (seconds, words) in [
            (1, "one second"),
            (59, "59 seconds"),
            (300, "5 minutes"),
            (3_599, "60 minutes"),
            (3_600, "one hour"),
            (90_000, "2 days"),
        ] {
            assert_eq!(span(seconds), words);
        }
        assert_eq!(holds(None, 5), "for good");
        assert_eq!(holds(Some(61_000), 1_000), "for one minute");
        assert_eq!(holds(Some(1_000), 1_000), "over");
        assert_eq!(seconds_left(1_000, 61_000), 1);
    }

    #[test]
    fn a_push_says_where_it_came_to() {
        assert_eq!(reached(2, true), "Reached 2 pages.");
        assert_eq!(reached(1, false), "Reached 1 page.");
        assert!(reached(0, true).ends_with("kept until tomorrow."));
        assert_eq!(reached(0, false), "Nobody is here with that id.");
    }

    #[test]
    fn only_ways_in_use_are_named() {
        assert!(ways(Transports::default()).is_empty());
        assert_eq!(
            ways(Transports { websocket: 3, sse: 0, poll: 1, bridge: 0 }),
            [("WebSocket", 3), ("Long poll", 1)]
        );
    }

    #[test]
    fn the_curl_line_goes_to_this_room() {
        let line = curl_line("https://live.example", "final-2026");
        assert!(line.ends_with("https://live.example/api/rooms/final-2026/items"));
        assert!(line.contains("Bearer $NOWCAST_TOKEN"));
        assert_eq!(page_path("main"), "/");
        assert_eq!(page_path("x"), "/r/x");
        assert_eq!(statistics_path("main"), "/statistics");
        assert_eq!(statistics_path("x"), "/r/x/statistics");
        assert_eq!((desk_path("main"), desk_path("x")), ("/admin".into(), "/r/x/admin".into()));
    }

    #[test]
    fn only_silence_is_answered_by_asking_once_more() {
        assert!(worth_repeating(false, 1));
        assert!(!worth_repeating(false, 2));
        assert!(!worth_repeating(true, 1));
    }
}
