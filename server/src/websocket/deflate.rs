//! Compressing and inflating one message (RFC 7692, section 7.2), each by itself: no window is
//! kept from one to the next, so a session holds none, and one compressed frame fits all sessions.
//!
//! One compressor and one inflater a thread are used again and again; each is some tens to some
//! hundreds of KiB.

pub use super::extension::negotiate;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

/// How hard it tries.
const LEVEL: Compression = Compression::new(6);

/// What every flushed block ends with, and what a message leaves out (section 7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// What is fed after a message: the tail that it left out, and an empty last block. Only where that
/// one is understood as such was the message whole.
const ENDING: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];

/// How many streams that say of themselves that they end a message may have. Some compressors can
/// only flush by ending (section 7.2.3.4); each new one costs more than its bytes.
const MOST_STREAMS: usize = 64;

/// How much is inflated before the output has to grow again, in bytes.
const STEP: usize = 16 * 1024;

thread_local! {
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(LEVEL, false));
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Why a message could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It is not what a compressor makes, or not all of it.
    #[error("the compressed data are broken")]
    Broken,
    /// It is larger than the limit.
    #[error("the message is larger than the limit")]
    TooLarge,
}

/// A whole message's compressed payload.
pub fn compress(payload: &[u8]) -> Vec<u8> {
    let mut out = block(payload);
    out.truncate(out.len() - TAIL.len());
    out
}

/// A part of a message, compressed by itself; ends with [`TAIL`]. Parts can be joined, and are a
/// message's payload once the last tail is cut off.
pub fn block(payload: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        // Room for what cannot be made smaller, so that it is written in one go.
        let mut out = Vec::with_capacity(longest(payload.len()));
        loop {
            let before = compressor.total_in();
            let read = usize::try_from(before).unwrap_or(usize::MAX);
            let rest = payload.get(read..).unwrap_or_default();
            let status = compressor.compress_vec(rest, &mut out, FlushCompress::Sync);
            let stuck = !matches!(status, Ok(Status::Ok));
            // The output is flushed when there is room left after it.
            if stuck || compressor.total_in() == payload.len() as u64 && out.len() < out.capacity()
            {
                return out;
            }
            out.reserve(STEP);
        }
    })
}

/// How long a message of `length` bytes may become by being compressed: compressors store what they
/// cannot make smaller, with some bytes more for each piece.
pub const fn longest(length: usize) -> usize {
    length.saturating_add(length / 256).saturating_add(64)
}

/// The message whose compressed payload this is.
///
/// # Errors
/// If it is broken, or larger than `limit` bytes; never more than that is held.
pub fn inflate(payload: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    // Strictly an empty message is one byte, but some compressors make nothing of nothing.
    if payload.is_empty() {
        return Ok(Vec::new());
    }
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(false);
        let mut inflating = Inflating { inflater, out: Vec::new(), limit, streams: 1 };
        inflating.feed(payload)?;
        if inflating.feed(&ENDING)? { Ok(inflating.out) } else { Err(InflateError::Broken) }
    })
}

struct Inflating<'a> {
    inflater: &'a mut Decompress,
    out: Vec<u8>,
    limit: usize,
    streams: usize,
}

impl Inflating<'_> {
    /// Inflates all of `input`; whether it ended just where a stream does.
    fn feed(&mut self, mut input: &[u8]) -> Result<bool, InflateError> {
        let mut ended = false;
        loop {
            if ended && !input.is_empty() {
                self.streams += 1;
                if self.streams > MOST_STREAMS {
                    return Err(InflateError::Broken);
                }
                self.inflater.reset(false);
            }
            if self.out.len() == self.out.capacity() {
                // One byte beyond the limit shows that there is more than it allows.
                let room = self.limit.saturating_add(1) - self.out.len();
                let step = self.out.len().max(input.len() * 4).clamp(64, STEP.max(self.out.len()));
                self.out.reserve_exact(step.min(room));
            }
            let (read, written) = (self.inflater.total_in(), self.out.len());
            let status = self
                .inflater
                .decompress_vec(input, &mut self.out, FlushDecompress::None)
                .map_err(|_| InflateError::Broken)?;
            let read = usize::try_from(self.inflater.total_in() - read).unwrap_or(usize::MAX);
            input = &input[read..];
            if self.out.len() > self.limit {
                return Err(InflateError::TooLarge);
            }
            ended = status == Status::StreamEnd;
            // With room left there is no more output to come before more input.
            let drained = self.out.len() < self.out.capacity();
            if input.is_empty() && (ended || drained) {
                return Ok(ended);
            }
            if !ended && drained && read == 0 && self.out.len() == written {
                return Err(InflateError::Broken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that compress well, and bytes that do not.
    fn payloads() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            any::<Vec<u8>>(),
            prop::collection::vec(prop::sample::select(&b"aab{}\":,"[..]), 0..5000),
            (any::<u8>(), 0_usize..200_000).prop_map(|(byte, count)| vec![byte; count]),
            (any::<u32>(), 0_usize..100_000).prop_map(|(seed, count)| noise(seed, count)),
        ]
    }

    fn noise(seed: u32, count: usize) -> Vec<u8> {
        let mut state = u64::from(seed) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let hello = |payload: &[u8]| {
            assert_eq!(inflate(payload, 5), Ok(b"Hello".to_vec()), "{payload:x?}");
        };
        hello(b"\xf2\x48\xcd\xc9\xc9\x07\x00");
        // Not compressed at all; with the end of a stream; in two blocks.
        hello(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00");
        hello(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00");
        hello(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00");
        assert_eq!(inflate(b"\x00", 0), Ok(Vec::new()));
        assert_eq!(inflate(b"", 0), Ok(Vec::new()));
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_refused() {
        let whole = compress(b"a page of text, a page of text, a page of text");
        for cut in 1..whole.len() {
            assert_eq!(inflate(&whole[..cut], 100), Err(InflateError::Broken), "{cut}");
        }
        assert_eq!(inflate(b"\xff\xff\xff", 100), Err(InflateError::Broken));
        assert_eq!(inflate(b"\xf3\x48\xcd\xc9\xc9\x07\x00", 100), Err(InflateError::Broken));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = compress(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert_eq!(inflate(&bomb, 1_000_000), Err(InflateError::TooLarge));
        assert_eq!(inflate(&bomb, 9_999_999), Err(InflateError::TooLarge));
        assert_eq!(inflate(&bomb, 10_000_000).map(|out| out.len()), Ok(10_000_000));
        // Streams without end that hold nothing.
        assert_eq!(inflate(&[3, 0].repeat(1000), 100), Err(InflateError::Broken));
    }

    proptest! {
        #[test]
        fn what_was_compressed_is_the_same_when_inflated(payload in payloads()) {
            let compressed = compress(&payload);
            prop_assert!(compressed.len() <= longest(payload.len()));
            prop_assert_eq!(inflate(&compressed, payload.len()), Ok(payload));
        }

        #[test]
        fn blocks_that_are_joined_are_the_joined_text(
            parts in prop::collection::vec(payloads(), 1..5),
        ) {
            let mut joined = Vec::new();
            for part in &parts {
                let block = block(part);
                prop_assert!(block.ends_with(&TAIL));
                joined.extend_from_slice(&block);
            }
            joined.truncate(joined.len() - TAIL.len());
            let whole = parts.concat();
            prop_assert_eq!(inflate(&joined, whole.len()), Ok(whole));
        }

        #[test]
        fn what_strangers_send_is_never_inflated_beyond_the_limit(
            payload: Vec<u8>, limit in 0_usize..300,
        ) {
            if let Ok(out) = inflate(&payload, limit) {
                prop_assert!(out.len() <= limit);
            }
        }
    }
}
