//! When something was said, as the world writes that.

/// Unix milliseconds of a moment: a number of seconds, milliseconds or microseconds since 1970, or
/// text by RFC 3339 (`2026-11-21T20:15:00.5+01:00`), RFC 2822 (`Sat, 21 Nov 2026 20:15:00 +0100`) or
/// as microblogs write it (`Sat Nov 21 20:15:00 +0100 2026`).
pub(super) fn read(value: &serde_json::Value) -> Option<i64> {
    match value {
        serde_json::Value::Number(number) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "what is no moment is left out")]
            number
                .as_i64()
                .or_else(|| number.as_f64().map(|seconds| (seconds * 1000.0) as i64))
                .and_then(of_number)
        }
        serde_json::Value::String(text) => {
            let text = text.trim();
            text.parse().ok().and_then(of_number).or_else(|| rfc3339(text)).or_else(|| words(text))
        }
        _ => None,
    }
}

/// By its size: seconds have been ten digits since 2001, and are until 2286.
fn of_number(number: i64) -> Option<i64> {
    match number {
        1_000_000_000..=9_999_999_999 => Some(number * 1000),
        1_000_000_000_000..=9_999_999_999_999 => Some(number),
        1_000_000_000_000_000..=9_999_999_999_999_999 => Some(number / 1000),
        _ => None,
    }
}

fn rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (number(date.next()?)?, number(date.next()?)?, number(date.next()?)?);
    let zone = time.find(['Z', 'z', '+', '-']);
    let (time, zone) = zone.map_or((time, "Z"), |at| time.split_at(at));
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(at(year, month, day, time)? + number(&digits)? - offset(zone)?)
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// RFC 2822 and its like: the parts tell by themselves what they are.
fn words(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut time, mut zone) = (None, None, None, None, 0);
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let name = word.get(..3).map(str::to_ascii_lowercase);
        let named = name.and_then(|name| MONTHS.iter().position(|known| *known == name));
        if word.contains(':') && time.is_none() {
            time = Some(word);
        } else if word.starts_with(['+', '-']) && word.len() > 1 {
            zone = offset(word)?;
        } else if let Some(digits) = number(word) {
            if word.len() == 4 { year = Some(digits) } else { day = Some(digits) }
        } else if let (Some(place), None) = (named, month) {
            month = Some(i64::try_from(place).ok()? + 1);
        }
    }
    Some(at(year?, month?, day?, time?)? - zone)
}

fn number(text: &str) -> Option<i64> {
    let plain =
        !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A day and `20:15` or `20:15:00`.
fn at(year: i64, month: i64, day: i64, time: &str) -> Option<i64> {
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let fits = (1970..=2286).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    fits.then(|| 1000 * (86_400 * days(year, month, day) + 3600 * hour + 60 * minute + second))
}

/// Days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Milliseconds of `Z`, `+01:00`, `+0100`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.get(1..)?.replace(':', "");
    let digits = number(&digits).filter(|_| digits.len() == 4)?;
    Some(sign * 60_000 * (60 * (digits / 100) + digits % 100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn one_moment_in_many_words() {
        let at = 1_795_288_500_000_i64; // 2026-11-21T19:15:00Z
        for text in [
            "2026-11-21T19:15:00Z",
            "2026-11-21T20:15:00+01:00",
            "2026-11-21t14:15:00.000-0500",
            "2026-11-21 19:15:00",
            "Sat, 21 Nov 2026 20:15:00 +0100",
            "21 Nov 2026 19:15 GMT",
            "Sat Nov 21 19:15:00 +0000 2026",
            "1795288500",
        ] {
            assert_eq!(read(&json!(text)), Some(at), "{text}");
        }
        assert_eq!(read(&json!(at / 1000)), Some(at));
        assert_eq!(read(&json!(at)), Some(at));
        assert_eq!(read(&json!(at * 1000)), Some(at));
        assert_eq!(read(&json!("2026-11-21T19:15:00.5Z")), Some(at + 500));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for none in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "7", "T", ":"]
        {
            assert_eq!(read(&json!(none)), None, "{none}");
        }
        assert_eq!(read(&json!(5)), None);
        assert_eq!(read(&json!(null)), None);
    }

    proptest! {
        #[test]
        fn days_follow_each_other(day in 0..3650_i64) {
            // By the calendar's own rule, day by day.
            let (mut year, mut month, mut of_month) = (2000, 1, 1);
            for _ in 0..day {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let length = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
                of_month += 1;
                if of_month > length[usize::try_from(month - 1).unwrap()] {
                    (month, of_month) = (month + 1, 1);
                }
                if month > 12 {
                    (year, month) = (year + 1, 1);
                }
            }
            prop_assert_eq!(days(year, month, of_month), 10_957 + day);
        }

        #[test]
        fn nothing_panics(text in "[0-9TZ:+. a-zA-Z,-]{0,40}") {
            let _ = read(&json!(text));
        }
    }
}
