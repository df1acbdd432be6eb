//! The way of a command, on one page: read, allowed?, well-formed?, kept.
//!
//! Pages (on any transport) and programs come through here alike.

pub(crate) mod chat;
mod items;
mod moderation;
mod people;
mod stage;
pub mod variables;

pub use items::{Keyed, publish_all};
pub use stage::settle;

use crate::app::App;
use crate::auth::Actor;
use crate::door;
use crate::engine::mailbox::SessionId;
use crate::error::Problem;
use crate::http::body::shape;
use crate::json;
use crate::log::{Appended, Change, Draft, Kind, Once, Room};
use nowcast_shared::command::{Command, KINDS};
use nowcast_shared::error::Code;
use nowcast_shared::frame::{PageFrame, ServerFrame};
use nowcast_shared::id::{ClientId, CommandId};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How long a command id or an idempotency key may be, in bytes.
pub const MAX_KEY: usize = 128;

/// A frame from a page that could be read.
pub type Frame = PageFrame<Value>;

/// Why a frame could not be read, with the id of the command if that could.
#[derive(Debug)]
pub struct Unreadable {
    /// To answer to.
    pub command: Option<CommandId>,
    /// What is wrong.
    pub problem: Problem,
}

/// Reads a page's frame. Over HTTP `t` may be left out: `default` stands for it then.
pub fn read(text: &[u8], default: Option<&str>) -> Result<Frame, Unreadable> {
    let unreadable =
        |command, code, detail: String| Unreadable { command, problem: Problem::new(code, detail) };
    let text = std::str::from_utf8(text)
        .map_err(|_| unreadable(None, Code::BadUtf8, "This is not UTF-8.".to_owned()))?;
    let mut value = json::read(text).map_err(|problem| Unreadable { command: None, problem })?;
    let Some(object) = value.as_object_mut() else {
        let detail = "A frame is a JSON object.".to_owned();
        return Err(unreadable(None, Code::BadRequest, detail));
    };
    if let Some(default) = default
        && !object.contains_key("t")
    {
        object.insert("t".to_owned(), default.into());
    }
    let id = match object.get("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if (1..=MAX_KEY).contains(&id.len()) => Some(CommandId(id.clone())),
        Some(_) => {
            let detail = format!("A command's `id` is text of 1 to {MAX_KEY} bytes.");
            return Err(unreadable(None, Code::BadRequest, detail));
        }
    };
    let t = object.get("t").and_then(Value::as_str).unwrap_or_default();
    if !["command", "ping"].contains(&t) {
        let detail = "A frame's `t` is `command` or `ping`.".to_owned();
        return Err(unreadable(id, Code::UnknownKind, detail));
    }
    let kind = object.get("command").and_then(|command| command.get("kind"));
    if let Some(Value::String(kind)) = kind
        && !KINDS.contains(&kind.as_str())
    {
        let detail = format!("There is no such command. Known are: {}.", KINDS.join(", "));
        return Err(unreadable(id, Code::UnknownKind, detail));
    }
    serde_json::from_value(value).map_err(|error| unreadable(id, Code::BadRequest, shape(&error)))
}

/// Who asks, and from where.
pub struct Caller<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Which page, if it told.
    pub client: Option<&'a ClientId>,
    /// Its session in the room, if it has one.
    pub session: Option<SessionId>,
}

/// By what a repeat is recognised.
pub struct Key {
    whose: String,
    key: String,
}

impl Key {
    /// An idempotency key, which is the actor's.
    pub fn idempotency(actor: &Actor, key: &str) -> Self {
        Self { whose: actor.subject(), key: format!("key:{key}") }
    }

    /// A command's id, which is the page's: it stays the same page when it registers or logs in
    /// between a command and its repeat.
    pub fn command(page: &ClientId, id: &CommandId) -> Self {
        Self { whose: format!("client:{page}"), key: format!("command:{id}") }
    }

    /// For what is asked for by it.
    pub fn once(self, fingerprint: [u8; 32]) -> Once {
        Once { actor: self.whose, key: self.key, fingerprint }
    }
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Done {
    /// It became an event.
    Kept(Appended),
    /// It became a signal, or changed who is who.
    Told,
    /// It waits for approval.
    Held,
}

/// Carries out what somebody asks for in `room`, once for each `key`.
pub async fn run(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    command: Command<Value>,
    key: Option<Key>,
) -> Result<Done, Problem> {
    door::not_blocked(app, room, caller.actor)?;
    let once = key.map(|key| key.once(digest(&command)));
    match command {
        Command::Publish { item } => items::publish(app, room, caller, item, once).await,
        Command::Edit { item, data } => items::edit(app, room, caller, item, data, once).await,
        Command::Delete { item } => items::delete(app, room, caller, item, once).await,
        Command::Mute { person, seconds } => {
            moderation::mute(app, room, caller, person, seconds).await
        }
        Command::Unmute { person } => {
            moderation::pardon(app, room, caller, person, Kind::Mute).await
        }
        Command::Block { person } => moderation::block(app, room, caller, person).await,
        Command::Unblock { person } => {
            moderation::pardon(app, room, caller, person, Kind::Block).await
        }
        Command::Put { piece, change } => stage::put(app, room, caller, piece, change, once).await,
        Command::Remove { piece } => stage::remove(app, room, caller, piece, once).await,
        Command::Grab { piece } => stage::hold(app, room, caller, &piece, None).await,
        Command::Move { piece, x, y } => stage::hold(app, room, caller, &piece, Some((x, y))).await,
        Command::Drop { piece, x, y } => stage::drop(app, room, caller, piece, (x, y), once).await,
        Command::Set { name, value, version } => {
            let expect = variables::expect(version);
            variables::set(app, room, caller, (name, value), expect, once).await
        }
        Command::Unset { name, version } => {
            let expect = variables::expect(version);
            variables::unset(app, room, caller, name, expect, once).await
        }
        Command::Say { text, name } => {
            chat::say(app, room, caller, &text, name.as_deref(), once).await
        }
        Command::EditSaid { said, text } => chat::edit(app, room, caller, said, &text, once).await,
        Command::DeleteSaid { said } => chat::delete(app, room, caller, said, once).await,
        Command::Typing {} => chat::typing(app, room, caller),
        Command::Name { name } => people::name(app, room, caller, &name),
        Command::Register { token, id } => people::register(app, room, caller, token, id).await,
    }
}

/// Carries out what passes and needs no waiting, on the thread that read it; `None` if it has to go
/// the long way after all.
pub fn at_once(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    command: &Command<Value>,
) -> Option<Result<Done, Problem>> {
    if let Err(problem) = door::not_blocked(app, room, caller.actor) {
        return Some(Err(problem));
    }
    match command {
        Command::Typing {} => Some(chat::typing(app, room, caller)),
        Command::Grab { piece } => stage::hold_at_once(app, room, caller, piece, None),
        Command::Move { piece, x, y } => {
            stage::hold_at_once(app, room, caller, piece, Some((*x, *y)))
        }
        _ => None,
    }
}

/// Whether a command that took effect is answered only if it has an id: what comes many times a
/// second.
pub fn is_quiet(command: &Command<Value>) -> bool {
    matches!(command, Command::Move { .. } | Command::Typing {})
}

/// Keeps a change that is allowed.
async fn keep(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    change: Change,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let (by, owner) = (app.auth.author(caller.actor), caller.actor.subject());
    Ok(Done::Kept(app.log.append(room, Draft { by, owner, change, once }).await?))
}

/// SHA-256 of what is asked for; the order of fields does not matter.
pub fn digest(asked: &impl Serialize) -> [u8; 32] {
    // It was made from JSON and can be written as such.
    let text = serde_json::to_vec(asked).unwrap_or_default();
    Sha256::digest(text).into()
}

/// The page sends more than it may.
pub fn too_fast() -> Problem {
    Problem::new(Code::RateLimited, "Too many commands. Slow down.").retry_after(1)
}

/// The frame that answers a command.
pub fn answer(command: Option<CommandId>, result: Result<Done, Problem>) -> ServerFrame<Value> {
    match result {
        Ok(Done::Kept(appended)) => {
            ServerFrame::Ack { command, offset: Some(appended.offset), held: false }
        }
        Ok(done) => ServerFrame::Ack { command, offset: None, held: matches!(done, Done::Held) },
        Err(problem) => reject(command, problem),
    }
}

/// The frame that refuses.
pub fn reject(command: Option<CommandId>, problem: Problem) -> ServerFrame<Value> {
    let Problem { code, detail, .. } = problem;
    ServerFrame::Reject { command, code, message: detail.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{User, Visitor};
    use crate::config::Config;
    use clap::Parser;
    use nowcast_shared::id::RoomName;

    fn code(text: &str) -> Code {
        read(text.as_bytes(), None).unwrap_err().problem.code
    }

    #[test]
    fn what_cannot_be_read_has_a_name() {
        assert_eq!(code("{"), Code::BadJson);
        assert_eq!(code("[]"), Code::BadRequest);
        assert_eq!(code("{}"), Code::UnknownKind);
        assert_eq!(code(r#"{"t":"dance"}"#), Code::UnknownKind);
        assert_eq!(code(r#"{"t":"command"}"#), Code::BadRequest);
        assert_eq!(code(r#"{"t":"command","command":{"kind":"dance"}}"#), Code::UnknownKind);
        assert_eq!(code(r#"{"t":"command","command":{"kind":"delete"}}"#), Code::BadRequest);
        assert_eq!(
            code(r#"{"t":"command","command":{"kind":"delete","item":5}}"#),
            Code::BadRequest
        );
        assert_eq!(code(r#"{"t":"command","id":5,"command":{}}"#), Code::BadRequest);
        assert_eq!(read(b"\xff", None).unwrap_err().problem.code, Code::BadUtf8);
    }

    #[test]
    fn a_refusal_names_the_command_where_it_can() {
        let text = br#"{"t":"command","id":"k1","command":{"kind":"dance"}}"#;
        assert_eq!(read(text, None).unwrap_err().command, Some("k1".into()));
    }

    #[tokio::test]
    async fn a_command_repeated_by_a_page_that_registered_meanwhile_takes_effect_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse_from(["nowcast", "--shards", "1"]).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        let room = app.log.room(&RoomName::main()).await.unwrap().unwrap();
        let page: ClientId = "a-page-of-a-test-01".parse().unwrap();
        let mut visitor = Visitor { client: Some(page.clone()), ..Visitor::default() };
        let viewer = Actor::Viewer(Arc::new(visitor.clone()));
        visitor.be(Arc::new(User { id: "ana".to_owned(), name: None, until: None }));
        let user = Actor::User(Arc::new(visitor));
        let mut kept = Vec::new();
        for actor in [&viewer, &user] {
            let caller = Caller { actor, client: Some(&page), session: None };
            let say = Command::Say { text: "Hello".to_owned(), name: None };
            let key = Key::command(&page, &"k1".into());
            match run(&app, &room, &caller, say, Some(key)).await.unwrap() {
                Done::Kept(appended) => kept.push((appended.offset, appended.repeated)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(kept, [(room.head(), false), (room.head(), true)]);
    }

    #[test]
    fn over_http_the_envelope_may_be_left_out() {
        let text = br#"{"command":{"kind":"delete","item":"i1"}}"#;
        assert!(matches!(read(text, Some("command")), Ok(PageFrame::Command { id: None, .. })));
    }
}
