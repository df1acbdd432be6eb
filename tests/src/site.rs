//! Another website: pages of a test's own, at an origin that is not the server's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Its pages: what stands in them, and their content security policy.
type Pages = Arc<Mutex<HashMap<String, (String, String)>>>;

/// The website; it ends when this is dropped.
pub struct Site {
    port: u16,
    pages: Pages,
    seen: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Site {
    /// A website without pages, on a free port.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let pages = Pages::default();
        let seen = Arc::default();
        let (known, asked) = (Arc::clone(&pages), Arc::clone(&seen));
        let accepting = tokio::spawn(async move {
            while let Ok((visitor, _)) = listener.accept().await {
                tokio::spawn(answer(visitor, Arc::clone(&known), Arc::clone(&asked)));
            }
        });
        Self { port, pages, seen, accepting }
    }

    /// Its origin. Not only the port is another than a server's on `127.0.0.1`: to browsers it is
    /// another site.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Puts a page there; its address.
    ///
    /// # Panics
    /// When a test panicked while pages were read.
    pub fn page(&self, path: &str, html: impl Into<String>, policy: &str) -> String {
        let mut pages = self.pages.lock().expect("nothing panics while it is held");
        pages.insert(path.to_owned(), (html.into(), policy.to_owned()));
        format!("{}{path}", self.origin())
    }
}

impl Site {
    /// What was asked for until now, with the query.
    ///
    /// # Panics
    /// When a test panicked while that was noted.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("nothing panics while it is held").clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Answers one request, whatever it says beside its path.
async fn answer(mut visitor: TcpStream, pages: Pages, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if !visitor.read_buf(&mut head).await.is_ok_and(|length| length > 0) {
            return;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let target = head.split(' ').nth(1).unwrap_or_default();
    seen.lock().expect("nothing panics while it is held").push(target.to_owned());
    let path = target.split('?').next().unwrap_or_default();
    let page = pages.lock().expect("nothing panics while it is held").get(path).cloned();
    let (status, (html, policy)) = match page {
        Some(page) => ("200 OK", page),
        None => ("404 Not Found", Default::default()),
    };
    let policy = match policy.as_str() {
        "" => String::new(),
        policy => format!("content-security-policy: {policy}\r\n"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n{policy}content-length: {}\r\n\
         connection: close\r\n\r\n{html}",
        html.len()
    );
    let _ = visitor.write_all(answer.as_bytes()).await;
}
