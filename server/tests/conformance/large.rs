//! Cases 9 and 10: large messages, whole, in fragments and in chops; many round trips.

use super::client::{Client, frame};
use super::{BINARY, CONTINUATION, End, FIN, PING, PONG, TEXT, case, whole};

const KIB: usize = 1024;

fn pattern(opcode: u8, length: usize) -> Vec<u8> {
    let bytes = if opcode == TEXT { b'a'..=b'z' } else { 0..=255 };
    bytes.cycle().take(length).collect()
}

/// One message in fragments of this many bytes.
fn fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = payload.len().div_ceil(size);
    let parts = payload.chunks(size).enumerate().map(|(index, part)| {
        let opcode = if index == 0 { opcode } else { CONTINUATION };
        frame(if index + 1 == count { FIN | opcode } else { opcode }, part)
    });
    parts.collect()
}

#[test]
fn large_messages_are_echoed() {
    for (group, opcode) in [(1, TEXT), (2, BINARY)] {
        for (index, size) in [64, 256, 1024, 4096].into_iter().enumerate() {
            let payload = pattern(opcode, size * KIB);
            let number = format!("9.{group}.{}", index + 1);
            let sent = frame(FIN | opcode, &payload);
            case(&number, &[sent], &[whole(opcode, payload)], End::Open);
        }
    }
}

#[test]
fn large_messages_in_fragments_are_echoed_whole() {
    for (group, opcode) in [(3, TEXT), (4, BINARY)] {
        let payload = pattern(opcode, 512 * KIB);
        for (index, size) in [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB].into_iter().enumerate() {
            let number = format!("9.{group}.{}", index + 1);
            let sent = [fragments(opcode, &payload, size).concat()];
            case(&number, &sent, &[whole(opcode, &payload)], End::Open);
        }
    }
    let payload = pattern(TEXT, 65536);
    let sent = fragments(TEXT, &payload, 1300);
    case("10.1.1", &sent, &[whole(TEXT, payload)], End::Open);
}

#[test]
fn large_messages_in_chops_are_echoed_whole() {
    for (group, opcode) in [(5, TEXT), (6, BINARY)] {
        let payload = pattern(opcode, 256 * KIB);
        for (index, size) in [64, 128, 256, 512, KIB, 2 * KIB].into_iter().enumerate() {
            let number = format!("9.{group}.{}", index + 1);
            let chops: Vec<_> =
                frame(FIN | opcode, &payload).chunks(size).map(<[u8]>::to_vec).collect();
            case(&number, &chops, &[whole(opcode, &payload)], End::Open);
        }
    }
}

#[test]
fn many_round_trips_keep_their_order() {
    for (group, opcode) in [(7, TEXT), (8, BINARY)] {
        for (index, size) in [0, 16, 64, 256, KIB, 4 * KIB].into_iter().enumerate() {
            let number = format!("9.{group}.{}", index + 1);
            let mut client = Client::open("");
            for round in 0..100 {
                let mut payload = pattern(opcode, size);
                payload.extend_from_slice(round.to_string().as_bytes());
                let ping = round.to_string();
                client.send(&[frame(FIN | opcode, &payload), frame(FIN | PING, ping.as_bytes())]);
                assert_eq!(client.next(), Some(whole(opcode, payload)), "case {number}");
                assert_eq!(client.next(), Some(whole(PONG, ping)), "case {number}");
            }
        }
    }
}
