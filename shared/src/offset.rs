//! Where something stands in a room's log.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The place of an event in its room's log: 1, 2, 3 … without gaps. 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names the life of a log: `e` and 1 to 31 of `[A-Za-z0-9]`. Offsets of two epochs cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Epoch(pub String);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a page has seen: everything up to and including `offset`. As text: `{epoch}:{offset}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The log's life.
    pub epoch: Epoch,
    /// The last event seen in it.
    pub offset: Offset,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.offset)
    }
}

/// A text is not `{epoch}:{offset}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPosition;

impl fmt::Display for BadPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("A position is written as epoch:offset, as in e4XkP9:41.")
    }
}

impl std::error::Error for BadPosition {}

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let (epoch, offset) = text.split_once(':').ok_or(BadPosition)?;
        let named = epoch.len() <= 32
            && epoch.len() >= 2
            && epoch.starts_with('e')
            && epoch.bytes().all(|b| b.is_ascii_alphanumeric());
        // `u64::from_str` would also take "+5".
        let counted = !offset.is_empty() && offset.bytes().all(|b| b.is_ascii_digit());
        if !named || !counted {
            return Err(BadPosition);
        }
        let offset = Offset(offset.parse().map_err(|_| BadPosition)?);
        Ok(Self { epoch: Epoch(epoch.to_owned()), offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_well_formed_positions_are_read() {
        for bad in [
            "",
            ":",
            "e1",
            "e1:",
            ":5",
            "e1:-1",
            "e1:+1",
            "e1:1.0",
            "x1:1",
            "e:1",
            "e1:99999999999999999999",
            "e1:1:2",
            "e ä:1",
        ] {
            assert_eq!(bad.parse::<Position>(), Err(BadPosition), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_position_survives_its_text(epoch in "e[A-Za-z0-9]{1,31}", offset: u64) {
            let position = Position { epoch: Epoch(epoch), offset: Offset(offset) };
            prop_assert_eq!(position.to_string().parse::<Position>(), Ok(position));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".*") {
            let _ = text.parse::<Position>();
        }
    }
}
