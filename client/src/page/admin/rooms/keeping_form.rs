//! How long a room keeps things, as people say it: `30 days`, `10,000 events`, `50 MB`. Pure.

use crate::page::admin::sources::words::count;

/// What a room is to keep. What passes any of the limits leaves, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// For how many days.
    pub days: Option<u64>,
    /// How many events at most.
    pub events: Option<u64>,
    /// How many bytes at most.
    pub bytes: Option<u64>,
    /// Whether is counted what happens here.
    pub statistics: bool,
}

/// What a room keeps now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many events.
    pub events: u64,
    /// How many bytes.
    pub bytes: u64,
    /// When the oldest of them happened, in Unix milliseconds.
    pub oldest: Option<i64>,
}

/// A limit that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// By age.
    Days,
    /// By number.
    Events,
    /// By size.
    Bytes,
}

impl Limit {
    /// In the order of the form.
    pub const ALL: [Self; 3] = [Self::Days, Self::Events, Self::Bytes];

    /// The id of its control.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Days => "keeping-days",
            Self::Events => "keeping-events",
            Self::Bytes => "keeping-bytes",
        }
    }

    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Days => "How long",
            Self::Events => "How many",
            Self::Bytes => "How much",
        }
    }

    /// What stands in its control while it is empty.
    pub const fn unlimited(self) -> &'static str {
        match self {
            Self::Days => "for ever",
            Self::Events => "any number",
            Self::Bytes => "any size",
        }
    }

    /// What one might type.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Days => "30 days",
            Self::Events => "10,000 events",
            Self::Bytes => "50 MB",
        }
    }

    /// Its words and what each is worth; the first are those that are written.
    const fn units(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Days => &[
                ("days", 1),
                ("day", 1),
                ("d", 1),
                ("", 1),
                ("weeks", 7),
                ("week", 7),
                ("w", 7),
                ("months", 30),
                ("month", 30),
                ("years", 365),
                ("year", 365),
                ("y", 365),
            ],
            Self::Events => &[
                ("events", 1),
                ("event", 1),
                ("", 1),
                ("k", 1_000),
                ("thousand", 1_000),
                ("m", 1_000_000),
                ("million", 1_000_000),
            ],
            Self::Bytes => &[
                ("mb", MEGA),
                ("m", MEGA),
                ("", MEGA),
                ("gb", GIGA),
                ("g", GIGA),
                ("kb", KILO),
                ("k", KILO),
                ("b", 1),
                ("bytes", 1),
                ("mib", 1 << 20),
                ("gib", 1 << 30),
                ("kib", 1 << 10),
            ],
        }
    }

    /// Reads what was typed; nothing is no limit.
    ///
    /// # Errors
    /// A sentence that says what can be typed.
    pub fn read(self, typed: &str) -> Result<Option<u64>, String> {
        let typed = typed.trim().to_lowercase();
        if typed.is_empty() || typed == self.unlimited() {
            return Ok(None);
        }
        let wrong = || format!("Something like “{}”, or nothing for no limit.", self.example());
        let ends = typed.find(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.' | ' ')));
        let (number, unit) = typed.split_at(ends.unwrap_or(typed.len()));
        let unit = unit.trim().trim_end_matches(" events");
        let unit = self.units().iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        // A point begins tenths, a comma parts thousands.
        let number: String = number.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
        let (whole, rest) = number.split_once('.').unwrap_or((&number, ""));
        if rest.len() > 3 || rest.contains('.') || whole.is_empty() {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let thousandths: u64 = format!("{rest:0<3}").parse().map_err(|_| wrong())?;
        let all =
            whole.checked_mul(unit).and_then(|all| all.checked_add(thousandths * unit / 1_000));
        all.filter(|all| (1..=MOST).contains(all)).map(Some).ok_or_else(wrong)
    }

    /// As people say it; empty where there is no limit.
    pub fn say(self, limit: Option<u64>) -> String {
        match (self, limit) {
            (_, None) => String::new(),
            (Self::Days, Some(1)) => "1 day".to_owned(),
            (Self::Days, Some(days)) => format!("{} days", count(days)),
            (Self::Events, Some(1)) => "1 event".to_owned(),
            (Self::Events, Some(events)) => format!("{} events", count(events)),
            (Self::Bytes, Some(bytes)) => exact(bytes),
        }
    }
}

const KILO: u64 = 1_000;
const MEGA: u64 = 1_000_000;
const GIGA: u64 = 1_000_000_000;
/// Numbers above this are no limits, and not exact in a browser.
const MOST: u64 = 1 << 52;

/// A size without a loss: in the largest unit in which it needs three places at most.
fn exact(bytes: u64) -> String {
    for (name, unit) in [("GB", GIGA), ("MB", MEGA), ("kB", KILO)] {
        if bytes >= unit && bytes.is_multiple_of(unit / 1_000) {
            return format!(
                "{}{} {name}",
                count(bytes / unit),
                places(bytes % unit * 1_000 / unit)
            );
        }
    }
    format!("{} bytes", count(bytes))
}

/// Thousandths, without what needs not be said.
fn places(thousandths: u64) -> String {
    let text = format!(".{thousandths:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// About how much something weighs: `0 kB`, `640 kB`, `1.4 MB`.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes / (unit / 10);
        if tenths >= 1_000 {
            count(tenths / 10)
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        }
    };
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(KILO)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(MEGA)),
        _ => format!("{} GB", tenths(GIGA)),
    }
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

impl Keeping {
    /// One of the limits.
    pub const fn get(&self, limit: Limit) -> Option<u64> {
        match limit {
            Limit::Days => self.days,
            Limit::Events => self.events,
            Limit::Bytes => self.bytes,
        }
    }

    /// Sets one of the limits.
    pub fn set(&mut self, limit: Limit, to: Option<u64>) {
        match limit {
            Limit::Days => self.days = to,
            Limit::Events => self.events = to,
            Limit::Bytes => self.bytes = to,
        }
    }

    /// Whether something would leave at once that is kept now; `now` in Unix milliseconds.
    pub fn removes(&self, kept: &Kept, now: i64) -> bool {
        let days = self.days.map(|days| now.saturating_sub(days.cast_signed().saturating_mul(DAY)));
        self.events.is_some_and(|most| kept.events > most)
            || self.bytes.is_some_and(|most| kept.bytes > most)
            || days.zip(kept.oldest).is_some_and(|(since, oldest)| oldest < since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_say_them() {
        for (limit, typed, is) in [
            (Limit::Days, "30 days", 30),
            (Limit::Days, " 1 Day", 1),
            (Limit::Days, "2 weeks", 14),
            (Limit::Days, "1 year", 365),
            (Limit::Days, "7", 7),
            (Limit::Events, "10,000 events", 10_000),
            (Limit::Events, "10 000", 10_000),
            (Limit::Events, "1.5k", 1_500),
            (Limit::Events, "2 million events", 2_000_000),
            (Limit::Bytes, "50 MB", 50_000_000),
            (Limit::Bytes, "50", 50_000_000),
            (Limit::Bytes, "1.5 GB", 1_500_000_000),
            (Limit::Bytes, "64 KiB", 65_536),
        ] {
            assert_eq!(limit.read(typed), Ok(Some(is)), "{typed}");
        }
        for limit in Limit::ALL {
            assert_eq!(limit.read(" "), Ok(None));
            assert_eq!(limit.read(limit.unlimited()), Ok(None));
            assert!(limit.read(limit.example()).unwrap().is_some());
            for wrong in ["many", "0", "-5", "5 apples", "1.2.3", "99999999999999999999", ".5"] {
                assert!(limit.read(wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn what_was_set_is_said_so_that_it_can_be_read_again() {
        let sizes = [1, 999, 1_000, 65_536, 1_500_000, 50_000_000, 52_428_800, 1_234_567_890];
        for (limit, number) in sizes.iter().flat_map(|size| Limit::ALL.map(|limit| (limit, *size)))
        {
            let said = limit.say(Some(number));
            assert_eq!(limit.read(&said), Ok(Some(number)), "{said}");
        }
        assert_eq!(Limit::Bytes.say(Some(50_000_000)), "50 MB");
        assert_eq!(Limit::Bytes.say(Some(1_500_000_000)), "1.5 GB");
        assert_eq!(Limit::Events.say(Some(10_000)), "10,000 events");
        assert_eq!(Limit::Days.say(None), "");
    }

    #[test]
    fn sizes_are_said_about() {
        for (bytes, text) in [
            (0, "0 kB"),
            (1, "1 kB"),
            (640_000, "640 kB"),
            (1_440_000, "1.4 MB"),
            (123_000_000, "123 MB"),
            (2_500_000_000, "2.5 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_limit_below_what_there_is_removes_something() {
        let now = 100 * DAY;
        let kept = Kept { events: 10, bytes: 5_000, oldest: Some(90 * DAY) };
        let keeping = |limit: Limit, to| {
            let mut keeping = Keeping::default();
            keeping.set(limit, Some(to));
            keeping.removes(&kept, now)
        };
        assert!(keeping(Limit::Events, 9) && !keeping(Limit::Events, 10));
        assert!(keeping(Limit::Bytes, 4_999) && !keeping(Limit::Bytes, 5_000));
        assert!(keeping(Limit::Days, 9) && !keeping(Limit::Days, 10));
        assert!(!keeping(Limit::Days, MOST) && !Keeping::default().removes(&kept, now));
    }
}
