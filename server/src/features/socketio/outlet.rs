//! Writing to a page no faster than it reads.
//!
//! The library takes packets up to a number and refuses more, also its own heartbeats, for want of
//! which it ends the connection. So a few places stay free for those, what is large goes alone, and
//! whoever has more to say waits: then the session behind it fills up, which has a limit and an end
//! with a name.

use super::connection::Slot;
use engineioxide::Socket;
use std::time::Duration;
use tokio::time::sleep;

/// How many packets the library holds for a page.
pub(super) const PLACES: usize = 32;

/// How many of them stay free for heartbeats and the upgrade.
const SPARE: usize = 8;

/// For how many bytes of a packet one more place has to be free: what is small goes beside much
/// else, what is large goes alone, and what lies in the library is some 150 KiB at most, but for one
/// packet that is larger by itself.
const SHARE: usize = 1024;

/// How long it takes at first, and at most, until is looked again whether the page has read.
const LOOK: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(128));

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// Writes a packet when there is room for it.
pub(super) async fn send(socket: &Socket<Slot>, packet: String) -> Result<(), Gone> {
    let free = PLACES.min(SPARE + 1 + packet.len() / SHARE);
    let mut permits = places(socket, free).await?;
    if let Some(permit) = permits.pop() {
        permit.emit(packet.into());
    }
    Ok(())
}

/// Returns when the page has taken all that was written.
pub(super) async fn taken(socket: &Socket<Slot>) -> Result<(), Gone> {
    places(socket, PLACES).await.map(|_| ())
}

/// Waits until so many places are free, and holds them.
async fn places(
    socket: &Socket<Slot>,
    free: usize,
) -> Result<Vec<engineioxide::socket::Permit<'_>>, Gone> {
    let (mut wait, longest) = LOOK;
    loop {
        let mut permits = Vec::with_capacity(free);
        while permits.len() < free {
            match socket.reserve() {
                Ok(permit) => permits.push(permit),
                Err(_) if socket.is_closed() => return Err(Gone),
                Err(_) => break,
            }
        }
        if permits.len() == free {
            return Ok(permits);
        }
        drop(permits);
        sleep(wait).await;
        wait = (wait * 2).min(longest);
    }
}
