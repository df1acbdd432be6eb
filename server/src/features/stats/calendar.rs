//! Times as people read them.

const DAY: i64 = 86_400_000;

/// Year, month, day, hour, minute, second of a time in Unix milliseconds.
fn parts(at: i64) -> [i64; 6] {
    let (day, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY) / 1000);
    let (year, month, date) = civil(day);
    [year, month, date, rest / 3600, rest / 60 % 60, rest % 60]
}

/// A time as programs read it (RFC 3339, in UTC).
pub(super) fn time(at: i64) -> String {
    let [year, month, day, hour, minute, second] = parts(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970, and back (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Where somebody's clock stands, in minutes east of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Zone(i64);

impl Zone {
    /// From what a page says; no place on earth is further off.
    pub(super) fn new(minutes: i64) -> Self {
        Self(minutes.clamp(-14 * 60, 14 * 60))
    }

    /// In minutes east of UTC.
    pub(super) fn minutes(self) -> i64 {
        self.0
    }

    /// As people write it.
    pub(super) fn name(self) -> String {
        let sign = if self.0 < 0 { '−' } else { '+' };
        match (self.0.abs() / 60, self.0.abs() % 60) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        }
    }

    fn local(self, at: i64) -> i64 {
        at.saturating_add(self.0 * 60_000)
    }

    /// When the day of this time began.
    pub(super) fn midnight(self, at: i64) -> i64 {
        let local = self.local(at);
        at - local.rem_euclid(DAY)
    }

    /// The first time of `step` milliseconds that is not before this one, as clocks there count.
    pub(super) fn next(self, at: i64, step: i64) -> i64 {
        let local = self.local(at);
        at + (-local).rem_euclid(step)
    }

    /// `14:05`.
    pub(super) fn clock(self, at: i64) -> String {
        let [_, _, _, hour, minute, _] = parts(self.local(at));
        format!("{hour:02}:{minute:02}")
    }

    /// `21 Nov`.
    pub(super) fn date(self, at: i64) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let [_, month, day, ..] = parts(self.local(at));
        let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month));
        format!("{day} {}", month.unwrap_or(&""))
    }

    /// `21 Nov 2026, 14:05`.
    pub(super) fn full(self, at: i64) -> String {
        let [year, ..] = parts(self.local(at));
        format!("{} {year}, {}", self.date(at), self.clock(at))
    }

    /// `2026-11-21T14:05`, as fields of forms have it.
    pub(super) fn field(self, at: i64) -> String {
        let [year, month, day, hour, minute, _] = parts(self.local(at));
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}")
    }

    /// The time that such a field stands for.
    pub(super) fn read(self, field: &str) -> Option<i64> {
        let (date, clock) = field.split_once('T')?;
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let mut clock = clock.split(':').map(str::parse::<i64>);
        let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
        let sane = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute);
        let local = days(year, month, day) * DAY + (hour * 60 + minute) * 60_000;
        sane.then(|| (local - self.0 * 60_000).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(1_709_210_096_000), "2024-02-29T12:34:56Z");
        assert_eq!(time(1_790_000_000_000), "2026-09-21T14:13:20Z");
        for day in (-1_000_000..1_000_000).step_by(997) {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }

    #[test]
    fn a_clock_elsewhere_shows_another_time() {
        let (utc, there) = (Zone::default(), Zone::new(330));
        let at = 1_709_210_096_000;
        assert_eq!((utc.clock(at), there.clock(at)), ("12:34".to_owned(), "18:04".to_owned()));
        assert_eq!((utc.name(), there.name()), ("UTC".to_owned(), "UTC+5:30".to_owned()));
        assert_eq!(there.full(at), "29 Feb 2024, 18:04");
        assert_eq!(there.clock(there.midnight(at)), "00:00");
        assert_eq!(there.clock(there.next(at, 3_600_000)), "19:00");
        assert_eq!(Zone::new(i64::MAX), Zone::new(14 * 60));
    }

    #[test]
    fn what_a_field_of_a_form_says_is_the_time_it_was_made_of() {
        let zone = Zone::new(-180);
        let at = 1_709_210_040_000;
        assert_eq!(zone.read(&zone.field(at)), Some(at));
        for bad in
            ["", "x", "2026-11-21", "2026-13-21T00:00", "2026-11-21T24:00", "99999-01-01T0:0"]
        {
            assert_eq!(zone.read(bad), None, "{bad}");
        }
    }
}
