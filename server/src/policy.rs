//! Who may do what: a pure function, asked once on the way of every command.

use crate::auth::{Actor, Scope};
use crate::error::Problem;
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use nowcast_shared::item::Role;
use nowcast_shared::room::Who;

/// Something that somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Show a new item (also: see a preview, see the display buttons, upload a picture).
    Publish,
    /// Change or delete an item that `owner` published.
    Change {
        /// The subject that published it.
        owner: &'a str,
    },
    /// Say something in a chat that is for these.
    Chat(Who),
    /// Delete others' words, approve words, mute and block people.
    Moderate,
    /// Make, change, order and delete display buttons.
    Buttons,
    /// Put pieces on the stage, change, lock and remove them; move locked ones.
    Stage,
    /// Move pieces that are not locked, on a stage that is for these.
    Drag(Who),
    /// Set and unset shared variables.
    Variable {
        /// Whether the room lets its pages do that with this one.
        listed: bool,
    },
    /// Make rooms and name them, change one's own name, all other settings.
    Settings,
}

/// Whether the server runs with `--open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// Credentials count.
    Closed,
    /// Anyone may publish, edit and delete, use the stage and set variables.
    Open,
}

/// May `actor` do that in `room`?
///
/// # Errors
/// `unauthorized` where a credential is missing, `forbidden` where there is one that does not
/// reach so far.
pub fn may(
    actor: &Actor,
    action: Action<'_>,
    room: &RoomName,
    open: Openness,
) -> Result<(), Problem> {
    let everyones = !matches!(action, Action::Buttons | Action::Settings | Action::Moderate);
    if open == Openness::Open && everyones && !matches!(actor, Actor::Foreign(_)) {
        return Ok(());
    }
    match actor {
        Actor::Foreign(_) => {
            let detail = "This request comes from a page of another site.";
            Err(Problem::new(Code::ForeignOrigin, detail))
        }
        Actor::Admin { .. } => Ok(()),
        Actor::Token(token) => {
            if token.rooms.as_ref().is_some_and(|rooms| !rooms.contains(room)) {
                return Err(forbidden("This token is not good for this room."));
            }
            if token.scopes.contains(&Scope::Admin) {
                return Ok(());
            }
            if !token.scopes.contains(&Scope::Publish) {
                return Err(forbidden("This token may not publish."));
            }
            match action {
                // A program that may show things may also say how they stand.
                Action::Publish
                | Action::Variable { .. }
                | Action::Chat(Who::Everyone | Who::Users)
                | Action::Drag(Who::Everyone | Who::Users) => Ok(()),
                Action::Change { owner } if owner == actor.subject() => Ok(()),
                Action::Change { .. } => {
                    Err(forbidden("A token changes only what it published itself."))
                }
                Action::Chat(Who::Nobody) => Err(forbidden("Only an admin may chat here.")),
                Action::Buttons
                | Action::Settings
                | Action::Moderate
                | Action::Stage
                | Action::Drag(_) => Err(forbidden("Only an admin may do that.")),
            }
        }
        Actor::User(_) | Actor::Viewer(_) => match action {
            Action::Chat(Who::Everyone)
            | Action::Drag(Who::Everyone)
            | Action::Variable { listed: true } => Ok(()),
            Action::Chat(Who::Users) | Action::Drag(Who::Users)
                if matches!(actor, Actor::User(_)) =>
            {
                Ok(())
            }
            Action::Chat(Who::Nobody) => Err(forbidden("Only an admin may chat here.")),
            Action::Drag(Who::Nobody) => Err(forbidden("Only an admin may move pieces here.")),
            _ => Err(lacking(actor, action)),
        },
    }
}

/// May `actor` push to users? `room` is absent while it is not known where, `Some(None)` for
/// everywhere.
///
/// # Errors
/// As [`may`].
pub fn may_push(
    actor: &Actor,
    room: Option<Option<&RoomName>>,
    open: Openness,
) -> Result<(), Problem> {
    match actor {
        Actor::Foreign(_) => {
            let detail = "This request comes from a page of another site.";
            Err(Problem::new(Code::ForeignOrigin, detail))
        }
        Actor::Admin { .. } => Ok(()),
        _ if open == Openness::Open => Ok(()),
        Actor::Token(token) => {
            if !token.scopes.iter().any(|scope| matches!(scope, Scope::Push | Scope::Admin)) {
                return Err(forbidden("This token may not push."));
            }
            match (&token.rooms, room) {
                (Some(_), Some(None)) => {
                    Err(forbidden("This token is not good for every room: say which by `room`."))
                }
                (Some(rooms), Some(Some(room))) if !rooms.contains(room) => {
                    Err(forbidden("This token is not good for this room."))
                }
                _ => Ok(()),
            }
        }
        Actor::User(_) => Err(forbidden("Only an admin may do that, or a program with a token.")),
        Actor::Viewer(_) => {
            let detail = "Log in or send a token with the scope `push` to push to users.";
            Err(Problem::new(Code::Unauthorized, detail))
        }
    }
}

/// Whether this actor is an admin of `room`, or a program whose token is good for it.
pub fn is_trusted(actor: &Actor, room: &RoomName) -> bool {
    match actor {
        Actor::Admin { .. } => true,
        Actor::Token(token) => token.rooms.as_ref().is_none_or(|rooms| rooms.contains(room)),
        Actor::User(_) | Actor::Viewer(_) | Actor::Foreign(_) => false,
    }
}

/// Whether this actor is an admin of `room`: not a program whose token is for others.
pub fn is_admin(actor: &Actor, room: &RoomName) -> bool {
    actor.role() == Role::Admin && is_trusted(actor, room)
}

/// What is missing.
fn lacking(actor: &Actor, action: Action<'_>) -> Problem {
    if let Actor::User(_) = actor {
        return forbidden("Only an admin may do that, or a program with a token.");
    }
    let detail = match action {
        Action::Chat(_) => "Only registered users may chat here.",
        Action::Drag(_) => "Only registered users may move pieces here.",
        Action::Publish => "Log in or send a publish token to publish here.",
        _ => "Log in or send a token to do that.",
    };
    Problem::new(Code::Unauthorized, detail)
}

fn forbidden(detail: &'static str) -> Problem {
    Problem::new(Code::Forbidden, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Token;
    use std::sync::Arc;

    fn token(scopes: &[Scope], rooms: Option<&[&str]>) -> Actor {
        Actor::Token(Arc::new(Token {
            id: "t1".to_owned(),
            name: "Newsdesk".to_owned(),
            scopes: scopes.to_vec(),
            rooms: rooms.map(|rooms| rooms.iter().map(|room| room.parse().unwrap()).collect()),
        }))
    }

    fn admin() -> Actor {
        Actor::Admin { name: "Host".to_owned(), login: [0; 32] }
    }

    #[test]
    fn the_table_of_rights() {
        use Action::{Buttons, Change, Publish, Settings};
        let (viewer, publisher) = (Actor::Viewer(Arc::default()), token(&[Scope::Publish], None));
        let (own, others) = (Change { owner: "token:t1" }, Change { owner: "admin" });
        let user = Actor::User(Arc::default());
        let root = token(&[Scope::Admin], None);
        let pusher = token(&[Scope::Push], None);
        let here = token(&[Scope::Publish], Some(&["main"]));
        let elsewhere = token(&[Scope::Admin], Some(&["other"]));
        let ok = Ok(());
        let (unknown, no) = (Err(Code::Unauthorized), Err(Code::Forbidden));
        for (actor, rights) in [
            (&admin(), [ok, ok, ok, ok, ok]),
            (&root, [ok, ok, ok, ok, ok]),
            (&publisher, [ok, ok, no, no, no]),
            (&here, [ok, ok, no, no, no]),
            (&pusher, [no, no, no, no, no]),
            (&elsewhere, [no, no, no, no, no]),
            (&viewer, [unknown, unknown, unknown, unknown, unknown]),
            (&user, [no, no, no, no, no]),
        ] {
            for (action, right) in [Publish, own, others, Buttons, Settings].into_iter().zip(rights)
            {
                let answer = may(actor, action, &RoomName::main(), Openness::Closed);
                assert_eq!(answer.map_err(|problem| problem.code), right, "{actor:?} {action:?}");
            }
        }
    }

    #[test]
    fn an_admins_token_is_one_only_where_it_is_good() {
        let (everywhere, here) =
            (token(&[Scope::Admin], None), token(&[Scope::Admin], Some(&["main"])));
        let elsewhere = token(&[Scope::Admin], Some(&["other"]));
        let publisher = token(&[Scope::Publish], None);
        for (actor, right) in [
            (admin(), true),
            (everywhere, true),
            (here, true),
            (elsewhere, false),
            (publisher, false),
        ] {
            assert_eq!(is_admin(&actor, &RoomName::main()), right, "{actor:?}");
        }
    }

    #[test]
    fn the_table_of_what_pages_do_together() {
        use Action::{Drag, Stage, Variable};
        let (viewer, user) = (Actor::Viewer(Arc::default()), Actor::User(Arc::default()));
        let (publisher, root) = (token(&[Scope::Publish], None), token(&[Scope::Admin], None));
        let (pusher, foreign) = (token(&[Scope::Push], None), Actor::Foreign(Arc::default()));
        let (listed, other) = (Variable { listed: true }, Variable { listed: false });
        let ok = Ok(());
        let (unknown, no) = (Err(Code::Unauthorized), Err(Code::Forbidden));
        let site = Err(Code::ForeignOrigin);
        let actions =
            [Drag(Who::Everyone), Drag(Who::Users), Drag(Who::Nobody), Stage, listed, other];
        for (actor, rights) in [
            (&admin(), [ok; 6]),
            (&root, [ok; 6]),
            (&publisher, [ok, ok, no, no, ok, ok]),
            (&pusher, [no; 6]),
            (&user, [ok, ok, no, no, ok, no]),
            (&viewer, [ok, unknown, no, unknown, ok, unknown]),
            (&foreign, [site; 6]),
        ] {
            for (action, right) in actions.into_iter().zip(rights) {
                let may = |open| may(actor, action, &RoomName::main(), open).map_err(|p| p.code);
                assert_eq!(may(Openness::Closed), right, "{actor:?} {action:?}");
                let open = if *actor == foreign { right } else { ok };
                assert_eq!(may(Openness::Open), open, "{actor:?} {action:?}");
            }
        }
    }

    #[test]
    fn the_table_of_who_chats_and_who_moderates() {
        use Action::{Chat, Moderate};
        let (viewer, user) = (Actor::Viewer(Arc::default()), Actor::User(Arc::default()));
        let (publisher, pusher) = (token(&[Scope::Publish], None), token(&[Scope::Push], None));
        let elsewhere = token(&[Scope::Admin], Some(&["other"]));
        let foreign = Actor::Foreign(Arc::default());
        let ok = Ok(());
        let (unknown, no) = (Err(Code::Unauthorized), Err(Code::Forbidden));
        let site = Err(Code::ForeignOrigin);
        let actions = [Chat(Who::Everyone), Chat(Who::Users), Chat(Who::Nobody), Moderate];
        for (actor, rights) in [
            (&admin(), [ok; 4]),
            (&publisher, [ok, ok, no, no]),
            (&pusher, [no; 4]),
            (&elsewhere, [no; 4]),
            (&user, [ok, ok, no, no]),
            (&viewer, [ok, unknown, no, unknown]),
            (&foreign, [site; 4]),
        ] {
            for (action, right) in actions.into_iter().zip(rights) {
                let may = |open| may(actor, action, &RoomName::main(), open).map_err(|p| p.code);
                assert_eq!(may(Openness::Closed), right, "{actor:?} {action:?}");
                // People stay the admin's, also on an open server.
                let opened = *actor != foreign && action != Moderate;
                let open = if opened { ok } else { right };
                assert_eq!(may(Openness::Open), open, "{actor:?} {action:?}");
            }
        }
        let main = RoomName::main();
        assert!(is_trusted(&admin(), &main) && is_trusted(&pusher, &main));
        assert!(![viewer, user, foreign, elsewhere].iter().any(|actor| is_trusted(actor, &main)));
    }

    #[test]
    fn pushing_takes_its_own_scope_and_a_room_where_the_token_has_rooms() {
        let code = |actor: &Actor, room: Option<&str>, open| {
            let room = room.map(|room| room.parse::<RoomName>().unwrap());
            may_push(actor, Some(room.as_ref()), open).map_err(|problem| problem.code)
        };
        let closed = |actor: &Actor, room| code(actor, room, Openness::Closed);
        let here = token(&[Scope::Push], Some(&["main"]));
        assert_eq!(closed(&token(&[Scope::Push], None), None), Ok(()));
        assert_eq!(closed(&admin(), None), Ok(()));
        assert_eq!(closed(&token(&[Scope::Publish], None), None), Err(Code::Forbidden));
        assert_eq!(closed(&here, Some("main")), Ok(()));
        assert_eq!(closed(&here, Some("other")), Err(Code::Forbidden));
        assert_eq!(closed(&here, None), Err(Code::Forbidden));
        let viewer = Actor::Viewer(Arc::default());
        assert_eq!(closed(&viewer, None), Err(Code::Unauthorized));
        assert_eq!(closed(&Actor::User(Arc::default()), None), Err(Code::Forbidden));
        assert_eq!(code(&viewer, None, Openness::Open), Ok(()));
        let foreign = Actor::Foreign(Arc::default());
        assert_eq!(code(&foreign, None, Openness::Open), Err(Code::ForeignOrigin));
    }

    #[test]
    fn open_lets_anyone_publish_and_change_but_not_set_up() {
        let viewer = Actor::Viewer(Arc::default());
        let may = |action| may(&viewer, action, &RoomName::main(), Openness::Open).is_ok();
        assert!(may(Action::Publish) && may(Action::Change { owner: "admin" }));
        assert!(!may(Action::Buttons) && !may(Action::Settings));
        let foreign = Actor::Foreign(Arc::default());
        let code = super::may(&foreign, Action::Publish, &RoomName::main(), Openness::Open);
        assert_eq!(code.map_err(|problem| problem.code), Err(Code::ForeignOrigin));
    }
}
