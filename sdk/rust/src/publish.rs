//! Publishing without following.

use crate::error::{Error, Problem};
use crate::random;
use crate::wire::{Credential, Http, NewKeyed, Published};
use nowcast_link::backoff::Backoff;
use nowcast_shared::id::{BadId, RoomName};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a server may be away if nothing else is said.
const PATIENCE: Duration = Duration::from_mins(1);

/// Publishes to one room, by requests. An item is kept once, also where it has to be sent again
/// because an answer was lost.
///
/// ```no_run
/// # async fn example() -> Result<(), nowcast_sdk::Error> {
/// use serde_json::json;
///
/// let publisher = nowcast_sdk::Publisher::to("http://127.0.0.1:8080", "main", "nc_…")?;
/// let published = publisher.publish("message", json!({"text": "**Hello**"})).await?;
/// println!("{} at {}", published.id, published.offset);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Publisher {
    http: Http,
    room: RoomName,
    patience: Duration,
}

impl Publisher {
    /// Publishes to this room of the server at this address, by a token.
    ///
    /// # Errors
    /// If the address, the room's name or the token cannot be right.
    pub fn to(server: &str, room: &str, token: impl Into<String>) -> Result<Self, Error> {
        Self::by(Http::new(server, Credential::Token(token.into()))?, room)
    }

    /// Without a token, as a server with `--open` lets anyone.
    ///
    /// # Errors
    /// If the address or the room's name cannot be right.
    pub fn anyone(server: &str, room: &str) -> Result<Self, Error> {
        Self::by(Http::new(server, Credential::None)?, room)
    }

    fn by(http: Http, room: &str) -> Result<Self, Error> {
        let room = room.parse().map_err(|error: BadId| Error::Invalid(error.to_string()))?;
        Ok(Self { http, room, patience: PATIENCE })
    }

    /// Tries for this long while the server is away; a minute if nothing else is said.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Publishes an item, once.
    ///
    /// # Errors
    /// If the server refuses it, or is away for longer than the patience.
    pub async fn publish(&self, kind: &str, data: Value) -> Result<Published, Error> {
        self.publish_as(&Self::new_key()?, kind, data).await
    }

    /// An idempotency key that nobody else has.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new_key() -> Result<String, Error> {
        random::name()
    }

    /// Publishes an item under an idempotency key of the caller's: also another run of the program
    /// publishes it once.
    ///
    /// # Errors
    /// As [`Self::publish`]; `idempotency_mismatch` if the key was used for something else.
    pub async fn publish_as(&self, key: &str, kind: &str, data: Value) -> Result<Published, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            match self.http.publish(self.room.as_str(), key, kind, &data).await {
                Ok(published) => return Ok(published),
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// Publishes many items in their order, at most 256 of 2 MiB together, each under an idempotency
    /// key of the caller's; what came of each: what is wrong with one keeps no other from being
    /// published.
    ///
    /// # Errors
    /// As [`Self::publish`], for what concerns all of them.
    pub async fn publish_all(
        &self,
        items: &[NewKeyed],
    ) -> Result<Vec<Result<Published, Problem>>, Error> {
        let mut tries = Tries::new(self.patience);
        loop {
            match self.http.publish_all(self.room.as_str(), items).await {
                // What a full or locked store refuses is no fault of an item.
                Ok(told) => match told.iter().find_map(temporary) {
                    None => return Ok(told),
                    Some(error) => tries.again(error).await?,
                },
                Err(error) => tries.again(error).await?,
            }
        }
    }
}

/// What was refused for now only.
fn temporary(told: &Result<Published, Problem>) -> Option<Error> {
    let error = Error::Refused(told.as_ref().err()?.clone());
    error.is_temporary().then_some(error)
}

/// How often something was tried, and for how long it will be.
struct Tries {
    /// None is so far away that it never comes.
    until: Option<Instant>,
    backoff: Backoff,
    failures: u32,
}

impl Tries {
    fn new(patience: Duration) -> Self {
        let until = Instant::now().checked_add(patience);
        Self { until, backoff: Backoff::new(random::seed()), failures: 0 }
    }

    /// Waits until it is time to try again.
    ///
    /// # Errors
    /// The error, if that stays or the patience does not last.
    async fn again(&mut self, error: Error) -> Result<(), Error> {
        let wait = match error.retry_after() {
            Some(seconds) => Duration::from_secs(seconds),
            None => Duration::from_millis(self.backoff.after(self.failures)),
        };
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if !error.is_temporary() || left.is_some_and(|left| left < wait) {
            return Err(error);
        }
        self.failures += 1;
        sleep(wait).await;
        Ok(())
    }
}
