//! What the WebSocket codec costs: `cargo bench -p nowcast --bench codec`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nowcast::websocket::{Decoder, Message, Opcode, deflate, encode, mask};
use std::hint::black_box;
use std::ops::ControlFlow;

const LIMIT: usize = 1024 * 1024;

/// A text frame as a page sends it.
fn masked(payload: &[u8]) -> Vec<u8> {
    let key = [0x12, 0x9f, 0x00, 0xe7];
    let mut frame = Vec::new();
    encode::header(Opcode::Text, false, payload.len(), &mut frame);
    frame[1] |= 0x80;
    frame.extend_from_slice(&key);
    let start = frame.len();
    frame.extend_from_slice(payload);
    mask::apply(&mut frame[start..], key, 0);
    frame
}

/// JSON of this length, as events are: alike, but not the same.
fn json(length: usize) -> Vec<u8> {
    let events = (1_u32..).flat_map(|offset| {
        let id = offset.wrapping_mul(2_654_435_761);
        let text = format!(
            r#"{{"t":"event","offset":{offset},"event":{{"kind":"item_published","id":"i{id:x}"}}}},"#
        );
        text.into_bytes()
    });
    events.take(length).collect()
}

/// Decodes what is in `input` and counts the bytes of the messages.
fn decode(decoder: &mut Decoder, input: &mut [u8]) -> usize {
    let mut bytes = 0;
    let fed = decoder.feed(input, LIMIT, &mut |message| {
        if let Message::Text(text) = message {
            bytes += black_box(text).len();
        }
        ControlFlow::Continue(())
    });
    assert!(fed.is_ok_and(|fed| fed.consumed == input.len()));
    bytes
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, payload, count) in
        [("64 frames of 64 bytes", json(64), 64), ("a frame of 16 KiB", json(16 * 1024), 1)]
    {
        let stream = masked(&payload).repeat(count);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        let mut decoder = Decoder::new(false);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || stream.clone(),
                |stream| decode(&mut decoder, stream),
                BatchSize::SmallInput,
            );
        });
    }
    let mut payload = json(16 * 1024);
    group.throughput(Throughput::Bytes(payload.len() as u64));
    group.bench_function("the mask of 16 KiB alone", |bencher| {
        bencher.iter(|| mask::apply(black_box(&mut payload), [1, 2, 3, 4], 0));
    });
    group.finish();
}

fn encoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for length in [132, 1024] {
        let payload = json(length);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("{length} bytes"), |bencher| {
            bencher.iter(|| encode::text(black_box(&payload)));
        });
    }
    group.finish();
}

fn compressing(c: &mut Criterion) {
    let mut group = c.benchmark_group("deflate");
    for (name, length) in [("1 KiB", 1024), ("20 KiB", 20 * 1024)] {
        let payload = json(length);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("compress {name}"), |bencher| {
            bencher.iter(|| deflate::compress(black_box(&payload)));
        });
        let packed = deflate::compress(&payload);
        group.bench_function(format!("inflate {name}"), |bencher| {
            bencher.iter(|| deflate::inflate(black_box(&packed), LIMIT));
        });
    }
    group.finish();
}

criterion_group!(benches, decoding, encoding, compressing);
criterion_main!(benches);
