//! Who is in a room: counts, and what is to be announced.

use super::Transport;
use crate::clock;
use nowcast_shared::frame::ServerFrame;
use nowcast_shared::signal::{PresenceState, Signal, Transports};

pub(super) struct Presence {
    version: u64,
    announced: u64,
    transports: Transports,
}

impl Default for Presence {
    /// Versions go on from where an earlier life of the room, or of the server, can have been:
    /// pages that come back know those.
    fn default() -> Self {
        let version = u64::try_from(clock::now()).unwrap_or(0);
        Self { version, announced: version, transports: Transports::default() }
    }
}

impl Presence {
    pub(super) fn join(&mut self, counted: bool, transport: Transport) {
        self.change(counted, transport, |count| *count += 1);
    }

    pub(super) fn leave(&mut self, counted: bool, transport: Transport) {
        self.change(counted, transport, |count| *count = count.saturating_sub(1));
    }

    fn change(&mut self, counted: bool, transport: Transport, change: impl Fn(&mut u64)) {
        if !counted {
            return;
        }
        self.version += 1;
        change(match transport {
            Transport::WebSocket => &mut self.transports.websocket,
            Transport::Sse => &mut self.transports.sse,
            Transport::Poll => &mut self.transports.poll,
        });
    }

    pub(super) fn state(&self) -> PresenceState {
        PresenceState {
            version: self.version,
            count: self.count(),
            people: Vec::new(),
            transports: self.transports,
        }
    }

    /// The frame that tells the newest state, with its version, if it was not announced yet.
    pub(super) fn announcement(&mut self) -> Option<(u64, String)> {
        if self.announced == self.version {
            return None;
        }
        self.announced = self.version;
        Some((self.version, self.frame()?))
    }

    /// The frame that tells the newest state.
    pub(super) fn frame(&self) -> Option<String> {
        let signal = Signal::Presence(nowcast_shared::signal::Presence {
            version: self.version,
            count: self.count(),
            joined: Vec::new(),
            left: Vec::new(),
            since: None,
            people: None,
            transports: self.transports,
        });
        serde_json::to_string(&ServerFrame::<()>::Signal { signal }).ok()
    }

    fn count(&self) -> u64 {
        self.transports.websocket + self.transports.sse + self.transports.poll
    }
}
