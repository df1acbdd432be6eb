//! When to look at a feed again: as it asks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between two looks at a feed that asks for nothing.
const USUAL: Duration = Duration::from_mins(15);
/// No feed is looked at more often than this by itself.
const LEAST: Duration = Duration::from_mins(1);
/// Nor less often than this.
const MOST: Duration = Duration::from_hours(24);
const HOUR: u64 = 3600;

/// What a feed asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// How long it does not change, by `ttl` or `updatePeriod`.
    pub ttl: Option<Duration>,
    /// How long an answer may be kept.
    pub max_age: Option<Duration>,
    /// Hours of the day, in UTC, when nobody needs to look.
    pub skip_hours: Vec<u64>,
    /// Days of the week when nobody needs to look; Sunday is 0.
    pub skip_days: Vec<u64>,
}

impl Pace {
    /// What is written in a document. `ttl` is what the parser found.
    pub fn read(document: &str, ttl: Option<u32>) -> Self {
        // Only what is said of the feed, not what an entry quotes.
        let head = document.split("<item").next().unwrap_or_default();
        let head = head.split("<entry").next().unwrap_or_default();
        let hours = values(within(head, "skipHours").unwrap_or_default(), "hour");
        let days = values(within(head, "skipDays").unwrap_or_default(), "day");
        let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let day = |name: &str| {
            let name = name.get(..3)?.to_ascii_lowercase();
            names.iter().position(|known| *known == name).map(|day| day as u64)
        };
        let ttl = ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
        Self {
            ttl: ttl.or_else(|| update_period(head)),
            max_age: None,
            skip_hours: hours
                .filter_map(|hour| hour.parse().ok())
                .filter(|hour| *hour <= 24)
                // Some count to 24 instead of from 0.
                .map(|hour: u64| hour % 24)
                .collect(),
            skip_days: days.filter_map(day).collect(),
        }
    }

    /// The time until the next look, if now is this moment.
    pub fn wait(&self, now: SystemTime) -> Duration {
        let asked = self.ttl.max(self.max_age.map(|age| age.min(HOUR_AT_MOST)));
        let wait = asked.unwrap_or(USUAL).clamp(LEAST, MOST);
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut at = since.saturating_add(wait.as_secs());
        // At most a week of hours; one that skips all of them asks for nothing sensible.
        for _ in 0..7 * 24 {
            let (hour, day) = (at / HOUR % 24, (at / (24 * HOUR) + 4) % 7);
            if !self.skip_hours.contains(&hour) && !self.skip_days.contains(&day) {
                return Duration::from_secs(at - since);
            }
            at = (at / HOUR + 1) * HOUR;
        }
        wait
    }
}

/// Caches for pages are often set to a year; a feed is not meant by that.
const HOUR_AT_MOST: Duration = Duration::from_hours(1);

/// The `max-age` of `Cache-Control`.
pub fn max_age(value: &str) -> Option<Duration> {
    value.split(',').find_map(|part| {
        let (name, seconds) = part.trim().split_once('=')?;
        let seconds = seconds.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age").then(|| Duration::from_secs(seconds))
    })
}

/// RSS's syndication module: so often in such a time.
fn update_period(head: &str) -> Option<Duration> {
    let period = match within(head, "sy:updatePeriod")?.trim() {
        "hourly" => HOUR,
        "daily" => 24 * HOUR,
        "weekly" => 7 * 24 * HOUR,
        "monthly" => 30 * 24 * HOUR,
        "yearly" => 365 * 24 * HOUR,
        _ => return None,
    };
    let often = within(head, "sy:updateFrequency").and_then(|often| often.trim().parse().ok());
    Some(Duration::from_secs(period / often.unwrap_or(1).max(1)))
}

/// What stands between an element's tags. A look at the text is enough for elements without children
/// of the same name; a parser for all of it runs elsewhere.
fn within<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let from = text.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = &text[from..];
    rest.find(&format!("</{name}>")).map(|to| &rest[..to])
}

/// The texts of all elements with this name.
fn values<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> = text.split(&open).skip(1).take(32).collect();
    parts.into_iter().filter_map(move |part| part.split(&close).next()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday, 21 November 2026, 20:33:20 UTC.
    const NOW: Duration = Duration::from_secs(1_795_293_200);

    fn minutes(pace: &Pace) -> u64 {
        pace.wait(UNIX_EPOCH + NOW).as_secs() / 60
    }

    #[test]
    fn a_feed_is_looked_at_as_often_as_it_asks_within_reason() {
        assert_eq!(minutes(&Pace::default()), 15);
        assert_eq!(minutes(&Pace::read("<rss><channel>", Some(60))), 60);
        assert_eq!(minutes(&Pace::read("<rss>", Some(0))), 1);
        assert_eq!(minutes(&Pace::read("<rss>", Some(u32::MAX))), 24 * 60);
        let syndication =
            "<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>";
        assert_eq!(minutes(&Pace::read(syndication, None)), 30);
        assert_eq!(
            minutes(&Pace { max_age: max_age("public, max-age=300"), ..Pace::default() }),
            5
        );
        assert_eq!(minutes(&Pace { max_age: max_age("max-age=31536000"), ..Pace::default() }), 60);
        assert_eq!(max_age("no-cache"), None);
    }

    #[test]
    fn hours_and_days_that_a_feed_sleeps_are_left_out() {
        let sleeping = "<skipHours><hour>20</hour><hour>21</hour><hour>22</hour></skipHours>";
        // Until eleven.
        assert_eq!(minutes(&Pace::read(sleeping, None)), 146);
        let weekend = "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>";
        // Until Monday begins.
        assert_eq!(minutes(&Pace::read(weekend, None)), 24 * 60 + 206);
        let quoted = "<item><description>&lt;skipHours&gt;<skipHours><hour>20</hour></skipHours>";
        assert_eq!(minutes(&Pace::read(quoted, None)), 15);
        let always =
            (0..24).fold(String::new(), |hours, hour| format!("{hours}<hour>{hour}</hour>"));
        assert_eq!(minutes(&Pace::read(&format!("<skipHours>{always}</skipHours>"), None)), 15);
    }
}
