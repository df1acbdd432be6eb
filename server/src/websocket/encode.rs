//! What the server sends: frames that are whole and not masked.

use super::close::LONGEST_REASON;
use super::frame::{LONGEST_CONTROL, Opcode};
use bytes::Bytes;

/// Writes a frame's head. `compressed` says that the payload is (RFC 7692, section 6).
pub fn header(opcode: Opcode, compressed: bool, length: usize, out: &mut Vec<u8>) {
    out.push(0x80 | u8::from(compressed) << 6 | opcode as u8);
    if let Ok(short @ 0..=125) = u8::try_from(length) {
        out.push(short);
    } else if let Ok(short) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// A whole frame.
fn frame(opcode: Opcode, compressed: bool, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(10 + payload.len());
    header(opcode, compressed, payload.len(), &mut out);
    out.extend_from_slice(payload);
    out.into()
}

/// A text message; `payload` must be UTF-8.
pub fn text(payload: &[u8]) -> Bytes {
    frame(Opcode::Text, false, payload)
}

/// A binary message.
pub fn binary(payload: &[u8]) -> Bytes {
    frame(Opcode::Binary, false, payload)
}

/// A text message that [`super::deflate::compress`] made small; only where that was agreed on.
pub fn compressed_text(payload: &[u8]) -> Bytes {
    frame(Opcode::Text, true, payload)
}

/// A binary message that [`super::deflate::compress`] made small; only where that was agreed on.
pub fn compressed_binary(payload: &[u8]) -> Bytes {
    frame(Opcode::Binary, true, payload)
}

/// Asks for a sign of life. What is beyond 125 bytes is left out.
pub fn ping(payload: &[u8]) -> Bytes {
    frame(Opcode::Ping, false, &payload[..payload.len().min(LONGEST_CONTROL)])
}

/// The answer to a ping that carried `payload`. What is beyond 125 bytes is left out.
pub fn pong(payload: &[u8]) -> Bytes {
    frame(Opcode::Pong, false, &payload[..payload.len().min(LONGEST_CONTROL)])
}

/// The end, and why; a reason beyond 123 bytes is cut after a whole character.
pub fn close(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    frame(Opcode::Close, false, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// The end without a code, as the answer to a close that had none.
pub fn close_without_code() -> Bytes {
    frame(Opcode::Close, false, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_as_short_as_they_can_be() {
        let head = |length| {
            let mut out = Vec::new();
            header(Opcode::Text, false, length, &mut out);
            out
        };
        assert_eq!(head(0), b"\x81\x00");
        assert_eq!(head(125), b"\x81\x7d");
        assert_eq!(head(126), b"\x81\x7e\x00\x7e");
        assert_eq!(head(65535), b"\x81\x7e\xff\xff");
        assert_eq!(head(65536), b"\x81\x7f\0\0\0\0\0\x01\0\0");
        assert_eq!(compressed_text(b"x")[..], *b"\xc1\x01x");
    }

    #[test]
    fn control_frames_never_exceed_what_they_may() {
        assert_eq!(ping(&[7; 200]).len(), 2 + 125);
        assert_eq!(pong(b"hi")[..], *b"\x8a\x02hi");
        assert_eq!(close(1000, "bye")[..], *b"\x88\x05\x03\xe8bye");
        let long = close(1000, &"\u{20ac}".repeat(60));
        assert_eq!(long.len(), 2 + 2 + 123);
        assert!(str::from_utf8(&close(1000, &format!("x{}", "\u{20ac}".repeat(60)))[4..]).is_ok());
    }
}
