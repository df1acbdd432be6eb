//! Looking at sessions whose time has come: signs of life, time-outs, ends.

use super::batch::Format;
use super::member::{Carrier, Member};
use super::shard::Shard;
use super::timers::NEVER;
use crate::app::App;
use crate::websocket;
use nowcast_shared::error::Reason;
use socket2::SockRef;
use std::time::Duration;

impl Shard {
    /// Looks at every session whose timer went off.
    pub(super) fn look(&mut self, app: &App) {
        while let Some((key, id, at)) = self.timers.due(self.now) {
            let Some(member) = self.members.get_mut(key) else { continue };
            // An earlier look was asked for since, or another session has the slot.
            if member.cold.id != id || member.cold.armed != at || member.gone {
                continue;
            }
            member.cold.armed = NEVER;
            if member.deadline(&self.times) <= self.now {
                self.overdue(app, key);
            }
            if !self.members[key].gone {
                self.arm(key);
            }
        }
    }

    fn overdue(&mut self, app: &App, key: usize) {
        let (now, times) = (self.now, self.times);
        let member = &mut self.members[key];
        if member.cold.ending.is_some() {
            // Also where the last byte left: it may still be in the kernel, for a peer that does
            // not read.
            reset(member);
            self.let_go(key);
            return;
        }
        match &member.carrier {
            Carrier::Polls(polls) if polls.waiting.is_some() => self.answer_poll(key),
            Carrier::Polls(_) => self.let_go(key),
            Carrier::Socket { outbox: Some(_), .. } if member.cold.wrote + times.stall <= now => {
                reset(member);
                self.let_go(key);
            }
            Carrier::Pipe(_) if member.format == Format::EventStream => {
                member.cold.wrote = now;
                self.reply(app, key, br#"{"t":"pong"}"#);
            }
            // What it says waits as well.
            Carrier::Socket { .. } | Carrier::Pipe(_) if member.cold.paused => {
                member.cold.heard = now;
            }
            Carrier::Socket { .. } | Carrier::Pipe(_) if member.cold.asked => {
                self.close(app, key, Reason::TimedOut);
            }
            Carrier::Socket { .. } | Carrier::Pipe(_) => {
                member.cold.asked = true;
                member.cold.heard = now;
                if let Some(trip) = &mut member.cold.trip {
                    trip.begin();
                }
                let ping = websocket::encode::ping(b"");
                self.queue(app, key, ping.into());
            }
        }
    }
}

/// Makes the end of a connection a reset: the kernel does not go on trying to send.
fn reset(member: &Member) {
    match &member.carrier {
        Carrier::Socket { stream, .. } => {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        Carrier::Pipe(piped) => {
            if let Some(peer) = &piped.peer {
                peer.cut();
            }
        }
        Carrier::Polls(_) => {}
    }
}
