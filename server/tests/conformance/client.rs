//! A client that sends whatever bytes it is told to.

use super::{CLOSE, End, FIN, serve};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Longer than any answer takes, so that a missing one fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A frame that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// FIN, RSV1 and the opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    /// What the server answered to the offer of extensions.
    pub(crate) extensions: Option<String>,
}

/// The echo server, started once for all tests.
fn server() -> SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    *SERVER.get_or_init(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || serve::serve(&listener));
        address
    })
}

/// A frame as clients send it, with a length as short as it can be.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    /// The second byte of a frame that is masked, with the length in 16 and 64 bits.
    const MIDDLE: u8 = 0xfe;
    const LONG: u8 = 0xff;
    let mut out = vec![first];
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | u8::try_from(short).unwrap()),
        middle @ ..=0xffff => {
            out.push(MIDDLE);
            out.extend_from_slice(&u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            out.push(LONG);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let key = [0x12, 0x9f, 0x00, 0xe7];
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

impl Client {
    /// Connects, offering these extensions if there are any.
    pub(crate) fn open(extensions: &str) -> Self {
        let (head, client) = Self::request(&format!(
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}",
            if extensions.is_empty() {
                String::new()
            } else {
                format!("Sec-WebSocket-Extensions: {extensions}\r\n")
            }
        ));
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        client
    }

    /// Sends a request with these headers; the answer's head, and the connection behind it.
    pub(crate) fn request(headers: &str) -> (String, Self) {
        let stream = TcpStream::connect(server()).expect("the server listens");
        stream.set_nodelay(true).expect("a socket's option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket's option");
        let mut stream = BufReader::new(stream);
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        stream.get_mut().write_all(request.as_bytes()).expect("the request is sent");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let count = stream.read_line(&mut head).expect("the answer is text");
            assert!(count > 0, "the answer ends within its head: {head}");
        }
        let field = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        let extensions = field.map(str::to_owned);
        (head, Self { stream, extensions })
    }

    /// Sends each piece by itself. A server that has closed already is not an error here: what it
    /// said is read afterwards.
    pub(crate) fn send(&mut self, pieces: &[Vec<u8>]) {
        for piece in pieces {
            if self.stream.get_mut().write_all(piece).is_err() {
                return;
            }
        }
    }

    /// The server's next frame; `None` where it has closed the connection.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        if self.stream.fill_buf().expect("an answer in time").is_empty() {
            return None;
        }
        let [first, length] = self.take();
        assert_eq!(length & 0x80, 0, "servers do not mask");
        let length = match length {
            126 => u64::from(u16::from_be_bytes(self.take())),
            127 => u64::from_be_bytes(self.take()),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).expect("a frame that fits")];
        self.stream.read_exact(&mut payload).expect("a whole frame");
        Some(Frame { first, payload })
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).expect("a whole frame");
        bytes
    }

    /// Sees the connection end like this.
    pub(crate) fn ends(&mut self, number: &str, end: End) {
        let close = self.next().unwrap_or_else(|| panic!("case {number}: no close frame"));
        assert_eq!(close.first, FIN | CLOSE, "case {number}: {close:?}");
        let code = close.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        let expected = match end {
            End::Open => Some(1000),
            End::Code(code) => Some(code),
            End::NoCode => None,
        };
        assert_eq!(code, expected, "case {number}: {close:?}");
        let reason = close.payload.get(2..).unwrap_or_default();
        assert!(str::from_utf8(reason).is_ok(), "case {number}: {close:?}");
        assert_eq!(self.next(), None, "case {number}: nothing comes after a close");
    }
}
