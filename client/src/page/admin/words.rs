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
    ]
    .into_iter()
    .filter(|&(_, count)| count > 0)
    .collect()
}

/// The address of a room's page on this server.
pub fn page_path(room: &str) -> String {
    if room == "main" { "/".to_owned() } else { format!("/r/{room}") }
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
    fn only_ways_in_use_are_named() {
        assert!(ways(Transports::default()).is_empty());
        assert_eq!(
            ways(Transports { websocket: 3, sse: 0, poll: 1 }),
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
    }

    #[test]
    fn only_silence_is_answered_by_asking_once_more() {
        assert!(worth_repeating(false, 1));
        assert!(!worth_repeating(false, 2));
        assert!(!worth_repeating(true, 1));
    }
}
