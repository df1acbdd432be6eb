//! Cases 1 to 4: payloads of all lengths, pings, reserved bits and opcodes.

use super::client::frame;
use super::{BINARY, End, FIN, PING, PONG, TEXT, case, whole};

/// Every length that is written in another way, and those beside it.
const LENGTHS: [usize; 8] = [0, 125, 126, 127, 128, 65535, 65536, 65537];

#[test]
fn messages_of_every_length_are_echoed() {
    for (group, opcode, byte) in [(1, TEXT, b'*'), (2, BINARY, 0xfe)] {
        for (index, length) in LENGTHS.into_iter().enumerate() {
            let payload = vec![byte; length];
            let number = format!("1.{group}.{}", index + 1);
            let sent = frame(FIN | opcode, &payload);
            case(&number, &[sent], &[whole(opcode, payload)], End::Open);
        }
        let payload = vec![byte; 65536];
        let chops: Vec<_> = frame(FIN | opcode, &payload).chunks(997).map(<[u8]>::to_vec).collect();
        case(&format!("1.{group}.8"), &chops, &[whole(opcode, payload)], End::Open);
    }
}

#[test]
fn pings_are_answered_with_what_they_carried() {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    for (number, payload) in [
        ("2.1", &b""[..]),
        ("2.2", b"Hello, world!"),
        ("2.3", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),
        ("2.4", &[0xfe; 125]),
    ] {
        case(number, &[ping(payload)], &[whole(PONG, payload)], End::Open);
    }
    case("2.5", &[ping(&[0xfe; 126])], &[], End::Code(1002));
    let octets: Vec<_> = ping(&[0xfe; 125]).into_iter().map(|octet| vec![octet]).collect();
    case("2.6", &octets, &[whole(PONG, [0xfe; 125])], End::Open);
    let ten: Vec<_> = (0..10_u8).map(|index| ping(&[index])).collect();
    let pongs: Vec<_> = (0..10_u8).map(|index| whole(PONG, [index])).collect();
    case("2.10", &ten, &pongs, End::Open);
    let octets: Vec<_> = ten.concat().into_iter().map(|octet| vec![octet]).collect();
    case("2.11", &octets, &pongs, End::Open);
}

#[test]
fn pongs_that_nobody_asked_for_are_ignored() {
    case("2.7", &[frame(FIN | PONG, b"")], &[], End::Open);
    case("2.8", &[frame(FIN | PONG, b"unsolicited")], &[], End::Open);
    let both = [frame(FIN | PONG, b"unsolicited"), frame(FIN | PING, b"ping")];
    case("2.9", &both, &[whole(PONG, b"ping")], End::Open);
}

#[test]
fn reserved_bits_fail_the_connection_after_what_came_before() {
    let hello = frame(FIN | TEXT, b"Hello, world!");
    let echoed = whole(TEXT, b"Hello, world!");
    case("3.1", &[frame(FIN | 0x10 | TEXT, b"*")], &[], End::Code(1002));
    for (number, bits) in [("3.2", 0x20), ("3.3", 0x30), ("3.4", 0x40)] {
        let wrong = frame(FIN | bits | TEXT, b"Hello, world!");
        let sent = [hello.clone(), wrong, frame(FIN | PING, b"")];
        case(number, &sent, std::slice::from_ref(&echoed), End::Code(1002));
        let together = [sent.concat()];
        case(number, &together, std::slice::from_ref(&echoed), End::Code(1002));
    }
    case("3.5", &[frame(FIN | 0x50 | BINARY, b"*")], &[], End::Code(1002));
    case("3.6", &[frame(FIN | 0x60 | PING, b"*")], &[], End::Code(1002));
    case("3.7", &[frame(FIN | 0x70 | 8, b"")], &[], End::Code(1002));
}

#[test]
fn reserved_opcodes_fail_the_connection_after_what_came_before() {
    let hello = frame(FIN | TEXT, b"Hello, world!");
    for (group, opcodes) in [(1, 3..8), (2, 11..16)] {
        for (index, opcode) in opcodes.enumerate() {
            let number = format!("4.{group}.{}", index + 1);
            case(&number, &[frame(FIN | opcode, b"")], &[], End::Code(1002));
            let sent = [hello.clone(), frame(FIN | opcode, b"*"), frame(FIN | PING, b"")];
            case(&number, &sent, &[whole(TEXT, b"Hello, world!")], End::Code(1002));
        }
    }
}

#[test]
fn lengths_and_masks_that_are_not_as_they_must_be_fail_the_connection() {
    case("unmasked", &[b"\x81\x05hello".to_vec()], &[], End::Code(1002));
    case("126 for 125", &[b"\x82\xfe\x00\x7dkeys".to_vec()], &[], End::Code(1002));
    case("127 for 65535", &[b"\x82\xff\0\0\0\0\0\0\xff\xffkeys".to_vec()], &[], End::Code(1002));
    let top = b"\x82\xff\x80\0\0\0\0\0\0\x01keys".to_vec();
    case("the topmost bit", &[top], &[], End::Code(1002));
    let huge = b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffkeys".to_vec();
    case("beyond the limit", &[huge], &[], End::Code(1009));
}
