//! HTTP/1.1 answers (RFC 9112), as far as servers under test send them.

use std::borrow::Cow;

use anyhow::{Context as _, Result, bail};
use memchr::memmem;

/// An answer that has arrived as a whole.
#[derive(Debug)]
pub(crate) struct Answer<'b> {
    pub status: u16,
    pub head: &'b [u8],
    pub body: Cow<'b, [u8]>,
    /// How many bytes it takes.
    pub length: usize,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head<'b> {
    pub status: u16,
    pub bytes: &'b [u8],
    /// How many bytes it takes, the empty line included.
    pub length: usize,
}

/// The head at the beginning of `bytes`; `None` when it is not all there.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head<'_>>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        if bytes.len() > 64 * 1024 {
            bail!("an answer's head has no end");
        }
        return Ok(None);
    };
    let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    let status = status.and_then(|digits| digits.parse().ok());
    let status = status.filter(|_| bytes.starts_with(b"HTTP/1."));
    let status = status.context("what was answered is not HTTP")?;
    Ok(Some(Head { status, bytes: &bytes[..end + 2], length: end + 4 }))
}

impl Head<'_> {
    /// The value of a field, whose name is given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(self.bytes, name)
    }
}

impl Answer<'_> {
    /// The value of a field, whose name is given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(self.head, name)
    }
}

fn field<'b>(head: &'b [u8], name: &str) -> Option<&'b str> {
    let mut lines = head.split(|byte| *byte == b'\n').skip(1);
    lines.find_map(|line| {
        let (before, after) = line.split_at_checked(name.len())?;
        let value = after.strip_prefix(b":")?;
        if !before.eq_ignore_ascii_case(name.as_bytes()) {
            return None;
        }
        std::str::from_utf8(value).ok().map(str::trim)
    })
}

/// The answer at the beginning of `bytes`; `None` when it is not all there.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<Answer<'_>>> {
    let Some(head) = head(bytes)? else { return Ok(None) };
    let rest = &bytes[head.length..];
    let (body, taken) = if let Some(length) = head.field("content-length") {
        let length = length.parse().context("a length that is no number")?;
        let Some(body) = rest.get(..length) else { return Ok(None) };
        (Cow::Borrowed(body), length)
    } else if head.field("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
        let Some((body, taken)) = chunked(rest)? else { return Ok(None) };
        (Cow::Owned(body), taken)
    } else {
        // 204 and 304 have no body (RFC 9110, section 15); nothing else is expected without length.
        (Cow::Borrowed(&rest[..0]), 0)
    };
    Ok(Some(Answer { status: head.status, head: head.bytes, body, length: head.length + taken }))
}

/// A chunked body (RFC 9112, section 7.1), and how many bytes it takes.
fn chunked(mut bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let whole = bytes.len();
    let mut body = Vec::new();
    loop {
        let Some((data, rest)) = chunk(bytes)? else { return Ok(None) };
        bytes = rest;
        if data.is_empty() {
            return Ok(Some((body, whole - bytes.len())));
        }
        body.extend_from_slice(data);
    }
}

/// The chunk at the beginning of `bytes`, and what follows it. The last one is empty.
pub(crate) fn chunk(bytes: &[u8]) -> Result<Option<(&[u8], &[u8])>> {
    let Some(end) = memmem::find(bytes, b"\r\n") else { return Ok(None) };
    let size = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    let size = size.split(';').next().unwrap_or_default().trim();
    let size = usize::from_str_radix(size, 16).context("a chunk's size that is no number")?;
    let data = &bytes[end + 2..];
    match size.checked_add(2).and_then(|end| data.split_at_checked(end)) {
        Some((data, rest)) => Ok(Some((&data[..size], rest))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Answer<'_>> {
        answer(bytes).expect("it is well formed")
    }

    #[test]
    fn an_answer_with_a_length_ends_there() {
        let bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nETag: x\r\n\r\nokHTTP/1.1 200";
        let answer = read(bytes).expect("it is whole");
        assert_eq!((answer.status, &*answer.body), (201, &b"ok"[..]));
        assert_eq!(answer.field("etag"), Some("x"));
        assert_eq!(&bytes[answer.length..], b"HTTP/1.1 200");
    }

    #[test]
    fn chunks_are_joined() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        let answer = read(bytes).expect("it is whole");
        assert_eq!((&*answer.body, answer.length), (&b"abcde"[..], bytes.len()));
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_waited_for() {
        let with_length = &b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"[..];
        let with_chunks =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for whole in [with_length, with_chunks] {
            for end in 0..whole.len() {
                assert!(read(&whole[..end]).is_none(), "cut at {end}");
            }
        }
    }

    #[test]
    fn an_answer_without_a_body_is_its_head() {
        let bytes = b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n";
        assert_eq!(read(bytes).map(|answer| answer.length), Some(bytes.len()));
    }

    #[test]
    fn something_else_than_http_is_an_error() {
        assert!(answer(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
