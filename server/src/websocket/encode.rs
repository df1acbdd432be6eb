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

/// Where the frame ends that is being sent: `frames` is a run of whole frames of the server, of
/// which `written` bytes are sent. What queues behind can be dropped without breaking the stream.
/// Where no frame is half sent it is `written` itself.
pub fn boundary(frames: &[u8], written: usize) -> usize {
    let mut end = 0;
    while end < written {
        let Some(length) = frames.get(end..).and_then(length) else { return frames.len() };
        end = end.saturating_add(length);
    }
    end.min(frames.len())
}

/// The length of the frame that `frames` begins with, head and payload.
fn length(frames: &[u8]) -> Option<usize> {
    let rest = frames.get(2..)?;
    let (head, payload) = match frames[1] {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    };
    payload.checked_add(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn the_boundary_is_the_end_of_the_frame_that_is_being_sent(
            lengths in prop::collection::vec(prop_oneof![0_usize..300, 65_530_usize..65_540], 1..6),
            written: prop::sample::Index,
        ) {
            let mut frames = Vec::new();
            let mut ends = vec![0];
            for length in lengths {
                frames.extend_from_slice(&binary(&vec![0; length]));
                ends.push(frames.len());
            }
            let written = written.index(frames.len() + 1);
            let expected = ends.into_iter().find(|&end| end >= written);
            prop_assert_eq!(Some(boundary(&frames, written)), expected);
        }

        #[test]
        fn bytes_that_are_no_frames_do_no_harm(bytes: Vec<u8>, written: prop::sample::Index) {
            let written = written.index(bytes.len() + 1);
            let boundary = boundary(&bytes, written);
            prop_assert!(boundary >= written && boundary <= bytes.len());
        }
    }
}
