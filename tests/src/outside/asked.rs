//! What the service was asked.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Its query, or nothing.
    pub query: String,
    /// Its body.
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    /// The value of a header, whose name is written small.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Reads one; nothing if the client left.
    pub(super) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let mut body = bytes.split_off(end + 4);
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = text.trim_end().split("\r\n");
        let mut request = lines.next()?.split(' ');
        let (method, target) = (request.next()?.to_owned(), request.next()?.to_owned());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut asked = Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            body: String::new(),
            headers,
        };
        let length = asked.header("content-length").and_then(|length| length.parse().ok());
        while body.len() < length.unwrap_or(0) {
            if stream.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
        asked.body = String::from_utf8(body).ok()?;
        Some(asked)
    }
}
