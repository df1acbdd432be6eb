//! Ids. Each is a type of its own, so that none is mistaken for another.
//!
//! Those that strangers may send ([`RoomName`], [`ClientId`]) can only be made by parsing.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not a legal id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadId(&'static str);

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadId {}

/// Declares a newtype over a string that is taken as it is.
macro_rules! plain_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

/// Declares a newtype over a string that `$check` accepts; `$pattern` says the same in its schema.
macro_rules! checked_id {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $check:expr, $why:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(BadId($why)) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"description": $why, "type": "string", "pattern": $pattern})
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_id!(
    /// A room's name as it stands in addresses: 1 to 64 of `[a-z0-9-]`.
    RoomName,
    "^[a-z0-9-]{1,64}$",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
    "A room's name has 1 to 64 characters of a-z, 0-9 and -."
);

impl RoomName {
    /// The room at `/`.
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

checked_id!(
    /// What a page made up to be recognised by across reconnects: 16 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// A secret between that page and the server; others see a [`PublicId`].
    ClientId,
    "^[A-Za-z0-9_-]{16,64}$",
    |text| (16..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
    "A client id has 16 to 64 characters of A-Z, a-z, 0-9, _ and -."
);

checked_id!(
    /// What a browser made up so that its tabs are one person: 16 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// A secret between those pages and the server; others see a [`PublicId`].
    PersonId,
    "^[A-Za-z0-9_-]{16,64}$",
    |text| (16..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
    "A person's id has 16 to 64 characters of A-Z, a-z, 0-9, _ and -."
);

checked_id!(
    /// A piece of the stage: 1 to 64 of `[A-Za-z0-9_-]`.
    PieceId,
    "^[A-Za-z0-9_-]{1,64}$",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
    "A piece's id has 1 to 64 characters of A-Z, a-z, 0-9, _ and -."
);

plain_id!(
    /// How others may know somebody: `p` and a hash that only the server can make.
    PublicId
);
plain_id!(
    /// An item of the feed: `i`, characters that sort by time, and random ones.
    ItemId
);
plain_id!(
    /// Words of the chat: `s`, characters that sort by time, and random ones.
    SaidId
);
plain_id!(
    /// What a page calls one of its commands, to match the answer with.
    CommandId
);
plain_id!(
    /// A display button of the admin page: `b` and random characters.
    ButtonId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_are_what_addresses_can_hold() {
        for good in ["main", "a", "2026-final", &"x".repeat(64)] {
            assert!(good.parse::<RoomName>().is_ok(), "{good}");
        }
        for bad in ["", "Main", "a b", "ä", "a/b", "..", &"x".repeat(65)] {
            assert!(bad.parse::<RoomName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn client_ids_are_long_enough_not_to_be_guessed() {
        assert!("abcdefghijklmnop".parse::<ClientId>().is_ok());
        for bad in ["", "short", "abcdefghijklmno ", &"x".repeat(65)] {
            assert!(bad.parse::<ClientId>().is_err(), "{bad}");
        }
    }
}
