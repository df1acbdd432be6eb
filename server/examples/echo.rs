//! A plain echo server over the project's own WebSocket codec, for conformance suites:
//!
//!     cargo run --release --example echo -- 9001
//!
//! Text and binary messages come back as they were sent, compressed where that was agreed on.
//! Port 0 takes a free one; the line on standard output says which.

#[path = "echo/serve.rs"]
mod serve;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let Some(port) = port else {
        return Err(io::Error::other("usage: echo PORT"));
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("listening on {}", listener.local_addr()?);
    serve::serve(&listener)
}
