//! The way of a command, on one page: read, allowed?, well-formed?, kept.
//!
//! Pages (on any transport) and programs come through here alike.

use crate::app::App;
use crate::auth::Actor;
use crate::error::Problem;
use crate::http::body::shape;
use crate::item;
use crate::log::{Appended, Change, Draft, Once, Room};
use crate::policy::{Action, may};
use nowcast_shared::command::{Command, KINDS};
use nowcast_shared::error::Code;
use nowcast_shared::frame::{PageFrame, ServerFrame};
use nowcast_shared::id::CommandId;
use nowcast_shared::item::NewItem;
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
    let mut value: Value = serde_json::from_str(text)
        .map_err(|error| unreadable(None, Code::BadJson, format!("This is not JSON: {error}.")))?;
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

/// Carries out what `actor` asks for in `room`, once for each `key`.
pub async fn run(
    app: &App,
    room: &Arc<Room>,
    actor: &Actor,
    command: Command<Value>,
    key: Option<String>,
) -> Result<Appended, Problem> {
    // Every command asks for at least that; strangers are sent away before anything is looked up.
    may(actor, Action::Publish, room.name(), app.open)?;
    let fingerprint = key.is_some().then(|| fingerprint(&command));
    let once = key.zip(fingerprint).map(|(key, fingerprint)| Once {
        actor: actor.subject(),
        key,
        fingerprint,
    });
    let change = match command {
        Command::Publish { item } => {
            let item::Content { kind, data, html } = item::check(item, app.limits.max_item).await?;
            Change::Publish { kind, data, html }
        }
        Command::Edit { item, data } => {
            // A repeat finds the answer to the first, which may have been the last of this item.
            let Some(head) = app.log.item(room, &item).await? else {
                return gone(app, room, actor, once, item).await;
            };
            may(actor, Action::Change { owner: &head.owner }, room.name(), app.open)?;
            let new = NewItem { kind: head.kind, data };
            let item::Content { data, html, .. } = item::check(new, app.limits.max_item).await?;
            Change::Edit { item, data, html }
        }
        Command::Delete { item } => {
            let Some(head) = app.log.item(room, &item).await? else {
                return gone(app, room, actor, once, item).await;
            };
            may(actor, Action::Change { owner: &head.owner }, room.name(), app.open)?;
            Change::Delete { item }
        }
    };
    let draft = Draft { by: app.auth.author(actor), owner: actor.subject(), change, once };
    Ok(app.log.append(room, draft).await?)
}

/// The item is not there: an earlier answer to the same request, if there was one, or a refusal.
async fn gone(
    app: &App,
    room: &Arc<Room>,
    actor: &Actor,
    once: Option<Once>,
    item: nowcast_shared::id::ItemId,
) -> Result<Appended, Problem> {
    if once.is_none() {
        return Err(Problem::unknown_item());
    }
    let draft = Draft {
        by: app.auth.author(actor),
        owner: actor.subject(),
        change: Change::Delete { item },
        once,
    };
    Ok(app.log.append(room, draft).await?)
}

/// SHA-256 of what is asked for; the order of fields does not matter.
fn fingerprint(command: &Command<Value>) -> [u8; 32] {
    // A command was made from JSON and can be written as such.
    let text = serde_json::to_vec(command).unwrap_or_default();
    Sha256::digest(text).into()
}

/// The page sends more than it may.
pub fn too_fast() -> Problem {
    Problem::new(Code::RateLimited, "Too many commands. Slow down.").retry_after(1)
}

/// The frame that answers a command.
pub fn answer(command: Option<CommandId>, result: Result<Appended, Problem>) -> ServerFrame<Value> {
    match result {
        Ok(appended) => ServerFrame::Ack { command, offset: Some(appended.offset) },
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

    #[test]
    fn over_http_the_envelope_may_be_left_out() {
        let text = br#"{"command":{"kind":"delete","item":"i1"}}"#;
        assert!(matches!(read(text, Some("command")), Ok(PageFrame::Command { id: None, .. })));
    }
}
