//! One thread for each connection, standard library sockets: what is shown here is the codec.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use nowcast::websocket::handshake::{self, Refusal};
use nowcast::websocket::{Decoder, Message, deflate, encode};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

/// The largest message, in bytes. Conformance suites send 16 MiB.
const LIMIT: usize = 64 * 1024 * 1024;

/// The largest request head, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// How long the other side may take to close after our close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves every connection that comes.
pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        // A connection that breaks concerns only itself.
        thread::spawn(move || connection(stream));
    }
}

fn connection(mut stream: TcpStream) -> io::Result<()> {
    // Answers are whole; waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    let Some((headers, early)) = request(&mut stream)? else { return Ok(()) };
    match handshake::read(&headers, &[]) {
        Ok(answer) => {
            stream.write_all(&head("101 Switching Protocols", &answer.headers()))?;
            echo(&stream, early, answer.deflate.is_some())
        }
        Err(refusal) => {
            let mut headers = HeaderMap::new();
            let status = match refusal {
                Refusal::NoUpgrade | Refusal::Version => "426 Upgrade Required",
                _ => "400 Bad Request",
            };
            headers.insert("upgrade", HeaderValue::from_static("websocket"));
            let version = HeaderValue::from_static(handshake::VERSION);
            headers.insert("sec-websocket-version", version);
            stream.write_all(&head(status, &headers))
        }
    }
}

/// Reads a request's headers, and what came behind them. `None` if it is no request.
fn request(stream: &mut TcpStream) -> io::Result<Option<(HeaderMap, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 2048];
    while bytes.len() < LARGEST_HEAD {
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..count]);
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(length)) => {
                let fields = request.headers.iter().filter_map(|field| {
                    let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
                    Some((name, HeaderValue::from_bytes(field.value).ok()?))
                });
                let mut headers = HeaderMap::new();
                fields.for_each(|(name, value)| {
                    headers.append(name, value);
                });
                return Ok(Some((headers, bytes.split_off(length))));
            }
            Ok(httparse::Status::Partial) if count > 0 => {}
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn head(status: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Gives back what comes until either side closes; `early` came with the request.
fn echo(stream: &TcpStream, early: Vec<u8>, deflate: bool) -> io::Result<()> {
    let (mut from, mut to) = (stream, stream);
    let mut decoder = Decoder::new(deflate);
    let mut input = early;
    let mut came = input.len();
    loop {
        let mut written = Ok(());
        let fed = decoder.feed(&mut input[..came], LIMIT, &mut |message| {
            written = to.write_all(&answer(message, deflate));
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        written?;
        if let Err(violation) = fed {
            to.write_all(&encode::close(violation.close_code(), &violation.to_string()))?;
        }
        if decoder.is_over() {
            return end(stream);
        }
        input.resize(PIECE, 0);
        came = from.read(&mut input)?;
        if came == 0 {
            return Ok(());
        }
    }
}

/// What is sent back for a message.
fn answer(message: Message<'_>, deflate: bool) -> bytes::Bytes {
    match message {
        Message::Text(text) if deflate => {
            encode::compressed_text(&deflate::compress(text.as_bytes()))
        }
        Message::Text(text) => encode::text(text.as_bytes()),
        Message::Binary(bytes) if deflate => encode::compressed_binary(&deflate::compress(bytes)),
        Message::Binary(bytes) => encode::binary(bytes),
        Message::Ping(bytes) => encode::pong(bytes),
        Message::Pong(_) => bytes::Bytes::new(),
        Message::Close(Some((code, _))) => encode::close(code, ""),
        Message::Close(None) => encode::close_without_code(),
    }
}

/// Closes the connection so that the last frame arrives: closing while the other side still sends
/// would reset it and could take the frame along.
fn end(mut stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(CLOSING))?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest)? > 0 {}
    Ok(())
}
