//! What a page goes by, and as which user it is registered.

use super::{Caller, Done};
use crate::app::App;
use crate::auth::users::{self, Use};
use crate::auth::{Actor, Visitor};
use crate::door;
use crate::error::Problem;
use crate::log::Room;
use crate::name;
use crate::pushes;
use nowcast_shared::error::{Code, Reason};
use std::sync::Arc;

/// Goes by a name from now on, as far as that is free.
pub(super) fn name(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    name: &str,
) -> Result<Done, Problem> {
    let name = name::check(name)?;
    let session = session(caller)?;
    let named = app.hub.name(room.id(), session, name, &app.auth.reserved());
    named.map_err(|_| {
        let detail = "Your name is not yours to choose: it comes with your login or your token.";
        Problem::new(Code::Forbidden, detail)
    })?;
    Ok(Done::Told)
}

/// Says which user this is.
pub(super) async fn register(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    token: Option<String>,
    id: Option<String>,
) -> Result<Done, Problem> {
    let session = session(caller)?;
    let foreign = matches!(caller.actor, Actor::Foreign(_));
    let user = match (token, id) {
        (Some(token), None) => {
            users::verify(app, &token, Some(room.name()), caller.client, Use::Up).await?
        }
        (None, Some(id)) => users::plain(app.open, id, foreign)?,
        _ => {
            let detail = "Register with a `token`, or, under --open, with an `id`.";
            return Err(Problem::new(Code::BadRequest, detail));
        }
    };
    let user = Arc::new(user);
    let changed = app.hub.change(room.id(), session, &app.auth.reserved(), |known| {
        let mut visitor = Visitor::clone(known);
        visitor.be(Arc::clone(&user));
        let claim = visitor.given();
        // An admin or a program stays what it is, and hears what is pushed to the user.
        let who = match caller.actor {
            Actor::Admin { .. } | Actor::Token(_) => caller.actor.subject(),
            _ => visitor.subject(),
        };
        (app.auth.public_id(&who), visitor, claim)
    });
    if let Some(visitor) = changed {
        // Whom an admin sent out stays out, also as whom it says only now that it is.
        if let Err(problem) = door::not_blocked(app, room, &known_as(caller, &visitor)) {
            app.hub.close_one(session, Reason::Blocked);
            return Err(problem);
        }
        pushes::look_up(app, room, session, &visitor, None);
    }
    Ok(Done::Told)
}

/// Who asks, known as this from now on.
fn known_as(caller: &Caller<'_>, visitor: &Arc<Visitor>) -> Actor {
    match caller.actor {
        Actor::Admin { .. } | Actor::Token(_) => caller.actor.clone(),
        _ => Actor::User(Arc::clone(visitor)),
    }
}

fn session(caller: &Caller<'_>) -> Result<crate::engine::mailbox::SessionId, Problem> {
    caller.session.ok_or_else(|| {
        let detail = "Only an open page has a name or a user: say which by `client`.";
        Problem::new(Code::BadClient, detail)
    })
}
