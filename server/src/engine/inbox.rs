//! What a page sends over a connection of its own: read, limited, carried out.

use crate::app::App;
use crate::auth::{Actor, Credential};
use crate::command::{self, Caller, Done, Key};
use crate::error::Problem;
use crate::hub::Seat;
use crate::limiter::Limiter;
use crate::log::Room;
use bytes::Bytes;
use nowcast_shared::command::Command;
use nowcast_shared::error::{Code, Reason};
use nowcast_shared::frame::{PageFrame, ServerFrame};
use nowcast_shared::id::CommandId;
use serde_json::Value;
use std::sync::Arc;

/// How many frames in a row may be too many before the session ends.
const EXCESS: u32 = 2_000;

/// One session's side of the way in.
pub struct Inbox {
    room: Arc<Room>,
    seat: Arc<Seat>,
    credential: Credential,
}

/// How fast a session sends.
pub(super) struct Pace {
    limiter: Limiter,
    moves: Limiter,
    /// How many frames in a row were too many.
    excess: u32,
}

impl Pace {
    /// At the rates of commands and of moves.
    pub(super) fn new(app: &App) -> Self {
        let limiter = Limiter::new(app.limits.command_rate, app.limits.command_burst);
        let moves = Limiter::new(app.limits.move_rate, app.limits.move_burst);
        Self { limiter, moves, excess: 0 }
    }

    /// Takes one, if it is allowed.
    pub(super) fn admit(&mut self) -> bool {
        let admitted = self.limiter.admit();
        self.excess = if admitted { 0 } else { self.excess + 1 };
        admitted
    }

    /// Notes a move. None is refused for coming too fast, since the newest has to be told; but what
    /// is too many counts as commands do, and a flood is a flood.
    fn note_move(&mut self) {
        if self.moves.admit() {
            self.excess = 0;
        } else {
            self.admit();
        }
    }

    /// Whether it goes on for so long that it is no mistake.
    pub(super) fn is_flood(&self) -> bool {
        self.excess > EXCESS
    }
}

/// What follows from a frame.
pub(super) enum Read {
    /// The answer: JSON text.
    Answer(Bytes),
    /// The answer to a page that asks for a sign of life.
    Pong(Bytes),
    /// Nothing.
    Done,
    /// There is something to do first.
    Run(Box<Errand>),
    /// The session is to end.
    Close(Reason),
}

/// A command that is to be carried out.
pub(super) struct Errand {
    actor: Actor,
    id: Option<CommandId>,
    command: Command<Value>,
}

impl Errand {
    /// The answer if nothing better is known.
    pub(super) fn failed(&self) -> Bytes {
        let problem = Problem::new(Code::Internal, "Something went wrong here. Try again.");
        encode(&command::reject(self.id.clone(), problem))
    }
}

impl Inbox {
    /// For a session at this place in this room.
    pub fn new(room: Arc<Room>, seat: Arc<Seat>, credential: Credential) -> Self {
        Self { room, seat, credential }
    }

    /// Reads a frame of at most so many bytes. The answer to what needs no waiting is there at
    /// once.
    pub(super) fn read(&mut self, app: &App, pace: &mut Pace, text: &[u8], limit: usize) -> Read {
        let too_large = text.len() > limit;
        let actor = match app.auth.actor(&self.credential, &self.seat.visitor()) {
            Ok(actor) => actor,
            Err(problem) => return refused(None, problem),
        };
        let read = (!too_large).then(|| command::read(text, None));
        let moves =
            matches!(&read, Some(Ok(PageFrame::Command { command: Command::Move { .. }, .. })));
        // Whatever a page sends costs something, also what cannot be read.
        let limited = actor.is_limited() || too_large;
        let too_fast = match moves {
            true if limited => {
                pace.note_move();
                false
            }
            true => false,
            false => limited && !pace.admit(),
        };
        if pace.is_flood() {
            return Read::Close(Reason::Flooding);
        }
        let frame = match read {
            None => return refused(None, Problem::too_large("The frame", limit)),
            Some(Ok(frame)) => frame,
            Some(Err(unreadable)) => return refused(unreadable.command, unreadable.problem),
        };
        match frame {
            PageFrame::Ping if too_fast => refused(None, command::too_fast()),
            PageFrame::Ping => Read::Pong(encode(&ServerFrame::Pong)),
            PageFrame::Command { id, .. } if too_fast => refused(id, command::too_fast()),
            PageFrame::Command { id, command } => {
                let (visitor, session) = (self.seat.visitor(), Some(self.seat.session()));
                let caller = Caller { actor: &actor, client: visitor.client.as_ref(), session };
                match command::at_once(app, &self.room, &caller, &command) {
                    Some(result) => answer(id, command::is_quiet(&command), result)
                        .map_or(Read::Done, Read::Answer),
                    None => Read::Run(Box::new(Errand { actor, id, command })),
                }
            }
        }
    }

    /// The answer to a message that came too fast.
    pub(super) fn too_fast() -> Bytes {
        encode(&command::reject(None, command::too_fast()))
    }

    /// The answer to a message that is no text.
    pub(super) fn not_text() -> Bytes {
        let problem = Problem::new(Code::BadRequest, "Frames are text here, not binary.");
        encode(&command::reject(None, problem))
    }

    /// Carries out a command and gives the answer, if there is one.
    pub(super) async fn run(&self, app: &App, errand: Errand) -> Option<Bytes> {
        let Errand { actor, id, command } = errand;
        let (visitor, session) = (self.seat.visitor(), Some(self.seat.session()));
        let named = id.as_ref().zip(visitor.client.as_ref());
        let key = named.map(|(id, client)| Key::command(client, id));
        let caller = Caller { actor: &actor, client: visitor.client.as_ref(), session };
        let quiet = command::is_quiet(&command);
        let result = command::run(app, &self.room, &caller, command, key).await;
        answer(id, quiet, result)
    }
}

/// The answer to a command; none to one without an id that is answered only if it has one.
fn answer(id: Option<CommandId>, quiet: bool, result: Result<Done, Problem>) -> Option<Bytes> {
    let silent = id.is_none() && quiet && result.is_ok();
    (!silent).then(|| encode(&command::answer(id, result)))
}

fn refused(command: Option<CommandId>, problem: Problem) -> Read {
    Read::Answer(encode(&command::reject(command, problem)))
}

/// The JSON of a frame.
pub fn encode(frame: &ServerFrame<Value>) -> Bytes {
    // Frames hold nothing that JSON cannot write.
    serde_json::to_vec(frame).unwrap_or_default().into()
}
