//! Long-polling sessions between two polls: what is told meanwhile waits for the next one.

use super::Subscription;
use nowcast_shared::id::ClientId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a page may take between two polls before it has left.
const GRACE: Duration = Duration::from_secs(30);

/// How many places are kept; whoever makes up new client ids all the time pushes out the oldest.
const MOST: usize = 20_000;

/// The places of pages that will poll again.
#[derive(Default)]
pub struct Parked {
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    all: HashMap<(i64, ClientId), (Subscription, Instant)>,
    closed: bool,
}

impl Parked {
    /// Keeps a place until the page comes back, or for [`GRACE`].
    pub fn park(&self, room: i64, client: ClientId, subscription: Subscription) {
        subscription.pause();
        let deadline = Instant::now() + GRACE;
        let mut places = self.places();
        if places.closed {
            drop(places);
            return;
        }
        let oldest = if places.all.len() < MOST {
            None
        } else {
            let oldest = places.all.iter().min_by_key(|(_, (_, deadline))| *deadline);
            oldest.map(|(name, _)| name.clone())
        };
        let left = oldest.and_then(|name| places.all.remove(&name));
        let earlier = places.all.insert((room, client), (subscription, deadline));
        // Leaving takes the hub's lock: not while holding this one.
        drop(places);
        drop((left, earlier));
    }

    /// Takes the place back.
    pub fn take(&self, room: i64, client: &ClientId) -> Option<Subscription> {
        let place = self.places().all.remove(&(room, client.clone()));
        place.map(|(subscription, _)| subscription)
    }

    /// Lets go of those whose time is over.
    pub fn expire(&self, now: Instant) {
        let over: Vec<_> = {
            let mut places = self.places();
            places.all.extract_if(|_, (_, deadline)| *deadline <= now).collect()
        };
        drop(over);
    }

    /// Lets go of all, and of whoever would still be parked.
    pub(super) fn close(&self) {
        let all =
            std::mem::replace(&mut *self.places(), Places { all: HashMap::new(), closed: true });
        drop(all);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
