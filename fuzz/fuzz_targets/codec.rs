//! A WebSocket stream: the way it is cut never changes what it says.
//!
//! The first byte says whether compression was agreed on, the second how the stream is cut; the
//! rest is the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nowcast::websocket::{Decoder, Message, Violation, deflate};
use std::ops::ControlFlow;

/// Small enough for messages beyond it to be found.
const LIMIT: usize = 2048;

#[derive(Debug, PartialEq)]
enum Kept {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

fn keep(message: Message<'_>) -> Kept {
    match message {
        Message::Text(text) => Kept::Text(text.to_owned()),
        Message::Binary(bytes) => Kept::Binary(bytes.to_vec()),
        Message::Ping(bytes) => Kept::Ping(bytes.to_vec()),
        Message::Pong(bytes) => Kept::Pong(bytes.to_vec()),
        Message::Close(why) => Kept::Close(why.map(|(code, reason)| (code, reason.to_owned()))),
    }
}

/// Everything that a stream says if it comes in pieces of these lengths, with a stop after every
/// message.
fn read(
    deflate: bool,
    stream: &[u8],
    mut lengths: impl FnMut() -> usize,
) -> (Vec<Kept>, Result<(), Violation>) {
    let mut stream = stream.to_vec();
    let mut rest = &mut stream[..];
    let mut decoder = Decoder::new(deflate);
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let length = lengths().clamp(1, rest.len());
        let before = messages.len();
        let fed = decoder.feed(&mut rest[..length], LIMIT, &mut |message| {
            messages.push(keep(message));
            ControlFlow::Break(())
        });
        match fed {
            Err(violation) => return (messages, Err(violation)),
            Ok(fed) => {
                assert!(fed.consumed == length || messages.len() == before + 1);
                rest = &mut rest[fed.consumed..];
            }
        }
    }
    (messages, Ok(()))
}

fuzz_target!(|data: &[u8]| {
    let [flags, seed, stream @ ..] = data else { return };
    let deflate = flags & 1 == 1;
    let whole = read(deflate, stream, || usize::MAX);
    let mut state = u32::from(*seed) | 1;
    let cut = read(deflate, stream, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as usize
    });
    assert_eq!(whole, cut);
    for message in &whole.0 {
        let bytes = match message {
            Kept::Text(text) => text.as_bytes(),
            Kept::Binary(bytes) => bytes,
            Kept::Ping(bytes) | Kept::Pong(bytes) => {
                assert!(bytes.len() <= 125);
                continue;
            }
            Kept::Close(_) => continue,
        };
        assert!(bytes.len() <= LIMIT);
        if deflate {
            let packed = deflate::compress(bytes);
            assert_eq!(deflate::inflate(&packed, bytes.len()).as_deref(), Ok(bytes));
        }
    }
});
