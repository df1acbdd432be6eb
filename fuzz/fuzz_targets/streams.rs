//! What an outside service sends that a source follows: lines and server-sent events.
//!
//! The first byte says how the stream is cut; the rest is the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nowcast::features::sources::follow::events::{Events, Told};
use nowcast::features::sources::follow::lines::{Line, Lines};

/// Small enough for records beyond it to be found.
const LIMIT: usize = 64;

fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Option<Vec<u8>>> {
    let mut lines = Lines::new(LIMIT);
    let mut told = Vec::new();
    for piece in pieces {
        lines.feed(piece, &mut |line| match line {
            Line::Whole(line) => {
                assert!(line.len() <= LIMIT && !line.contains(&b'\n'));
                told.push(Some(line.to_vec()));
            }
            Line::TooLong => told.push(None),
        });
    }
    told
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut events = Events::new(LIMIT);
    let mut told = Vec::new();
    for piece in pieces {
        events.feed(piece, &mut |each| {
            if let Told::Event { id, data, .. } = &each {
                assert!(id.is_none_or(|id| !id.is_empty() && !id.contains(['\0', '\n', '\r'])));
                // What is not UTF-8 is replaced by a character of three bytes.
                assert!(data.len() <= 3 * LIMIT);
            }
            told.push(format!("{each:?}"));
        });
    }
    told
}

fuzz_target!(|data: &[u8]| {
    let [seed, stream @ ..] = data else { return };
    let mut state = u32::from(*seed) | 1;
    let mut rest = stream;
    let cut: Vec<&[u8]> = std::iter::from_fn(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, after) = rest.split_at((state >> 28) as usize % (rest.len() + 1));
        rest = after;
        (!piece.is_empty() || !rest.is_empty()).then_some(piece)
    })
    .collect();
    assert_eq!(lines(cut.iter().copied()), lines(std::iter::once(stream)));
    assert_eq!(events(cut.iter().copied()), events(std::iter::once(stream)));
});
