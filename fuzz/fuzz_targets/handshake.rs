//! An upgrade request's headers: a line each, whose first byte chooses the name.

#![no_main]

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use nowcast::websocket::{extension, handshake};

const NAMES: [&str; 6] = [
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "connection",
    "upgrade",
    "sec-websocket-version",
    "sec-websocket-key",
];

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|&byte| byte == b'\n').take(20) {
        let Some((first, value)) = line.split_first() else { continue };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(NAMES[usize::from(*first) % NAMES.len()], value);
        }
    }
    // What most requests have, so that the rest is reached.
    for (name, usual) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        headers.entry(name).or_insert_with(|| HeaderValue::from_static(usual));
    }
    if let Ok(agreed) = handshake::read(&headers, &["nowcast.v1"]) {
        assert!(agreed.headers().len() >= 3);
        assert!(agreed.protocol.is_none() || headers.contains_key("sec-websocket-protocol"));
        if let Some(answer) = agreed.deflate {
            assert_eq!(extension::negotiate(&answer), Ok(Some(answer)));
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = extension::negotiate(text);
    }
});
