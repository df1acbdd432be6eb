//! Cases 5: messages in fragments.

use super::client::frame;
use super::{CONTINUATION, End, FIN, PING, PONG, TEXT, case, whole};

fn octets(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    frames.concat().into_iter().map(|octet| vec![octet]).collect()
}

#[test]
fn control_frames_are_never_fragmented() {
    for (number, opcode) in [("5.1", PING), ("5.2", PONG)] {
        let sent = [frame(opcode, b"fragment1"), frame(FIN | CONTINUATION, b"fragment2")];
        case(number, &sent, &[], End::Code(1002));
    }
}

#[test]
fn a_message_in_two_fragments_is_echoed_whole() {
    let sent = [frame(TEXT, b"fragment1"), frame(FIN | CONTINUATION, b"fragment2")];
    let echoed = [whole(TEXT, b"fragment1fragment2")];
    case("5.3", &sent, &echoed, End::Open);
    case("5.4", &[sent.concat()], &echoed, End::Open);
    case("5.5", &octets(&sent), &echoed, End::Open);
}

#[test]
fn a_ping_between_fragments_is_answered_at_once() {
    let sent = [
        frame(TEXT, b"fragment1"),
        frame(FIN | PING, b"ping"),
        frame(FIN | CONTINUATION, b"fragment2"),
    ];
    let expected = [whole(PONG, b"ping"), whole(TEXT, b"fragment1fragment2")];
    case("5.6", &sent, &expected, End::Open);
    case("5.7", &[sent.concat()], &expected, End::Open);
    case("5.8", &octets(&sent), &expected, End::Open);
}

#[test]
fn a_continuation_continues_something() {
    for (numbers, fin) in [(["5.9", "5.10", "5.11"], FIN), (["5.12", "5.13", "5.14"], 0)] {
        let sent = [
            frame(fin | CONTINUATION, b"non-continuation payload"),
            frame(FIN | TEXT, b"Hello, world!"),
        ];
        case(numbers[0], &sent, &[], End::Code(1002));
        case(numbers[1], &[sent.concat()], &[], End::Code(1002));
        case(numbers[2], &octets(&sent), &[], End::Code(1002));
    }
    let sent = [
        frame(TEXT, b"fragment1"),
        frame(FIN | CONTINUATION, b"fragment2"),
        frame(CONTINUATION, b"fragment3"),
        frame(FIN | TEXT, b"fragment4"),
    ];
    case("5.15", &sent, &[whole(TEXT, b"fragment1fragment2")], End::Code(1002));
    for (number, fin) in [("5.16", 0), ("5.17", FIN)] {
        let sent = [
            frame(fin | CONTINUATION, b"fragment1"),
            frame(TEXT, b"fragment2"),
            frame(FIN | CONTINUATION, b"fragment3"),
        ];
        case(number, &[&sent[..], &sent].concat(), &[], End::Code(1002));
    }
}

#[test]
fn a_message_does_not_begin_within_another_one() {
    let sent = [frame(TEXT, b"fragment1"), frame(FIN | TEXT, b"fragment2")];
    case("5.18", &sent, &[], End::Code(1002));
}

#[test]
fn many_fragments_with_pings_between_are_one_message() {
    let sent = [
        frame(TEXT, b"fragment1"),
        frame(CONTINUATION, b"fragment2"),
        frame(FIN | PING, b"pongme 1!"),
        frame(CONTINUATION, b"fragment3"),
        frame(FIN | PING, b"pongme 2!"),
        frame(CONTINUATION, b"fragment4"),
        frame(FIN | CONTINUATION, b"fragment5"),
    ];
    let expected = [
        whole(PONG, b"pongme 1!"),
        whole(PONG, b"pongme 2!"),
        whole(TEXT, b"fragment1fragment2fragment3fragment4fragment5"),
    ];
    case("5.19", &sent, &expected, End::Open);
    case("5.20", &[sent.concat()], &expected, End::Open);
}
