//! Muting and blocking people, by admins.

use super::{Caller, Done, chat};
use crate::app::App;
use crate::clock;
use crate::db::DbError;
use crate::door;
use crate::error::Problem;
use crate::log::{Kind, Room, Sanction};
use crate::policy::{Action, may};
use nowcast_shared::error::Code;
use nowcast_shared::id::PublicId;
use std::sync::Arc;

/// The longest mute that ends, in seconds: ten years.
const LONGEST: u64 = 10 * 365 * 24 * 3600;

/// Mutes somebody for so many seconds, or for good.
pub(super) async fn mute(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    person: PublicId,
    seconds: Option<u64>,
) -> Result<Done, Problem> {
    check(app, room, caller, &person)?;
    if seconds == Some(0) {
        return Err(Problem::new(Code::BadRequest, "Somebody is muted for a second at least."));
    }
    let until = seconds.map(|seconds| {
        let seconds = i64::try_from(seconds.min(LONGEST)).unwrap_or(i64::MAX / 1000);
        clock::now() + seconds * 1000
    });
    sanction(app, room, Sanction { person, kind: Kind::Mute, name: None, until }).await
}

/// Sends somebody out of the room, for good.
pub(super) async fn block(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    person: PublicId,
) -> Result<Done, Problem> {
    check(app, room, caller, &person)?;
    sanction(app, room, Sanction { person, kind: Kind::Block, name: None, until: None }).await
}

/// Lets somebody speak again, or come back.
pub(super) async fn pardon(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    person: PublicId,
    kind: Kind,
) -> Result<Done, Problem> {
    may(caller.actor, Action::Moderate, room.name(), app.open)?;
    // Done to the end, also if whoever asked for it does not wait for the answer.
    let (app, room) = (app.clone(), Arc::clone(room));
    let pardon = async move { app.log.pardon(&room, person, kind).await };
    if tokio::spawn(pardon).await.map_err(|_| DbError::Closed)?? {
        Ok(Done::Told)
    } else {
        Err(Problem::new(Code::UnknownPerson, "Nobody of this id was muted or blocked here."))
    }
}

fn check(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    person: &PublicId,
) -> Result<(), Problem> {
    may(caller.actor, Action::Moderate, room.name(), app.open)?;
    if !is_public_id(person) {
        return Err(Problem::new(Code::UnknownPerson, "Nobody has this id."));
    }
    if door::is_admin(app, room, person) {
        return Err(Problem::new(Code::Forbidden, "Admins can be neither muted nor blocked."));
    }
    Ok(())
}

/// Whether the server could have made it.
fn is_public_id(person: &PublicId) -> bool {
    let rest = person.0.strip_prefix('p').unwrap_or_default();
    rest.len() == 10 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

async fn sanction(app: &App, room: &Arc<Room>, sanction: Sanction) -> Result<Done, Problem> {
    let (app, room) = (app.clone(), Arc::clone(room));
    let doing = async move {
        let here = app.hub.people(room.id()).into_iter();
        let mut here = here.filter(|(id, _)| *id == sanction.person);
        let name = here.find_map(|(_, visitor)| visitor.name.clone());
        let sanction = Sanction { name, ..sanction };
        let out = (sanction.kind == Kind::Block).then(|| sanction.person.clone());
        let done = app.log.sanction(&room, sanction).await?;
        if let Some(person) = out.filter(|_| done) {
            door::send_out(&app, &room, &person);
            chat::tell_held(&app, &room).await?;
        }
        Ok::<_, DbError>(done)
    };
    if tokio::spawn(doing).await.map_err(|_| DbError::Closed)?? {
        Ok(Done::Told)
    } else {
        let detail = "As many people are muted or blocked here as may be.";
        Err(Problem::new(Code::Conflict, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn ids_that_nobody_can_have_are_told_from_others() {
        assert!(is_public_id(&PublicId(random::spell("p", &[7; 10]))));
        for bad in
            ["", "p", "p123", "x234567abcd", "p234567abcd'", "pABCDEFGHIJ", "p\u{e4}23456789"]
        {
            assert!(!is_public_id(&bad.into()), "{bad}");
        }
    }
}
