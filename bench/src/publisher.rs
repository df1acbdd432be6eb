//! A program that publishes: one HTTP request at a time on a connection that is kept.

use anyhow::{Context as _, Result, bail};
use mio::{Registry, Token};

use crate::http;
use crate::marker;
use crate::target::Target;
use crate::wire::Wire;

/// One publisher's connection.
pub(crate) struct Publisher {
    wire: Wire,
    request: Vec<u8>,
    place: usize,
    /// Whether its last publish was answered.
    is_idle: bool,
}

impl Publisher {
    /// Connects. A request may be sent as soon as the poll says that the connection is writable.
    pub(crate) fn connect(target: &Target, registry: &Registry, token: Token) -> Result<Self> {
        let wire = Wire::connect(target.address, registry, token)?;
        Ok(Self { wire, request: target.publish.clone(), place: target.place, is_idle: false })
    }

    /// It is connected.
    pub(crate) fn connected(&mut self) {
        self.is_idle = true;
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// Sends publish `number`.
    pub(crate) fn publish(&mut self, number: u32) -> Result<()> {
        marker::write(&mut self.request, self.place, number);
        self.is_idle = false;
        self.wire.send(&self.request)
    }

    /// Reads the answer; whether it was there.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let is_idle = &mut self.is_idle;
        let mut answered = false;
        self.wire
            .read(buffer, |_, bytes| {
                let Some(answer) = http::answer(bytes)? else { return Ok(0) };
                if !(200..300).contains(&answer.status) {
                    let body = String::from_utf8_lossy(&answer.body);
                    bail!("a publish was answered with {}: {}", answer.status, body.trim());
                }
                *is_idle = true;
                answered = true;
                Ok(answer.length)
            })
            .context("a publisher")?;
        Ok(answered)
    }
}
