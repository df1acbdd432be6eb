//! Our server as a child.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Its publish token.
pub(crate) const TOKEN: &str = "nct_abcdefghijkmnpqrstuvwxyz23456789";

/// Starts one that serves from this folder; where it listens.
pub(crate) fn serve(program: &Path, data: &Path, arguments: &[&str]) -> Result<(Child, String)> {
    let mut server = Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(arguments)
        .env("NOWCAST_PUBLISH_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let out = server.stdout.take().context("its output is a pipe")?;
    let mut lines = BufReader::new(out).lines();
    loop {
        let line = lines.next().context("the server ended")??;
        if let Some(address) = line.strip_prefix("listening on http://") {
            return Ok((server, address.trim().to_owned()));
        }
    }
}

/// An admin's token of the server that will serve from this folder.
pub(crate) fn admin(program: &Path, data: &Path) -> Result<String> {
    // The folder is made by the first start.
    let (mut server, _) = serve(program, data, &[])?;
    server.kill()?;
    server.wait()?;
    let output =
        Command::new(program).args(["token", "--scopes", "admin", "--data"]).arg(data).output()?;
    let text = String::from_utf8(output.stdout)?;
    let token = text.split_whitespace().find(|word| word.starts_with("nct_"));
    Ok(token.with_context(|| format!("no token in {text:?}"))?.to_owned())
}

/// What it answers an admin: `what` is a method and a path, `body` JSON or nothing.
pub(crate) fn ask(address: &str, admin: &str, what: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{what} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {admin}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without an end")?;
    Ok(body.to_owned())
}

/// The number behind this name, the first in a JSON text.
pub(crate) fn number(json: &str, name: &str) -> Option<u64> {
    let (_, after) = json.split_once(&format!("\"{name}\":"))?;
    let end = after.find(|letter: char| !letter.is_ascii_digit())?;
    after[..end].parse().ok()
}
