//! A network that can be broken: a proxy between a page and the server whose rules a test changes.
//!
//! Every connection carries one request (the proxy asks both sides to close after it), so that the
//! rules hold for each request, also of a browser that would keep its connections.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches, each for itself")]
pub struct Rules {
    /// Requests for a WebSocket are refused.
    pub refuse_websocket: bool,
    /// Requests for an event stream are refused.
    pub refuse_sse: bool,
    /// Nothing is reachable: connections are closed as soon as they open.
    pub refuse_all: bool,
    /// What the server sends does not arrive; connections stay open.
    pub stall: bool,
    /// Counts the times that everything was cut.
    cuts: u64,
}

/// The proxy; it ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    rules: watch::Sender<Rules>,
    seen: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy on a free port in front of this address.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (rules, watching) = watch::channel(Rules::default());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((page, _)) = listener.accept().await {
                tokio::spawn(connection(page, target, watching.clone(), Arc::clone(&noting)));
            }
        });
        Self { address, rules, seen, accepting }
    }

    /// Where pages go, as they write it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the rules, for new requests; `stall` also for open connections.
    pub fn set(&self, change: impl FnOnce(&mut Rules)) {
        self.rules.send_modify(change);
    }

    /// Cuts every open connection.
    pub fn cut(&self) {
        self.rules.send_modify(|rules| rules.cuts += 1);
    }

    /// The paths that were asked for up to now, refused ones too.
    ///
    /// # Panics
    /// When a test panicked while they were written.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("nothing panics while it is held").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// What a request's head says that matters here.
struct Head {
    path: String,
    bytes: Vec<u8>,
    body: Vec<u8>,
}

async fn connection(
    mut page: TcpStream,
    target: SocketAddr,
    mut rules: watch::Receiver<Rules>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    let cuts = rules.borrow().cuts;
    if rules.borrow().refuse_all {
        return;
    }
    let Some(head) = read_head(&mut page).await else { return };
    seen.lock().expect("nothing panics while it is held").push(head.path.clone());

    let now = *rules.borrow();
    let path = head.path.split('?').next().unwrap_or_default();
    let refused = now.refuse_all
        || (now.refuse_websocket && path.ends_with("/ws"))
        || (now.refuse_sse && path.ends_with("/sse"));
    if refused {
        let answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = page.write_all(answer).await;
        return;
    }

    let Some(mut server) = connect(target).await else { return };
    let forwarded = async {
        server.write_all(&head.bytes).await?;
        server.write_all(&head.body).await
    };
    if forwarded.await.is_err() {
        return;
    }
    let (from_page, to_page) = page.split();
    let (from_server, to_server) = server.split();
    let moving = rules.clone();
    tokio::select! {
        // A cut comes before whatever a rule that changed with it would let through.
        biased;
        _ = rules.wait_for(|rules| rules.cuts != cuts) => {}
        () = forward(from_page, to_server) => {}
        () = pump(from_server, to_page, moving) => {}
    }
}

/// Connects with a small receive buffer, so that a stall is felt at the server soon.
async fn connect(target: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(32 * 1024).ok()?;
    socket.connect(target).await.ok()
}

/// Moves bytes from the page to the server. A page that has no more to send may still listen.
async fn forward(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// Moves bytes from the server to the page as the rules allow, until the server ends.
async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut rules: watch::Receiver<Rules>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if rules.wait_for(|rules| !rules.stall).await.is_err() {
            return;
        }
        let stalled = rules.wait_for(|rules| rules.stall);
        let count = tokio::select! {
            count = from.read(&mut buffer) => count.unwrap_or(0),
            _ = stalled => continue,
        };
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Reads a request's head and writes it anew so that no second request follows on the connection.
async fn read_head(page: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if page.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let body = bytes.split_off(end + 4);
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.trim_end().split("\r\n");
    let request = lines.next()?;
    let headers: Vec<&str> = lines.collect();
    let named = |line: &str, name: &str| {
        line.split(':').next().is_some_and(|field| field.eq_ignore_ascii_case(name))
    };
    let upgrades = headers.iter().any(|line| named(line, "upgrade"));
    let mut head = format!("{request}\r\n");
    for line in headers.iter().filter(|line| upgrades || !named(line, "connection")) {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str(if upgrades { "\r\n" } else { "connection: close\r\n\r\n" });
    let path = request.split(' ').nth(1)?.to_owned();
    Some(Head { path, bytes: head.into_bytes(), body })
}
