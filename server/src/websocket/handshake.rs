//! The opening handshake (RFC 6455, section 4.2): from a GET request's headers to the answer's.

use super::extension::{self, is_token};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The only version there is.
pub const VERSION: &str = "13";

/// What proves that the key was read by a WebSocket server (section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What is agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// `Sec-WebSocket-Accept`.
    pub accept: String,
    /// The subprotocol, if one was offered that the server knows.
    pub protocol: Option<&'static str>,
    /// The answer to the offer of compression; `None` if there is to be none. A server that wants
    /// none takes it out before it answers.
    pub deflate: Option<String>,
}

/// Why there is no handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `Upgrade: websocket` or no `Connection: upgrade`: a request for something else.
    #[error("this is no request for a WebSocket")]
    NoUpgrade,
    /// `Sec-WebSocket-Version` is not 13; to be answered 426 with that header and [`VERSION`].
    #[error("only version 13 of the WebSocket protocol is spoken here")]
    Version,
    /// `Sec-WebSocket-Key` is not 16 bytes in base64.
    #[error("the WebSocket key cannot be read")]
    Key,
    /// `Sec-WebSocket-Protocol` is not a list of tokens.
    #[error("the offer of subprotocols cannot be read")]
    Protocols,
    /// `Sec-WebSocket-Extensions` is not of its grammar.
    #[error(transparent)]
    Extensions(#[from] extension::Malformed),
}

/// Reads a request's headers. `protocols` are the subprotocols that the server knows; the first one
/// of the client's that is among them is taken.
pub fn read(headers: &HeaderMap, protocols: &[&'static str]) -> Result<Handshake, Refusal> {
    if !has(headers, &UPGRADE, "websocket") || !has(headers, &CONNECTION, "upgrade") {
        return Err(Refusal::NoUpgrade);
    }
    if single(headers, &SEC_WEBSOCKET_VERSION) != Some(VERSION) {
        return Err(Refusal::Version);
    }
    let key = single(headers, &SEC_WEBSOCKET_KEY).ok_or(Refusal::Key)?;
    if !STANDARD.decode(key).is_ok_and(|key| key.len() == 16) {
        return Err(Refusal::Key);
    }
    let offered = joined(headers, &SEC_WEBSOCKET_PROTOCOL).ok_or(Refusal::Protocols)?;
    let protocol = choose(&offered, protocols)?;
    let offers = joined(headers, &SEC_WEBSOCKET_EXTENSIONS).ok_or(extension::Malformed)?;
    let deflate = extension::negotiate(&offers)?;
    Ok(Handshake { accept: accept(key), protocol, deflate })
}

impl Handshake {
    /// The headers of the answer, whose status is 101.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        let mut told = |name, value: &str| {
            // All of them are made of tokens, so none is left out.
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        };
        told(SEC_WEBSOCKET_ACCEPT, &self.accept);
        if let Some(protocol) = self.protocol {
            told(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if let Some(deflate) = &self.deflate {
            told(SEC_WEBSOCKET_EXTENSIONS, deflate);
        }
        headers
    }
}

/// The proof that the key was read (section 4.2.2).
pub fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Whether one of a header's tokens is this one, in any case.
fn has(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// The value of a header that may stand there only once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    values.next().is_none().then_some(value)
}

/// The values of a header that is a list, as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Result<Vec<&str>, _> =
        headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    Some(values.ok()?.join(","))
}

/// The first of the client's subprotocols that the server knows.
fn choose(offered: &str, known: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
    let offered = offered.split(',').map(str::trim).filter(|offer| !offer.is_empty());
    let mut chosen = None;
    for offer in offered {
        if !offer.chars().all(is_token) {
            return Err(Refusal::Protocols);
        }
        chosen = chosen.or_else(|| known.iter().find(|known| **known == offer).copied());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// A browser's request with some headers changed, or left out where they are empty.
    fn answer(changes: &[(&'static str, &str)]) -> Result<Handshake, Refusal> {
        let mut headers = HeaderMap::new();
        let usual = [
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", KEY),
        ];
        for (name, value) in usual {
            headers.insert(name, value.parse().unwrap());
        }
        for (name, _) in changes {
            headers.remove(*name);
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            headers.append(*name, value.parse().unwrap());
        }
        read(&headers, &["nowcast.v1", "nowcast.v2"])
    }

    #[test]
    fn the_example_of_the_rfc_is_answered() {
        let handshake = answer(&[]).unwrap();
        assert_eq!(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!((handshake.protocol, &handshake.deflate), (None, &None));
        let headers = handshake.headers();
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["connection"], "Upgrade");
    }

    #[test]
    fn tokens_are_found_in_any_case_and_in_any_of_the_headers() {
        assert!(answer(&[("upgrade", "h2c, WebSocket")]).is_ok());
        assert!(answer(&[("connection", "keep-alive"), ("connection", "UPGRADE")]).is_ok());
    }

    #[test]
    fn each_refusal_has_its_name() {
        for (name, value, refusal) in [
            ("upgrade", "", Refusal::NoUpgrade),
            ("upgrade", "websockets", Refusal::NoUpgrade),
            ("connection", "keep-alive", Refusal::NoUpgrade),
            ("sec-websocket-version", "", Refusal::Version),
            ("sec-websocket-version", "8", Refusal::Version),
            ("sec-websocket-key", "", Refusal::Key),
            ("sec-websocket-key", "c2hvcnQ=", Refusal::Key),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", Refusal::Key),
            ("sec-websocket-key", "?GhlIHNhbXBsZSBub25jZQ==", Refusal::Key),
            ("sec-websocket-protocol", "a b", Refusal::Protocols),
            ("sec-websocket-extensions", "a;", Refusal::Extensions(extension::Malformed)),
        ] {
            assert_eq!(answer(&[(name, value)]), Err(refusal), "{name}: {value}");
        }
        let twice = [("sec-websocket-key", KEY), ("sec-websocket-key", KEY)];
        assert_eq!(answer(&twice), Err(Refusal::Key));
    }

    #[test]
    fn the_client_chooses_among_the_subprotocols_that_the_server_knows() {
        let chosen = |offer: &str| answer(&[("sec-websocket-protocol", offer)]).unwrap().protocol;
        assert_eq!(chosen("nowcast.v2, nowcast.v1"), Some("nowcast.v2"));
        assert_eq!(chosen("mqtt,nowcast.v1"), Some("nowcast.v1"));
        assert_eq!(chosen("mqtt"), None);
        let headers = answer(&[("sec-websocket-protocol", "mqtt, nowcast.v1")]).unwrap().headers();
        assert_eq!(headers["sec-websocket-protocol"], "nowcast.v1");
    }

    #[test]
    fn compression_is_answered_where_it_was_offered() {
        let offers = [
            ("sec-websocket-extensions", "x-other"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ];
        let headers = answer(&offers).unwrap().headers();
        assert_eq!(
            headers["sec-websocket-extensions"],
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        );
    }

    proptest! {
        #[test]
        fn no_header_makes_reading_panic(
            value in prop::collection::vec(0x20_u8..=0xff, 0..40),
            name in prop::sample::select(vec![
                "upgrade", "connection", "sec-websocket-version", "sec-websocket-key",
                "sec-websocket-protocol", "sec-websocket-extensions",
            ]),
        ) {
            let mut headers = Handshake {
                accept: String::new(), protocol: None, deflate: None,
            }.headers();
            headers.insert("sec-websocket-version", VERSION.parse().unwrap());
            headers.insert("sec-websocket-key", KEY.parse().unwrap());
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(name, value);
            }
            let _ = read(&headers, &["nowcast.v1"]);
        }
    }
}
