//! Cases 12 and 13: permessage-deflate, and the handshake.

use super::client::{Client, Frame, frame};
use super::{BINARY, CONTINUATION, End, FIN, PING, PONG, RSV1, TEXT, whole};
use nowcast::websocket::deflate;

const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The sizes of the suite, in bytes.
const SIZES: [usize; 12] =
    [0, 16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 1_000_000];

/// JSON as pages send it, and bytes that cannot be made smaller.
fn payload(opcode: u8, length: usize) -> Vec<u8> {
    if opcode == TEXT {
        let numbers = (0_u32..).flat_map(|number| format!("{{\"item\":{number}}},").into_bytes());
        return numbers.take(length).collect();
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    noise.take(length).collect()
}

/// A message that came compressed, as it was before.
fn inflated(frame: Option<Frame>, opcode: u8, limit: usize) -> Vec<u8> {
    let frame = frame.expect("an answer");
    assert_eq!(frame.first, FIN | RSV1 | opcode);
    deflate::inflate(&frame.payload, limit).expect("an answer that can be inflated")
}

#[test]
fn compressed_messages_of_every_size_come_back_compressed() {
    for opcode in [TEXT, BINARY] {
        let mut client = Client::open("permessage-deflate; client_max_window_bits");
        assert_eq!(client.extensions.as_deref(), Some(AGREED));
        for size in SIZES {
            let payload = payload(opcode, size);
            let packed = deflate::compress(&payload);
            client.send(&[frame(FIN | RSV1 | opcode, &packed)]);
            assert_eq!(inflated(client.next(), opcode, size), payload, "{size} bytes, whole");

            let parts: Vec<_> = packed.chunks(packed.len().div_ceil(3)).collect();
            for (index, part) in parts.iter().enumerate() {
                let first = if index == 0 { RSV1 | opcode } else { CONTINUATION };
                let last = if index + 1 == parts.len() { FIN } else { 0 };
                client.send(&[frame(first | last, part), frame(FIN | PING, b"between")]);
            }
            for _ in 1..parts.len() {
                assert_eq!(client.next(), Some(whole(PONG, b"between")));
            }
            assert_eq!(inflated(client.next(), opcode, size), payload, "{size} bytes, in parts");
            assert_eq!(client.next(), Some(whole(PONG, b"between")));
        }
    }
}

#[test]
fn messages_may_be_sent_as_they_are_where_compression_was_agreed_on() {
    let mut client = Client::open("permessage-deflate");
    client.send(&[frame(FIN | TEXT, b"plain")]);
    assert_eq!(inflated(client.next(), TEXT, 5), b"plain");
}

#[test]
fn offers_are_answered_as_far_as_they_can_be_kept() {
    let window = format!("{AGREED}; server_max_window_bits=15");
    for (number, offer, answer) in [
        ("13.1", "permessage-deflate; client_max_window_bits", Some(AGREED)),
        ("13.2", "permessage-deflate; server_no_context_takeover", Some(AGREED)),
        ("13.3", "permessage-deflate; server_max_window_bits=9", None),
        ("13.4", "permessage-deflate; server_max_window_bits=15", Some(&window[..])),
        ("13.5", "permessage-deflate; server_no_context_takeover; server_max_window_bits=9", None),
        (
            "13.6",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
            Some(&window[..]),
        ),
        ("13.7", "permessage-deflate; server_max_window_bits=9, permessage-deflate", Some(AGREED)),
        ("unknown", "permessage-bzip2, permessage-deflate; level=9", None),
    ] {
        let mut client = Client::open(offer);
        assert_eq!(client.extensions.as_deref(), answer, "case {number}");
        client.send(&[frame(FIN | TEXT, b"Hello")]);
        let echoed = client.next();
        if answer.is_some() {
            assert_eq!(inflated(echoed, TEXT, 5), b"Hello", "case {number}");
        } else {
            assert_eq!(echoed, Some(whole(TEXT, b"Hello")), "case {number}");
        }
    }
}

#[test]
fn what_cannot_be_inflated_fails_the_connection() {
    let bomb = deflate::compress(&vec![0; 65 * 1024 * 1024]);
    for (what, opcode, packed, code) in [
        ("no deflate", TEXT, b"\xff\xff\xff".to_vec(), 1007),
        ("cut off", TEXT, deflate::compress(&payload(TEXT, 999))[..20].to_vec(), 1007),
        ("not UTF-8", TEXT, deflate::compress(b"\xff"), 1007),
        ("too large", BINARY, bomb, 1009),
    ] {
        let mut client = Client::open("permessage-deflate");
        client.send(&[frame(FIN | RSV1 | opcode, &packed)]);
        client.ends(what, End::Code(code));
    }
}

#[test]
fn reserved_bits_stay_reserved_with_compression() {
    for (what, first) in [
        ("a compressed ping", FIN | RSV1 | PING),
        ("RSV2", FIN | 0x20 | TEXT),
        ("RSV1 and RSV3", FIN | RSV1 | 0x10 | TEXT),
    ] {
        let mut client = Client::open("permessage-deflate");
        client.send(&[frame(first, b"\x00")]);
        client.ends(what, End::Code(1002));
    }
    let mut client = Client::open("permessage-deflate");
    client.send(&[frame(TEXT, b"a"), frame(FIN | RSV1 | CONTINUATION, b"b")]);
    client.ends("RSV1 on a continuation", End::Code(1002));
}

#[test]
fn requests_that_are_no_handshake_are_refused() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    for (headers, status) in [
        (String::new(), 426),
        (format!("{upgrade}{key}Sec-WebSocket-Version: 12\r\n"), 426),
        (format!("{upgrade}Sec-WebSocket-Version: 13\r\n"), 400),
        (
            format!("{upgrade}{key}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: ;\r\n"),
            400,
        ),
    ] {
        let (head, _) = Client::request(&headers);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {head}");
        assert!(head.contains("sec-websocket-version: 13"), "{head}");
    }
}
