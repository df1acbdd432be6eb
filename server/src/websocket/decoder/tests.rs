use super::*;
use crate::websocket::encode;
use proptest::prelude::*;

const LIMIT: usize = 100_000;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;

/// A message that outlives the call.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A frame as clients send it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    encode::header(Opcode::Continuation, false, payload.len(), &mut head);
    head[0] = first;
    head[1] |= 0x80;
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut payload = payload.to_vec();
    mask::apply(&mut payload, key, 0);
    [&head, &key[..], &payload].concat()
}

fn feed(decoder: &mut Decoder, input: &[u8]) -> (Vec<Kept>, Result<Fed, Violation>) {
    let mut messages = Vec::new();
    let mut input = input.to_vec();
    let fed = decoder.feed(&mut input, LIMIT, &mut |message| {
        messages.push(keep(message));
        ControlFlow::Continue(())
    });
    (messages, fed)
}

/// Everything that comes of a stream that is fed in these pieces.
fn read<'a>(
    deflate: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Kept>, Option<Violation>) {
    let mut decoder = Decoder::new(deflate);
    let mut all = Vec::new();
    for piece in pieces {
        let (messages, fed) = feed(&mut decoder, piece);
        all.extend(messages);
        match fed {
            Ok(fed) => assert_eq!(fed.consumed, piece.len()),
            Err(violation) => return (all, Some(violation)),
        }
    }
    (all, None)
}

fn text(text: &str) -> Kept {
    Kept::Text(text.to_owned())
}

#[test]
fn an_idle_decoder_is_small_and_empty() {
    assert!(size_of::<Decoder>() <= 16);
    let mut decoder = Decoder::new(true);
    let hello = frame(FIN | 1, b"hello");
    assert!(feed(&mut decoder, &hello[..3]).0.is_empty() && !decoder.is_idle());
    assert_eq!(feed(&mut decoder, &hello[3..]).0, [text("hello")]);
    assert!(decoder.is_idle());
    assert!(feed(&mut decoder, &frame(1, b"")).0.is_empty() && !decoder.is_idle());
    assert_eq!(feed(&mut decoder, &frame(FIN | 9, b"")).0, [Kept::Ping(Vec::new())]);
    assert!(!decoder.is_idle());
    assert_eq!(feed(&mut decoder, &frame(FIN, b"")).0, [text("")]);
    assert!(decoder.is_idle());
}

#[test]
fn what_is_whole_is_handed_on_from_where_it_lies() {
    let mut input = frame(FIN | 2, b"bytes");
    let place = input.as_ptr_range();
    let mut within = false;
    let fed = Decoder::new(false).feed(&mut input, LIMIT, &mut |message| {
        if let Message::Binary(bytes) = message {
            within = place.contains(&bytes.as_ptr());
        }
        ControlFlow::Continue(())
    });
    assert!(fed.is_ok() && within);
}

#[test]
fn control_frames_may_come_between_fragments() {
    let stream = [
        frame(1, b"a"),
        frame(FIN | 9, b"ping"),
        frame(0, b"b"),
        frame(FIN | 0xa, b"pong"),
        frame(FIN, b"c"),
        frame(FIN | 2, b"\xff"),
    ];
    let expected = [
        Kept::Ping(b"ping".to_vec()),
        Kept::Pong(b"pong".to_vec()),
        text("abc"),
        Kept::Binary(vec![0xff]),
    ];
    assert_eq!(read(false, [&stream.concat()[..]]), (expected.to_vec(), None));
}

#[test]
fn nothing_is_read_after_a_close_or_a_violation() {
    let stream = [frame(1, b"half"), frame(FIN | 8, b"\x03\xe8bye"), frame(0x83, b"")].concat();
    let closed = Kept::Close(Some((1000, "bye".to_owned())));
    let mut decoder = Decoder::new(false);
    let (messages, fed) = feed(&mut decoder, &stream);
    assert_eq!((messages, fed), (vec![closed], Ok(Fed { consumed: stream.len() })));
    assert!(decoder.is_over() && decoder.is_idle());

    let mut decoder = Decoder::new(false);
    assert_eq!(feed(&mut decoder, &frame(FIN | 3, b"")).1, Err(Violation::ReservedOpcode));
    let (messages, fed) = feed(&mut decoder, &frame(FIN | 1, b"later"));
    assert!(messages.is_empty() && fed.is_ok() && decoder.is_idle());
}

#[test]
fn whoever_stops_gets_the_rest_back_untouched() {
    let (first, second) = (frame(FIN | 1, b"first"), frame(FIN | 1, b"second"));
    let mut input = [&first[..], &second].concat();
    let mut decoder = Decoder::new(false);
    let fed = decoder.feed(&mut input, LIMIT, &mut |_| ControlFlow::Break(()));
    assert_eq!(fed, Ok(Fed { consumed: first.len() }));
    assert_eq!(input[first.len()..], second);
    assert_eq!(feed(&mut decoder, &input[first.len()..]).0, [text("second")]);
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_head() {
    let told = |bytes: &[u8]| read(true, [bytes]).1;
    let huge = b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(told(&[huge, &b"keys"[..]].concat()), Some(Violation::TooLarge));
    assert_eq!(told(&frame(FIN | 2, &vec![0; LIMIT])), None);
    let over = frame(FIN | 2, &vec![0; LIMIT + 1]);
    assert_eq!(told(&over[..14]), Some(Violation::TooLarge));
    let parts = [frame(2, &vec![0; LIMIT]), frame(0, b""), frame(FIN, b"x")].concat();
    assert_eq!(told(&parts), Some(Violation::TooLarge));
    let bomb = deflate::compress(&vec![0; LIMIT + 1]);
    assert_eq!(told(&frame(FIN | RSV1 | 1, &bomb)), Some(Violation::TooLarge));
    assert_eq!(told(&frame(FIN | RSV1 | 1, &deflate::compress(&vec![0; LIMIT]))), None);
}

#[test]
fn memory_follows_what_came_not_what_is_claimed() {
    let mut decoder = Decoder::new(false);
    let whole = frame(FIN | 2, &vec![0; LIMIT]);
    let (messages, _) = feed(&mut decoder, &whole[..20]);
    assert!(messages.is_empty());
    let Some(Assembly::Binary(bytes)) = decoder.partial.and_then(|partial| partial.assembly) else {
        panic!("a message has begun");
    };
    assert!(bytes.capacity() < 100);
}

#[test]
fn compressed_messages_are_inflated_in_fragments_too() {
    let packed = deflate::compress(b"hello, hello, hello");
    let (a, b) = packed.split_at(4);
    let stream = [
        frame(FIN | RSV1 | 1, &packed),
        frame(RSV1 | 2, a),
        frame(FIN | 9, b""),
        frame(FIN, b),
        frame(FIN | 1, b"plain"),
    ];
    let expected = [
        text("hello, hello, hello"),
        Kept::Ping(Vec::new()),
        Kept::Binary(b"hello, hello, hello".to_vec()),
        text("plain"),
    ];
    assert_eq!(read(true, [&stream.concat()[..]]), (expected.to_vec(), None));
    assert_eq!(read(false, [&stream.concat()[..]]).1, Some(Violation::ReservedBit));
    let broken = frame(FIN | RSV1 | 1, b"\xff\xff");
    assert_eq!(read(true, [&broken[..]]).1, Some(Violation::BadDeflate));
    let binary = frame(FIN | RSV1 | 1, &deflate::compress(b"\xff"));
    assert_eq!(read(true, [&binary[..]]).1, Some(Violation::NotUtf8));
}

#[test]
fn text_that_cannot_become_utf8_fails_before_its_frame_is_whole() {
    let whole = frame(FIN | 1, b"\xce\xba\xf4\x90\x80\x80 and more");
    let head = 6;
    assert_eq!(read(false, [&whole[..head + 3]]), (Vec::new(), None));
    assert_eq!(read(false, [&whole[..head + 4]]).1, Some(Violation::NotUtf8));
    let cut = [frame(1, b"\xe2\x82"), frame(FIN, b"\xac")].concat();
    assert_eq!(read(false, [&cut[..]]), (vec![text("\u{20ac}")], None));
    let cut = [frame(1, b"\xe2\x82"), frame(FIN, b"")].concat();
    assert_eq!(read(false, [&cut[..]]).1, Some(Violation::NotUtf8));
}

#[test]
fn violations_have_the_close_codes_of_the_rfc() {
    assert_eq!(Violation::NotUtf8.close_code(), 1007);
    assert_eq!(Violation::BadDeflate.close_code(), 1007);
    assert_eq!(Violation::TooLarge.close_code(), 1009);
    assert_eq!(Violation::Unmasked.close_code(), 1002);
}

/// Frames as a client may send them, some of them wrong.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
        any::<String>().prop_map(|text| deflate::compress(text.as_bytes())),
        (0_usize..70_000).prop_map(|length| vec![b'x'; length]),
    ];
    let first = prop_oneof![
        4 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a]),
        2 => prop::sample::select(vec![0xc1, 0xc2, 0x41, 0x88]),
        1 => any::<u8>(),
    ];
    let one = (first, payload).prop_map(|(first, payload)| frame(first, &payload));
    prop::collection::vec(one, 0..8).prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn however_the_stream_is_cut_it_says_the_same(
        stream in prop_oneof![4 => frames(), 1 => prop::collection::vec(any::<u8>(), 0..60)],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        deflate: bool,
    ) {
        let whole = read(deflate, [&stream[..]]);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
        prop_assert_eq!(&read(deflate, pieces), &whole);
        if stream.len() < 2000 {
            prop_assert_eq!(&read(deflate, stream.chunks(1)), &whole);
        }
    }

    #[test]
    fn what_is_encoded_is_what_is_decoded(payload: String, parts in 1_usize..5) {
        let size = payload.len().div_ceil(parts).max(1);
        let chunks: Vec<&[u8]> = payload.as_bytes().chunks(size).collect();
        let mut stream = Vec::new();
        for (index, chunk) in chunks.iter().enumerate() {
            let first = u8::from(index == 0);
            let last = if index + 1 == chunks.len() { FIN } else { 0 };
            stream.extend_from_slice(&frame(first | last, chunk));
        }
        let expected = if chunks.is_empty() { Vec::new() } else { vec![Kept::Text(payload)] };
        prop_assert_eq!(read(false, [&stream[..]]), (expected, None));
    }
}
