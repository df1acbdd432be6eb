//! Long-polling sessions between two polls: what is told meanwhile waits for the next one.

use super::Subscription;
use nowcast_shared::id::ClientId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a page may take between two polls before it has left.
const GRACE: Duration = Duration::from_secs(30);

/// The places of pages that will poll again.
#[derive(Default)]
pub struct Parked {
    places: Mutex<HashMap<(i64, ClientId), (Subscription, Instant)>>,
}

impl Parked {
    /// Keeps a place until the page comes back, or for [`GRACE`].
    pub fn park(&self, room: i64, client: ClientId, subscription: Subscription) {
        subscription.pause();
        let deadline = Instant::now() + GRACE;
        let earlier = self.places().insert((room, client), (subscription, deadline));
        // Leaving takes the hub's lock: not while holding this one.
        drop(earlier);
    }

    /// Takes the place back.
    pub fn take(&self, room: i64, client: &ClientId) -> Option<Subscription> {
        let place = self.places().remove(&(room, client.clone()));
        place.map(|(subscription, _)| subscription)
    }

    /// Lets go of those whose time is over.
    pub fn expire(&self, now: Instant) {
        let over: Vec<_> = {
            let mut places = self.places();
            places.extract_if(|_, (_, deadline)| *deadline <= now).collect()
        };
        drop(over);
    }

    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.places());
        drop(all);
    }

    fn places(&self) -> MutexGuard<'_, HashMap<(i64, ClientId), (Subscription, Instant)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
