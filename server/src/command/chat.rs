//! Saying, editing and taking back words; who is writing; words that wait for approval.

use super::{Caller, Done, keep};
use crate::app::App;
use crate::clock;
use crate::db::DbError;
use crate::door;
use crate::error::Problem;
use crate::log::{Appended, Change, ChatChange, Draft, Hold, Once, Room, SaidHead};
use crate::policy::{Action, is_admin, may};
use crate::{name, words};
use nowcast_shared::chat::EDITABLE;
use nowcast_shared::error::Code;
use nowcast_shared::id::SaidId;
use nowcast_shared::item::Author;
use nowcast_shared::offset::Offset;
use nowcast_shared::signal::Signal;
use std::sync::Arc;

/// What somebody goes by whose name nobody knows.
const NAMELESS: &str = "Guest";

pub(super) async fn say(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    text: &str,
    name: Option<&str>,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let settings = room.settings();
    may(caller.actor, Action::Chat(settings.chat), room.name(), app.open)?;
    door::not_muted(app, room, caller.actor)?;
    let text = words::check(text)?;
    let by = app.auth.author(caller.actor);
    // A name that comes with the words counts only where the server knows none.
    let name = match &by.name {
        Some(name) => name.clone(),
        None => match name.map(name::check).transpose()?.flatten() {
            // Nobody speaks as somebody who is there, nor as an admin.
            Some(name) => app.hub.free_name(room.id(), &name, &app.auth.reserved()),
            None => NAMELESS.to_owned(),
        },
    };
    let trusted = is_admin(caller.actor, room.name());
    let slow = if trusted { 0 } else { settings.slow };
    if settings.approval && !trusted {
        let owner = caller.actor.subject();
        return hold(app, room, Hold { by, owner, name, text, said: None, slow, once }).await;
    }
    let change = ChatChange::Say { name, text, slow, held: None };
    Ok(kept(keep(app, room, caller, Change::Chat(change), once).await?))
}

pub(super) async fn edit(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    said: SaidId,
    text: &str,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let settings = room.settings();
    may(caller.actor, Action::Chat(settings.chat), room.name(), app.open)?;
    door::not_muted(app, room, caller.actor)?;
    let text = words::check(text)?;
    let Some(head) = app.log.said_head(room, &said).await? else {
        return gone(app, room, caller, said, once).await;
    };
    own(caller, &head)?;
    let by = app.auth.author(caller.actor);
    let trusted = is_admin(caller.actor, room.name());
    let slow = if trusted { 0 } else { settings.slow };
    if settings.approval && !trusted {
        // Otherwise anything could be said in the place of words that were approved.
        let (owner, name) = (caller.actor.subject(), head.name);
        let said = Some(said);
        return hold(app, room, Hold { by, owner, name, text, said, slow, once }).await;
    }
    let change = ChatChange::Edit { said, text, slow, held: None };
    change_said(app, room, caller, change, once).await
}

pub(super) async fn delete(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    said: SaidId,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let Some(head) = app.log.said_head(room, &said).await? else {
        return gone(app, room, caller, said, once).await;
    };
    if may(caller.actor, Action::Moderate, room.name(), app.open).is_err() {
        own(caller, &head)?;
    }
    change_said(app, room, caller, ChatChange::Delete { said }, once).await
}

/// Keeps a change of words. An edit of them that waited is dropped with it.
async fn change_said(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    change: ChatChange,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let done = keep(app, room, caller, Change::Chat(change), once).await?;
    tell_held(app, room).await?;
    Ok(kept(done))
}

/// Somebody is writing: the others are told, once a second at most.
pub(super) fn typing(app: &App, room: &Arc<Room>, caller: &Caller<'_>) -> Result<Done, Problem> {
    may(caller.actor, Action::Chat(room.settings().chat), room.name(), app.open)?;
    door::not_muted(app, room, caller.actor)?;
    let Author { id, name, .. } = app.auth.author(caller.actor);
    if app.typing.admit(&format!("{} {id}", room.id())) {
        let name = name.unwrap_or_else(|| NAMELESS.to_owned());
        let (key, signal) = (format!("typing:{id}"), Signal::Typing { by: id, name });
        app.hub.signal(room.id(), key, &signal, caller.client);
    }
    Ok(Done::Told)
}

/// Lets words in that waited: they are said now, by whom they are.
pub(crate) async fn approve(
    app: &App,
    room: &Arc<Room>,
    held: &SaidId,
) -> Result<Appended, Problem> {
    let words = app.log.held_words(room, held).await?.ok_or_else(Problem::unknown_said)?;
    let held = Some(words.id);
    let change = match words.said {
        // Whoever it was waited already.
        None => ChatChange::Say { name: words.name, text: words.text, slow: 0, held },
        Some(said) => ChatChange::Edit { said, text: words.text, slow: 0, held },
    };
    let (by, owner, change) = (words.by, words.owner, Change::Chat(change));
    let appended = app.log.append(room, Draft { by, owner, change, once: None }).await?;
    tell_held(app, room).await?;
    Ok(appended)
}

/// Drops words that waited.
pub(crate) async fn turn_down(app: &App, room: &Arc<Room>, held: &SaidId) -> Result<(), Problem> {
    if !app.log.drop_held(room, held).await? {
        return Err(Problem::unknown_said());
    }
    Ok(tell_held(app, room).await?)
}

/// Tells the admins at work how many words wait now.
pub(super) async fn tell_held(app: &App, room: &Arc<Room>) -> Result<(), DbError> {
    if !app.hub.any(room.id(), |_, pass| pass.desk) {
        return Ok(());
    }
    // One after the other, so that the last that is told is what is so.
    let _alone = app.log.arranging().lock().await;
    let count = app.log.count_held(room).await?;
    app.hub.tell_desks(room.id(), &Signal::Held { count });
    Ok(())
}

async fn hold(app: &App, room: &Arc<Room>, hold: Hold) -> Result<Done, Problem> {
    let appended = app.log.hold(room, hold).await?;
    if !appended.repeated {
        tell_held(app, room).await?;
    }
    Ok(kept(Done::Kept(appended)))
}

/// What became of words. A repeat gets the first answer, whatever the room is set to by now.
fn kept(done: Done) -> Done {
    match done {
        Done::Kept(Appended { offset: Offset(0), .. }) => Done::Held,
        done => done,
    }
}

/// Refuses those who did not say these words, or did so too long ago.
fn own(caller: &Caller<'_>, head: &SaidHead) -> Result<(), Problem> {
    // Pages and programs that do not say who they are cannot be told from each other.
    let nobody = caller.actor.subject() == "anyone";
    if nobody || head.owner != caller.actor.subject() {
        return Err(Problem::new(Code::Forbidden, "These are somebody else's words."));
    }
    if clock::now() - head.at > EDITABLE {
        let detail = "Words can be changed for five minutes after they were said.";
        return Err(Problem::new(Code::TooLate, detail));
    }
    Ok(())
}

/// The words are not there. A repeat finds the answer to the first, which may have been the last
/// of these words; anything else is refused.
async fn gone(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    said: SaidId,
    once: Option<Once>,
) -> Result<Done, Problem> {
    if once.is_none() {
        return Err(Problem::unknown_said());
    }
    Ok(kept(keep(app, room, caller, Change::Chat(ChatChange::Delete { said }), once).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Actor, Visitor};

    fn code(client: Option<&str>, owner: &str, age: i64) -> Option<Code> {
        let client = client.map(|client| client.parse().unwrap());
        let actor = Actor::Viewer(Arc::new(Visitor { client, ..Visitor::default() }));
        let (owner, at) = (owner.to_owned(), clock::now() - age);
        let head = SaidHead { owner, at, name: "Ana".to_owned() };
        let caller = Caller { actor: &actor, client: None, session: None };
        own(&caller, &head).err().map(|problem| problem.code)
    }

    #[test]
    fn words_belong_to_who_said_them_for_five_minutes() {
        let (ana, owner) = (Some("ana-of-a-test-0123"), "client:ana-of-a-test-0123");
        assert_eq!(code(ana, owner, 0), None);
        assert_eq!(code(ana, owner, EDITABLE - 10_000), None);
        assert_eq!(code(ana, owner, EDITABLE + 1), Some(Code::TooLate));
        assert_eq!(code(ana, "client:ben", EDITABLE + 1), Some(Code::Forbidden));
        assert_eq!(code(None, "anyone", 0), Some(Code::Forbidden), "that could be anybody");
    }
}
