//! How a room is opened: where, as whom, from where on.

use crate::error::Error;
use crate::random;
use crate::room::Room;
use crate::wire::{Address, Credential, Http, Transport};
use nowcast_shared::id::{BadId, ClientId, PersonId, RoomName};
use nowcast_shared::offset::Position;
use std::fmt;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// A room that is to be opened.
#[derive(Clone)]
#[must_use = "it connects when it is opened"]
pub struct Connect {
    server: String,
    room: String,
    token: Option<String>,
    client: Option<String>,
    person: Option<String>,
    /// What else it says of itself, by the name in the query.
    said: Vec<(&'static str, String)>,
    since: Option<Position>,
    pushed: Option<String>,
    page: Option<&'static str>,
    only: Option<Transport>,
    patience: Option<Duration>,
}

/// Without the secrets.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, room, since, only, .. } = self;
        f.debug_struct("Connect")
            .field("server", server)
            .field("room", room)
            .field("since", since)
            .field("only", only)
            .finish_non_exhaustive()
    }
}

impl Connect {
    /// To the room `main` of the server at this address, as in `http://127.0.0.1:8080`.
    pub fn to(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            room: "main".to_owned(),
            token: None,
            client: None,
            person: None,
            said: Vec::new(),
            since: None,
            pushed: None,
            page: None,
            only: None,
            patience: None,
        }
    }

    /// To another room.
    pub fn room(self, room: impl Into<String>) -> Self {
        Self { room: room.into(), ..self }
    }

    /// With a program's token (`nowcast token` makes one), which says what it may do.
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// As the user that this token was signed for.
    pub fn user_token(self, token: impl Into<String>) -> Self {
        self.saying("token", token)
    }

    /// As the user of this id; only a server with `--open` believes it.
    pub fn user(self, id: impl Into<String>) -> Self {
        self.saying("id", id)
    }

    /// Going by this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.saying("name", name)
    }

    /// With the invitation to a private room.
    pub fn invitation(self, secret: impl Into<String>) -> Self {
        self.saying("invitation", secret)
    }

    /// As the same page as before: the id is a secret of it. Without, it is a new page. What is asked
    /// in a room that was opened again as the same page is asked anew.
    pub fn client(self, client: impl Into<String>) -> Self {
        Self { client: Some(client.into()), ..self }
    }

    /// As the same person as before: the id is a secret of it. Without, it is somebody new.
    pub fn person(self, person: impl Into<String>) -> Self {
        Self { person: Some(person.into()), ..self }
    }

    /// From after this position; without, from the room as it is. See [`Room::position`].
    pub fn since(self, position: Position) -> Self {
        Self { since: Some(position), ..self }
    }

    /// As one that has seen this push last. See [`Room::newest_push`].
    pub fn pushed(self, id: impl Into<String>) -> Self {
        Self { pushed: Some(id.into()), ..self }
    }

    /// Without being counted among the open pages.
    pub fn uncounted(self) -> Self {
        Self { page: Some("probe"), ..self }
    }

    /// By this way alone, instead of the best one that works.
    pub fn only(self, transport: Transport) -> Self {
        Self { only: Some(transport), ..self }
    }

    /// Gives up [opening](Self::open) after this time. Without, it tries until it succeeds or is
    /// refused.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    fn saying(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.said.retain(|(known, _)| *known != name);
        self.said.push((name, value.into()));
        self
    }

    /// Opens the room, and waits until it is open.
    ///
    /// # Errors
    /// If the server refuses, cannot be reached in time, or what it is given is not right.
    pub async fn open(self) -> Result<Room, Error> {
        let patience = self.patience;
        let mut room = self.start()?;
        let opened = match patience {
            None => room.opened().await,
            Some(patience) => match timeout(patience, room.opened()).await {
                Ok(opened) => opened,
                Err(_) => Err(room.failure()),
            },
        };
        opened.map(|()| room)
    }

    /// Begins to connect, without waiting: what comes first are [states](crate::State).
    ///
    /// # Errors
    /// If what it is given is not right, or there is no tokio runtime.
    pub fn start(self) -> Result<Room, Error> {
        let only = self.only;
        let address = self.address()?;
        let runtime = Handle::try_current().map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(Room::start(&runtime, address, only, random::prefix()?))
    }

    fn address(self) -> Result<Address, Error> {
        let bad = |error: BadId| Error::Invalid(error.to_string());
        let credential = self.token.map_or(Credential::None, Credential::Token);
        let http = Http::new(&self.server, credential)?;
        let room: RoomName = self.room.parse().map_err(bad)?;
        let client = self.client.map_or_else(random::name, Ok)?;
        let client: ClientId = client.parse().map_err(bad)?;
        let mut address = Address::new(http, room.as_str())
            .saying("client", client.as_str())
            .since(self.since.map(|position| position.to_string()))
            .pushed(self.pushed);
        if let Some(person) = self.person {
            let person: PersonId = person.parse().map_err(bad)?;
            address = address.saying("person", person.as_str());
        }
        for (name, value) in self.said {
            address = address.saying(name, value);
        }
        Ok(match self.page {
            Some(page) => address.page(page),
            None => address,
        })
    }
}
