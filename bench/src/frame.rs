//! WebSocket frames (RFC 6455, section 5) as a page needs them: those of the server are looked at
//! where they lie, those of the page are small.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text or binary, whole or the last or any other part of a message.
    Data,
    Close,
    Ping,
    Pong,
}

/// A whole frame at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'b> {
    pub kind: Kind,
    pub payload: &'b [u8],
    /// How many bytes it takes, its head included.
    pub length: usize,
}

/// Why bytes are not a frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// An opcode that there is not.
    Opcode(u8),
    /// A server does not mask (section 5.1).
    Masked,
    /// A reserved bit is set; no extension was agreed to.
    Reserved,
}

/// The frame at the beginning of `bytes`; `None` when it is not all there.
#[inline]
pub(crate) fn first(bytes: &[u8]) -> Result<Option<Frame<'_>>, Wrong> {
    let [head, length, rest @ ..] = bytes else { return Ok(None) };
    if head & 0x70 != 0 {
        return Err(Wrong::Reserved);
    }
    if length & 0x80 != 0 {
        return Err(Wrong::Masked);
    }
    let kind = match head & 0x0f {
        0..=2 => Kind::Data,
        8 => Kind::Close,
        9 => Kind::Ping,
        10 => Kind::Pong,
        other => return Err(Wrong::Opcode(other)),
    };
    let (size, start): (usize, usize) = match (length & 0x7f, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
        (127, long) if let Some(size) = long.first_chunk() => {
            (usize::try_from(u64::from_be_bytes(*size)).unwrap_or(usize::MAX), 10)
        }
        (126 | 127, _) => return Ok(None),
        (small, _) => (usize::from(small), 2),
    };
    let Some(payload) = start.checked_add(size).and_then(|end| bytes.get(start..end)) else {
        return Ok(None);
    };
    Ok(Some(Frame { kind, payload, length: start + size }))
}

/// A page's frame. The mask is zero, which masks nothing: no proxy is in between to be confused.
pub(crate) fn from_page(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let opcode = match kind {
        Kind::Data => 1,
        Kind::Close => 8,
        Kind::Ping => 9,
        Kind::Pong => 10,
    };
    // What a page says here is a control frame or a few letters, never more than 125 bytes.
    let length = payload.len().min(125);
    let mut frame = Vec::with_capacity(6 + length);
    frame.extend_from_slice(&[0x80 | opcode, 0x80 | u8::try_from(length).unwrap_or(125)]);
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&payload[..length]);
    frame
}

/// A server's text frame, as the floor sends it.
pub(crate) fn from_server(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(10 + payload.len());
    frame.push(0x81);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_walked_one_by_one() {
        for size in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; size];
            let one = from_server(&payload);
            let two = [one.clone(), one.clone()].concat();
            let frame = first(&two).expect("it is well formed").expect("it is whole");
            assert_eq!(
                (frame.kind, frame.payload, frame.length),
                (Kind::Data, &payload[..], one.len())
            );
            let rest = first(&two[frame.length..]).expect("it is well formed");
            assert_eq!(rest.map(|frame| frame.length), Some(one.len()));
        }
    }

    #[test]
    fn a_frame_that_is_cut_anywhere_is_waited_for() {
        for size in [0, 125, 126, 65_536] {
            let whole = from_server(&vec![b'x'; size]);
            for end in (0..whole.len()).take(20).chain([whole.len() - 1]) {
                assert_eq!(first(&whole[..end]), Ok(None), "{size} bytes, cut at {end}");
            }
        }
    }

    #[test]
    fn what_a_server_may_not_send_is_named() {
        assert_eq!(first(&[0x81, 0x80, 0, 0, 0, 0]), Err(Wrong::Masked));
        assert_eq!(first(&[0xc1, 0x00]), Err(Wrong::Reserved));
        assert_eq!(first(&[0x83, 0x00]), Err(Wrong::Opcode(3)));
    }

    #[test]
    fn control_frames_are_known_and_answered_in_kind() {
        let ping = [0x89, 2, b'h', b'i'];
        let frame = first(&ping).expect("it is well formed").expect("it is whole");
        assert_eq!((frame.kind, frame.payload), (Kind::Ping, &b"hi"[..]));
        let answer = from_page(Kind::Pong, frame.payload);
        assert_eq!(answer, [0x8a, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }
}
