//! Cases 7: the end of a connection.

use super::client::frame;
use super::{CLOSE, CONTINUATION, End, FIN, PING, TEXT, case, whole};

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

#[test]
fn nothing_is_answered_after_a_close() {
    let hello = frame(FIN | TEXT, b"Hello World!");
    case(
        "7.1.1",
        &[hello.clone(), close(1000, b"")],
        &[whole(TEXT, b"Hello World!")],
        End::Code(1000),
    );
    let normal = close(1000, b"");
    case("7.1.2", &[normal.clone(), frame(FIN | CLOSE, b"")], &[], End::Code(1000));
    case("7.1.3", &[normal.clone(), frame(FIN | PING, b"")], &[], End::Code(1000));
    case("7.1.4", &[normal.clone(), hello], &[], End::Code(1000));
    let within =
        [frame(TEXT, b"fragment1"), normal.clone(), frame(FIN | CONTINUATION, b"fragment2")];
    case("7.1.5", &within, &[], End::Code(1000));
    let large = vec![b'B'; 256 * 1024];
    let sent =
        [frame(FIN | TEXT, &large), frame(FIN | TEXT, b"Hello"), normal, frame(FIN | PING, b"")];
    case("7.1.6", &sent, &[whole(TEXT, large), whole(TEXT, b"Hello")], End::Code(1000));
}

#[test]
fn a_close_has_no_payload_or_a_code_and_a_short_reason() {
    case("7.3.1", &[frame(FIN | CLOSE, b"")], &[], End::NoCode);
    case("7.3.2", &[frame(FIN | CLOSE, b"a")], &[], End::Code(1002));
    case("7.3.3", &[close(1000, b"")], &[], End::Code(1000));
    case("7.3.4", &[close(1000, b"Hello World!")], &[], End::Code(1000));
    case("7.3.5", &[close(1000, &[b'*'; 123])], &[], End::Code(1000));
    case("7.3.6", &[close(1000, &[b'*'; 124])], &[], End::Code(1002));
    case("7.5.1", &[close(1000, b"\xce\xba\xed\xa0\x80edited")], &[], End::Code(1007));
}

#[test]
fn codes_that_may_be_sent_are_answered_with_the_same() {
    let codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (index, code) in codes.into_iter().enumerate() {
        case(&format!("7.7.{}", index + 1), &[close(code, b"")], &[], End::Code(code));
    }
}

#[test]
fn codes_that_must_not_be_sent_fail_the_connection() {
    for (index, code) in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].into_iter().enumerate()
    {
        case(&format!("7.9.{}", index + 1), &[close(code, b"")], &[], End::Code(1002));
    }
    case("7.13.1", &[close(5000, b"")], &[], End::Code(1002));
    case("7.13.2", &[close(65535, b"")], &[], End::Code(1002));
}
