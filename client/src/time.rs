//! Words for moments: relative ones that stay short, exact ones for those who ask.

use wasm_bindgen::JsValue;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ago {
    /// Less than a minute; also what a clock that is wrong places in the future.
    Now,
    /// Minutes.
    Minutes(i64),
    /// Hours.
    Hours(i64),
    /// Days.
    Days(i64),
    /// More than a week: better said with a date.
    Long,
}

/// Sorts a moment in, both in Unix milliseconds.
pub fn ago(at: i64, now: i64) -> Ago {
    match now - at {
        passed if passed < MINUTE => Ago::Now,
        passed if passed < HOUR => Ago::Minutes(passed / MINUTE),
        passed if passed < DAY => Ago::Hours(passed / HOUR),
        passed if passed < 7 * DAY => Ago::Days(passed / DAY),
        _ => Ago::Long,
    }
}

/// In words, for example "5 min".
pub fn relative(at: i64, now: i64) -> String {
    let (count, unit) = match ago(at, now) {
        Ago::Now => return "now".to_owned(),
        Ago::Minutes(count) => (count, " min"),
        Ago::Hours(count) => (count, " h"),
        Ago::Days(1) => (1, " day"),
        Ago::Days(count) => (count, " days"),
        Ago::Long => return day(at),
    };
    count.unsigned_abs().to_string() + unit
}

fn date(at: i64) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of our age are far below 2^53")]
    let at = at as f64;
    js_sys::Date::new(&JsValue::from_f64(at))
}

/// The day in the reader's own language, for example "12 Mar".
fn day(at: i64) -> String {
    let options = js_sys::Object::new();
    for (name, value) in [("day", "numeric"), ("month", "short")] {
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_date_string("default", &options).into()
}

/// The time of a day that is hardly over, or else the day, in the reader's own language.
pub fn short(at: i64) -> String {
    if crate::dom::now() - at > DAY / 2 {
        return day(at);
    }
    let options = js_sys::Object::new();
    for (name, value) in [("hour", "numeric"), ("minute", "2-digit")] {
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_time_string_with_options("default", &options).into()
}

/// The exact moment in the reader's own language and time zone.
pub fn exact(at: i64) -> String {
    let options = js_sys::Object::new();
    for (name, value) in [("dateStyle", "full"), ("timeStyle", "medium")] {
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_string("default", &options).into()
}

/// The exact moment for programs (ISO 8601); empty for one that no calendar has.
pub fn iso(at: i64) -> String {
    // `toISOString` throws for a date beyond the year 275760.
    if (0..8_640_000_000_000_000).contains(&at) {
        date(at).to_iso_string().into()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_sorted_into_words() {
        let at = 1_790_000_000_000;
        for (passed, word) in [
            (-5 * DAY, "now"),
            (0, "now"),
            (59 * SECOND, "now"),
            (MINUTE, "1 min"),
            (59 * MINUTE + 59 * SECOND, "59 min"),
            (HOUR, "1 h"),
            (23 * HOUR + 59 * MINUTE, "23 h"),
            (DAY, "1 day"),
            (2 * DAY - 1, "1 day"),
            (6 * DAY, "6 days"),
        ] {
            assert_eq!(relative(at, at + passed), word, "{passed}");
        }
        assert_eq!(ago(at, at + 7 * DAY), Ago::Long);
    }
}
