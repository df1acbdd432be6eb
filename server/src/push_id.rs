//! Names of pushes: they grow, so that a page can say which it has seen.

use crate::random;
use std::fmt;
use std::str::FromStr;

/// A push's name: `n` and characters that sort as the pushes were made, also across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PushId(u64);

/// How many bits count the pushes of one millisecond; more than they hold run ahead of the clock.
const WITHIN: u32 = 16;

/// That is not a push's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPushId;

impl PushId {
    /// The first that a push of this time may have; `at` is in Unix milliseconds.
    pub fn at(at: i64) -> Self {
        Self(u64::try_from(at).unwrap_or(0) << WITHIN)
    }

    /// The time that it names, in Unix milliseconds.
    pub fn millis(self) -> i64 {
        i64::try_from(self.0 >> WITHIN).unwrap_or(i64::MAX)
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for PushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("n")?;
        (0..13).rev().try_for_each(|place| {
            let bits = (self.0 >> (5 * place)) & 31;
            write!(f, "{}", char::from(random::SORTED[usize::try_from(bits).unwrap_or(0)]))
        })
    }
}

impl FromStr for PushId {
    type Err = BadPushId;

    /// `0` is before all pushes.
    fn from_str(text: &str) -> Result<Self, BadPushId> {
        if text == "0" {
            return Ok(Self::default());
        }
        let spelled = text.strip_prefix('n').filter(|spelled| spelled.len() == 13);
        let mut bits = 0_u64;
        for byte in spelled.ok_or(BadPushId)?.bytes() {
            let place = random::SORTED.iter().position(|known| *known == byte);
            let place = place.and_then(|place| u64::try_from(place).ok()).ok_or(BadPushId)?;
            bits =
                bits.checked_mul(32).and_then(|bits| bits.checked_add(place)).ok_or(BadPushId)?;
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_they_were_made_and_are_read_again() {
        let first = PushId::at(1_790_000_000_000);
        let ids = [PushId::default(), first, first.next(), PushId::at(1_790_000_000_001)];
        assert!(ids.is_sorted());
        let names = ids.map(|id| id.to_string());
        assert!(names.is_sorted(), "{names:?}");
        for (id, name) in ids.iter().zip(&names) {
            assert_eq!(name.parse(), Ok(*id));
        }
        assert_eq!("0".parse(), Ok(PushId::default()));
    }

    #[test]
    fn what_no_push_is_called_is_refused() {
        let long = format!("n{}", "2".repeat(14));
        for bad in
            ["", "n", "n22222222222", "x2222222222222", "n222222222222l", "nzzzzzzzzzzzzz", &long]
        {
            assert_eq!(bad.parse::<PushId>(), Err(BadPushId), "{bad}");
        }
    }
}
