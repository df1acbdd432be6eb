//! One frame's head (RFC 6455, section 5.2).

use super::Violation;

/// The longest head: two bytes, a length of eight, a mask of four.
pub const LONGEST_HEAD: usize = 14;

/// The longest payload of a ping, pong or close, in bytes.
pub const LONGEST_CONTROL: usize = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// More of the message that is under way.
    Continuation = 0,
    /// A text message, or its first part.
    Text = 1,
    /// A binary message, or its first part.
    Binary = 2,
    /// The end.
    Close = 8,
    /// Asks for a pong.
    Ping = 9,
    /// A sign of life.
    Pong = 10,
}

impl Opcode {
    /// Whether it may come between a message's fragments.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn read(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }
}

/// The head of a frame that a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) opcode: Opcode,
    /// Whether it ends its message.
    pub(super) last: bool,
    /// Whether its message is compressed; only its first frame says so.
    pub(super) compressed: bool,
    /// The payload's length in bytes.
    pub(super) length: u64,
    pub(super) key: [u8; 4],
}

/// What decides whether a frame may come now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Whether compression was agreed on.
    pub(super) deflate: bool,
    /// Whether a message in fragments is under way.
    pub(super) within: bool,
}

impl Head {
    /// Reads a head from where it begins: it and its own length, or `None` if `bytes` end before
    /// it does.
    ///
    /// What is wrong is told by the first byte that shows it, so that it does not depend on how
    /// many came at once.
    pub(super) fn read(
        bytes: &[u8],
        expected: Expected,
    ) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let opcode = Opcode::read(first & 0x0f).ok_or(Violation::ReservedOpcode)?;
        let (last, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        let begins = matches!(opcode, Opcode::Text | Opcode::Binary);
        if first & 0x30 != 0 || compressed && !(expected.deflate && begins) {
            return Err(Violation::ReservedBit);
        }
        match opcode {
            Opcode::Continuation if !expected.within => return Err(Violation::NothingToContinue),
            _ if begins && expected.within => return Err(Violation::Interleaved),
            _ if opcode.is_control() && !last => return Err(Violation::FragmentedControl),
            _ => {}
        }
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::Unmasked);
        }
        let short = second & 0x7f;
        if opcode.is_control() && usize::from(short) > LONGEST_CONTROL {
            return Err(Violation::LongControl);
        }
        let (length, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let minimal = match short {
            126 => length > 125,
            127 => length > u64::from(u16::MAX) && length >> 63 == 0,
            _ => true,
        };
        if !minimal {
            return Err(Violation::BadLength);
        }
        let Some((&key, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let head = Self { opcode, last, compressed, length, key };
        Ok(Some((head, bytes.len() - rest.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEW: Expected = Expected { deflate: false, within: false };

    #[test]
    fn lengths_are_written_in_one_way_only() {
        let read = |bytes: &[u8]| Head::read(bytes, NEW).map(|head| head.map(|head| head.0.length));
        assert_eq!(read(b"\x82\xfdkeys"), Ok(Some(125)));
        assert_eq!(read(b"\x82\xfe\x00\x7ekeys"), Ok(Some(126)));
        assert_eq!(read(b"\x82\xfe\x00\x7d"), Err(Violation::BadLength));
        assert_eq!(read(b"\x82\xff\0\0\0\0\0\x01\0\0keys"), Ok(Some(65536)));
        assert_eq!(read(b"\x82\xff\0\0\0\0\0\0\xff\xff"), Err(Violation::BadLength));
        assert_eq!(read(b"\x82\xff\x80\0\0\0\0\x01\0\0"), Err(Violation::BadLength));
    }

    #[test]
    fn each_rule_has_its_violation() {
        let read = |bytes: &[u8], deflate, within| {
            Head::read(bytes, Expected { deflate, within }).map(|head| head.is_some())
        };
        for reserved in [0x83, 0x87, 0x8b, 0x8f] {
            assert_eq!(read(&[reserved], true, false), Err(Violation::ReservedOpcode));
        }
        for (bits, deflate, within) in [
            (0xc1, false, false),
            (0xa1, true, false),
            (0x91, true, false),
            (0xc0, true, true),
            (0xc9, true, false),
        ] {
            assert_eq!(read(&[bits], deflate, within), Err(Violation::ReservedBit), "{bits:x}");
        }
        assert_eq!(read(b"\xc1\x80keys", true, false), Ok(true));
        assert_eq!(read(b"\x80", false, false), Err(Violation::NothingToContinue));
        assert_eq!(read(b"\x81", false, true), Err(Violation::Interleaved));
        assert_eq!(read(b"\x09", false, false), Err(Violation::FragmentedControl));
        assert_eq!(read(b"\x81\x05", false, false), Err(Violation::Unmasked));
        assert_eq!(read(b"\x89\xfe", false, false), Err(Violation::LongControl));
    }

    proptest! {
        #[test]
        fn more_bytes_never_change_what_fewer_have_shown(
            bytes in prop::collection::vec(any::<u8>(), 0..20), deflate: bool, within: bool,
        ) {
            let expected = Expected { deflate, within };
            let whole = Head::read(&bytes, expected);
            for cut in 0..bytes.len() {
                let part = Head::read(&bytes[..cut], expected);
                prop_assert!(part == Ok(None) || part == whole);
            }
        }
    }
}
