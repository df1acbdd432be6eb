//! Close codes (RFC 6455, section 7.4, and the registry that it opened) and the close frame's
//! payload.

use super::{Message, Violation};

/// The work is done.
pub const NORMAL: u16 = 1000;
/// The protocol was broken.
pub const PROTOCOL_ERROR: u16 = 1002;
/// Text that is not UTF-8, or compressed data that are broken.
pub const INVALID_PAYLOAD: u16 = 1007;
/// A message beyond the limit.
pub const TOO_LARGE: u16 = 1009;

/// How long a reason may be, in bytes: a control frame has 125, the code two of them.
pub const LONGEST_REASON: usize = 123;

/// Whether a frame may carry the code. 1004 is reserved; 1005, 1006 and 1015 say what happened
/// where no frame came; what is below 3000 and not registered is not for use.
pub const fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads a close frame's payload: nothing, or a code and a reason.
pub(super) fn read(payload: &[u8]) -> Result<Message<'_>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(Message::Close(None))
        } else {
            Err(Violation::HalfCloseCode)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_sendable(code) {
        return Err(Violation::BadCloseCode);
    }
    let reason = str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
    Ok(Message::Close(Some((code, reason))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_may_be_sent_are_taken() {
        for good in [1000, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert!(is_sendable(good), "{good}");
        }
        for bad in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert!(!is_sendable(bad), "{bad}");
            assert_eq!(read(&u16::to_be_bytes(bad)), Err(Violation::BadCloseCode), "{bad}");
        }
    }

    #[test]
    fn a_close_has_no_payload_or_a_code_and_a_reason() {
        assert_eq!(read(b""), Ok(Message::Close(None)));
        assert_eq!(read(b"\x03"), Err(Violation::HalfCloseCode));
        assert_eq!(read(b"\x03\xe8"), Ok(Message::Close(Some((1000, "")))));
        assert_eq!(read(b"\x03\xe8bye"), Ok(Message::Close(Some((1000, "bye")))));
        assert_eq!(read(b"\x03\xe8\xff"), Err(Violation::NotUtf8));
    }
}
