//! The WebSocket codec against RFC 6455 and RFC 7692, over real sockets: the echo example is
//! served, a client that can break every rule sends to it. The cases bear the numbers of the
//! Autobahn test suite, whose list they follow.

mod client;
mod closing;
mod compression;
mod fragments;
mod framing;
mod large;
mod text;

#[path = "../../examples/echo/serve.rs"]
mod serve;

use client::{Client, Frame};

/// Sent frames have this bit where they end their message.
const FIN: u8 = 0x80;
/// Sent frames have this bit where their message is compressed.
const RSV1: u8 = 0x40;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 0xa;

/// How a case ends, after the frames that it expects.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The connection goes on; the client closes it and is answered.
    Open,
    /// The server closes it with this code.
    Code(u16),
    /// The server answers a close without a code.
    NoCode,
}

/// A frame as the server sends it.
fn whole(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame { first: FIN | opcode, payload: payload.as_ref().to_vec() }
}

/// Sends `pieces`, each by itself, and sees what comes back.
fn case(number: &str, pieces: &[Vec<u8>], expected: &[Frame], end: End) {
    let mut client = Client::open("");
    client.send(pieces);
    if matches!(end, End::Open) {
        client.send(&[client::frame(FIN | CLOSE, &1000_u16.to_be_bytes())]);
    }
    for (index, expected) in expected.iter().enumerate() {
        assert_eq!(client.next().as_ref(), Some(expected), "case {number}, frame {index}");
    }
    client.ends(number, end);
}
