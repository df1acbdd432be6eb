//! What can be asked in a room.

use crate::Command;
use crate::error::Error;
use nowcast_shared::id::{BadId, ItemId, PieceId, PublicId, SaidId};
use nowcast_shared::item::NewItem;
use nowcast_shared::stage::PieceChange;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use nowcast_link::sending::Taken as Ack;

/// How many commands may wait for their answers; those after them wait to be sent.
const WAITING: usize = 256;

/// Somebody who waits for an answer.
pub(crate) type Then = oneshot::Sender<Result<Ack, Error>>;

/// What is asked of a room's driver.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A command, and who waits for its answer.
    Command(Box<Command>, Then),
    /// Something that is of no use later, and what it is about.
    Hint(String, Box<Command>),
}

/// What can be asked in a room. Each answer says that the command took effect, or why not; what is
/// under way when a connection breaks is sent again over the next one and takes effect once.
///
/// Cheap to clone. It works as long as its [`Room`](crate::Room) is open.
#[derive(Clone, Debug)]
pub struct Commands {
    ask: mpsc::Sender<Asked>,
    room: Arc<Semaphore>,
}

impl Commands {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (ask, asked) = mpsc::channel(16);
        (Self { ask, room: Arc::new(Semaphore::new(WAITING)) }, asked)
    }

    /// Asks for anything. Who stops waiting does not take it back.
    ///
    /// # Errors
    /// If the server refuses it, no answer comes within a minute, or the room is closed.
    pub async fn ask(&self, command: Command) -> Result<Ack, Error> {
        let _place = self.room.acquire().await.map_err(|_| Error::Closed)?;
        let (then, answer) = oneshot::channel();
        let asked = Asked::Command(Box::new(command), then);
        self.ask.send(asked).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Tells something that is of no use later: if the page is cut off just now, or a newer hint
    /// about the same comes before it is sent, it is dropped.
    ///
    /// # Errors
    /// If the room is closed.
    pub async fn hint(&self, about: impl Into<String>, command: Command) -> Result<(), Error> {
        let hint = Asked::Hint(about.into(), Box::new(command));
        self.ask.send(hint).await.map_err(|_| Error::Closed)
    }

    /// Shows a new item. The answer says where it stands, and the event at that offset has its id.
    /// [`Publisher`](crate::Publisher) is told the id at once, and need not follow the room.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn publish(&self, kind: impl Into<String>, data: Value) -> Result<Ack, Error> {
        self.ask(Command::Publish { item: NewItem { kind: kind.into(), data } }).await
    }

    /// Changes an item's data.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn edit(&self, item: &ItemId, data: Value) -> Result<Ack, Error> {
        self.ask(Command::Edit { item: item.clone(), data }).await
    }

    /// Takes an item from the feed.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn delete(&self, item: &ItemId) -> Result<Ack, Error> {
        self.ask(Command::Delete { item: item.clone() }).await
    }

    /// Says something in the chat. The answer says whether it waits for approval.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn say(&self, text: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::Say { text: text.into(), name: None }).await
    }

    /// Says it otherwise.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn edit_said(&self, said: &SaidId, text: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::EditSaid { said: said.clone(), text: text.into() }).await
    }

    /// Takes words back.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn delete_said(&self, said: &SaidId) -> Result<Ack, Error> {
        self.ask(Command::DeleteSaid { said: said.clone() }).await
    }

    /// Gives a shared variable a value.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn set(&self, name: impl Into<String>, value: Value) -> Result<Ack, Error> {
        self.ask(Command::Set { name: name.into(), value, version: None }).await
    }

    /// Gives a shared variable a value, but only if its version is this one; 0: if there is none.
    ///
    /// # Errors
    /// As [`Self::ask`]; `version_mismatch` if it has another version by now.
    pub async fn set_if(
        &self,
        name: impl Into<String>,
        value: Value,
        version: u64,
    ) -> Result<Ack, Error> {
        self.ask(Command::Set { name: name.into(), value, version: Some(version) }).await
    }

    /// Takes a shared variable away.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn unset(&self, name: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::Unset { name: name.into(), version: None }).await
    }

    /// Puts a piece on the stage, or changes one.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn put(&self, piece: &str, change: PieceChange) -> Result<Ack, Error> {
        self.ask(Command::Put { piece: named(piece)?, change }).await
    }

    /// Takes a piece off the stage.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn remove(&self, piece: &str) -> Result<Ack, Error> {
        self.ask(Command::Remove { piece: named(piece)? }).await
    }

    /// Takes hold of a piece: for two seconds after each move nobody else moves it.
    ///
    /// # Errors
    /// As [`Self::ask`]; `piece_held` if somebody else has it.
    pub async fn grab(&self, piece: &str) -> Result<Ack, Error> {
        self.ask(Command::Grab { piece: named(piece)? }).await
    }

    /// Moves a piece, in fractions of the stage; others see it on its way. Each of these is sent:
    /// who gets places faster than answers skips those in between.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn move_to(&self, piece: &str, x: f64, y: f64) -> Result<Ack, Error> {
        self.ask(Command::Move { piece: named(piece)?, x, y }).await
    }

    /// Leaves a piece where it is now.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn drop_at(&self, piece: &str, x: f64, y: f64) -> Result<Ack, Error> {
        self.ask(Command::Drop { piece: named(piece)?, x, y }).await
    }

    /// Goes by this name from now on; by none if it is empty.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn rename(&self, name: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::Name { name: name.into() }).await
    }

    /// Says which user this is, by a token that the owner of the page signed.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn register(&self, token: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::Register { token: Some(token.into()), id: None }).await
    }

    /// Says which user this is, by a plain id; only a server with `--open` believes it.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn register_as(&self, id: impl Into<String>) -> Result<Ack, Error> {
        self.ask(Command::Register { token: None, id: Some(id.into()) }).await
    }

    /// Lets somebody say nothing, for so many seconds or for good.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn mute(&self, person: &PublicId, seconds: Option<u64>) -> Result<Ack, Error> {
        self.ask(Command::Mute { person: person.clone(), seconds }).await
    }

    /// Sends somebody out of the room.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn block(&self, person: &PublicId) -> Result<Ack, Error> {
        self.ask(Command::Block { person: person.clone() }).await
    }

    /// Says that somebody is writing in the chat.
    ///
    /// # Errors
    /// If the room is closed.
    pub async fn typing(&self) -> Result<(), Error> {
        self.hint("typing", Command::Typing {}).await
    }
}

fn named(piece: &str) -> Result<PieceId, Error> {
    piece.parse().map_err(|error: BadId| Error::Invalid(error.to_string()))
}
