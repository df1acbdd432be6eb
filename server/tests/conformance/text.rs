//! Cases 6: text is UTF-8, and what is not fails the connection at once.

use super::client::{Client, frame};
use super::{CONTINUATION, End, FIN, PING, PONG, TEXT, case, whole};

const VALID: &[u8] = b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
const GREEK: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
/// The Greek word, then a code point beyond the last one.
const INVALID: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited";

/// A text message in fragments of these payloads.
fn fragments<'a>(payloads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let payloads: Vec<_> = payloads.into_iter().collect();
    let last = payloads.len() - 1;
    let parts = payloads.iter().enumerate().map(|(index, payload)| {
        let opcode = if index == 0 { TEXT } else { CONTINUATION };
        frame(if index == last { FIN | opcode } else { opcode }, payload)
    });
    parts.collect()
}

#[test]
fn empty_fragments_are_fragments() {
    case("6.1.1", &fragments([&b""[..]]), &[whole(TEXT, b"")], End::Open);
    case("6.1.2", &fragments([&b""[..], b"", b""]), &[whole(TEXT, b"")], End::Open);
    let middle = b"middle frame payload";
    case("6.1.3", &fragments([&b""[..], middle, b""]), &[whole(TEXT, middle)], End::Open);
}

#[test]
fn characters_may_be_cut_by_fragments() {
    let echoed = [whole(TEXT, VALID)];
    case("6.2.1", &fragments([VALID]), &echoed, End::Open);
    case("6.2.2", &fragments([&VALID[..12], &VALID[12..]]), &echoed, End::Open);
    case("6.2.3", &fragments(VALID.chunks(1)), &echoed, End::Open);
    case("6.2.4", &fragments(GREEK.chunks(1)), &[whole(TEXT, GREEK)], End::Open);
    case("6.3.1", &fragments([INVALID]), &[], End::Code(1007));
    case("6.3.2", &fragments(INVALID.chunks(1)), &[], End::Code(1007));
}

#[test]
fn what_cannot_become_utf8_fails_before_the_message_is_whole() {
    for (number, cut) in [("6.4.1", 11..15), ("6.4.2", 12..13)] {
        let mut client = Client::open("");
        client.send(&[frame(TEXT, &INVALID[..cut.start]), frame(FIN | PING, b"")]);
        assert_eq!(client.next(), Some(whole(PONG, b"")), "case {number}: so far it may be UTF-8");
        client.send(&[frame(CONTINUATION, &INVALID[cut])]);
        client.ends(number, End::Code(1007));
    }
    // The same within one frame, whose rest never comes.
    let sent = frame(FIN | TEXT, INVALID);
    let head = sent.len() - INVALID.len();
    for (number, cut) in [("6.4.3", 11..15), ("6.4.4", 12..13)] {
        let mut client = Client::open("");
        client.send(&[
            sent[..head + cut.start].to_vec(),
            sent[head + cut.start..head + cut.end].to_vec(),
        ]);
        client.ends(number, End::Code(1007));
    }
}

#[test]
fn every_prefix_of_a_text_is_judged_by_its_last_character() {
    for end in 1..=GREEK.len() {
        let prefix = &GREEK[..end];
        check(&format!("6.6.{end}"), prefix, str::from_utf8(prefix).is_ok());
    }
}

#[test]
fn the_classic_sequences_are_told_apart() {
    for (group, valid, sequences) in SEQUENCES {
        for (index, sequence) in sequences.iter().enumerate() {
            check(&format!("6.{group}, {index}"), sequence, *valid);
        }
    }
    // Non-characters are code points like others.
    for plane in 1..=16_u32 {
        for last in [0xfffe, 0xffff] {
            let character = char::from_u32(plane << 16 | last).expect("a code point");
            check("6.22", character.to_string().as_bytes(), true);
        }
    }
}

fn check(number: &str, text: &[u8], valid: bool) {
    if valid {
        case(number, &[frame(FIN | TEXT, text)], &[whole(TEXT, text)], End::Open);
    } else {
        case(number, &[frame(FIN | TEXT, text)], &[], End::Code(1007));
    }
}

/// Markus Kuhn's decoder stress test, by the numbers of the cases: whether it is UTF-8, and what.
const SEQUENCES: &[(u8, bool, &[&[u8]])] = &[
    (
        5,
        true,
        &[
            b"hello\x24world",
            b"hello\xc2\xa2world",
            b"hello\xe2\x82\xacworld",
            b"hello\xf0\xa4\xad\xa2world",
            GREEK,
        ],
    ),
    // The first and the last of each length.
    (7, true, &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
    (8, false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
    (9, true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
    (10, false, &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
    // Beside the surrogates and at the end.
    (11, true, &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
    (11, false, &[b"\xf4\x90\x80\x80"]),
    // Continuation bytes that continue nothing.
    (
        12,
        false,
        &[
            b"\x80",
            b"\xbf",
            b"\x80\xbf",
            b"\x80\xbf\x80",
            b"\x80\xbf\x80\xbf",
            b"\x80\xbf\x80\xbf\x80",
            b"\x80\xbf\x80\xbf\x80\xbf",
        ],
    ),
    // Characters that are not continued.
    (
        13,
        false,
        &[
            b"\xc0 \xc1 \xc2 \xdf ",
            b"\xe0 \xe1 \xee \xef ",
            b"\xf0 \xf1 \xf4 \xf7 ",
            b"\xf8 \xfb ",
            b"\xfc \xfd ",
        ],
    ),
    (
        14,
        false,
        &[
            b"\xc0",
            b"\xe0\x80",
            b"\xf0\x80\x80",
            b"\xf8\x80\x80\x80",
            b"\xfc\x80\x80\x80\x80",
            b"\xdf",
            b"\xef\xbf",
            b"\xf7\xbf\xbf",
            b"\xfb\xbf\xbf\xbf",
            b"\xfd\xbf\xbf\xbf\xbf",
        ],
    ),
    (15, false, &[b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf"]),
    (16, false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
    // Longer than needed.
    (
        17,
        false,
        &[
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xf8\x80\x80\x80\xaf",
            b"\xfc\x80\x80\x80\x80\xaf",
        ],
    ),
    (
        18,
        false,
        &[
            b"\xc1\xbf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xf8\x87\xbf\xbf\xbf",
            b"\xfc\x83\xbf\xbf\xbf\xbf",
        ],
    ),
    (
        19,
        false,
        &[
            b"\xc0\x80",
            b"\xe0\x80\x80",
            b"\xf0\x80\x80\x80",
            b"\xf8\x80\x80\x80\x80",
            b"\xfc\x80\x80\x80\x80\x80",
        ],
    ),
    // Surrogates, alone and in pairs.
    (
        20,
        false,
        &[
            b"\xed\xa0\x80",
            b"\xed\xad\xbf",
            b"\xed\xae\x80",
            b"\xed\xaf\xbf",
            b"\xed\xb0\x80",
            b"\xed\xbe\x80",
            b"\xed\xbf\xbf",
        ],
    ),
    (
        21,
        false,
        &[
            b"\xed\xa0\x80\xed\xb0\x80",
            b"\xed\xa0\x80\xed\xbf\xbf",
            b"\xed\xad\xbf\xed\xb0\x80",
            b"\xed\xad\xbf\xed\xbf\xbf",
            b"\xed\xae\x80\xed\xb0\x80",
            b"\xed\xae\x80\xed\xbf\xbf",
            b"\xed\xaf\xbf\xed\xb0\x80",
            b"\xed\xaf\xbf\xed\xbf\xbf",
        ],
    ),
    // The replacement character and its neighbours.
    (23, true, &[b"\xef\xbf\xb9", b"\xef\xbf\xbc", b"\xef\xbf\xbd", b"\xef\xbf\xbe"]),
];
