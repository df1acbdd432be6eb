//! The stage: putting and removing pieces, grabbing, moving and dropping them.

use super::{Caller, Done};
use crate::app::App;
use crate::error::Problem;
use crate::item;
use crate::log::{AppendError, Appended, Change, Draft, Once, Room, StageChange};
use crate::policy::{Action, may};
use crate::stage::leases::{Fallen, Holder, Landed, Mover, Place};
use crate::stage::{Left, Refused};
use nowcast_shared::error::Code;
use nowcast_shared::id::PieceId;
use nowcast_shared::stage::{KINDS, MIN_WIDTH, MOST_TEXT, PieceChange, is_place};
use std::sync::Arc;

/// Grabs a piece, or with a place moves it; `None` if that cannot be answered without waiting.
pub(super) fn hold_at_once(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    piece: &PieceId,
    place: Option<Place>,
) -> Option<Result<Done, Problem>> {
    let held = match allowed(app, room, caller, place) {
        Ok(holder) => app.stages.hold(room, piece, &holder, place, over_locks(app, room, caller)),
        Err(problem) => return Some(Err(problem)),
    };
    match held {
        Ok(()) => Some(Ok(Done::Told)),
        Err(Refused::Unloaded | Refused::Landing) => None,
        Err(refused) => Some(Err(refused.into())),
    }
}

/// The same, as long as it takes.
pub(super) async fn hold(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    piece: &PieceId,
    place: Option<Place>,
) -> Result<Done, Problem> {
    let holder = allowed(app, room, caller, place)?;
    let over_locks = over_locks(app, room, caller);
    let hold = || app.stages.hold(room, piece, &holder, place, over_locks);
    patiently(app, room, hold).await?;
    Ok(Done::Told)
}

/// Leaves a piece where it is now.
pub(super) async fn drop(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    piece: PieceId,
    place: Place,
    once: Option<Once>,
) -> Result<Done, Problem> {
    let holder = allowed(app, room, caller, Some(place))?;
    let over_locks = over_locks(app, room, caller);
    let change = StageChange::Move { piece: piece.clone(), place, over_locks };
    match patiently(app, room, || app.stages.land(room, &piece, Some(&holder))).await {
        // What was done is answered as it was then, whoever holds the piece by now.
        Err(problem) if problem.code == Code::PieceHeld => {
            super::keep(app, room, caller, Change::Stage(StageChange::Held), once).await
        }
        Err(problem) => Err(problem),
        Ok(()) => {
            let draft = draft(app, caller, change, once);
            Ok(Done::Kept(land(app, room, piece, draft, Wish::Drop).await?))
        }
    }
}

/// Puts a piece, or changes it.
pub(super) async fn put(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    piece: PieceId,
    change: PieceChange,
    once: Option<Once>,
) -> Result<Done, Problem> {
    may(caller.actor, Action::Stage, room.name(), app.open)?;
    check(&change)?;
    let settles = change.settles();
    let put = StageChange::Put { piece: piece.clone(), change };
    if settles {
        patiently(app, room, || app.stages.land(room, &piece, None)).await?;
        let draft = draft(app, caller, put, once);
        return Ok(Done::Kept(land(app, room, piece, draft, Wish::Settle).await?));
    }
    let done = super::keep(app, room, caller, Change::Stage(put), once).await;
    app.stages.retell(room, &piece);
    done
}

/// Takes a piece off the stage.
pub(super) async fn remove(
    app: &App,
    room: &Arc<Room>,
    caller: &Caller<'_>,
    piece: PieceId,
    once: Option<Once>,
) -> Result<Done, Problem> {
    may(caller.actor, Action::Stage, room.name(), app.open)?;
    patiently(app, room, || app.stages.land(room, &piece, None)).await?;
    let draft = draft(app, caller, StageChange::Remove { piece: piece.clone() }, once);
    Ok(Done::Kept(land(app, room, piece, draft, Wish::Settle).await?))
}

/// Has the log keep where movers left their pieces.
pub fn settle(app: &App, (room, fallen): Left) {
    for Fallen { piece, holder: Holder { by, owner, .. }, place } in fallen {
        let (app, room) = (app.clone(), Arc::clone(&room));
        tokio::spawn(async move {
            // It was allowed when it was moved there.
            let change = StageChange::Move { piece: piece.clone(), place, over_locks: true };
            let draft = Draft { by, owner, change: Change::Stage(change), once: None };
            // Why the log did not take it, it has said itself; pages are told what it has.
            let _ = land(&app, &room, piece, draft, Wish::Leave).await;
        });
    }
}

/// Why a piece lands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Its holder drops it.
    Drop,
    /// Its holder left it.
    Leave,
    /// Somebody puts it somewhere, locks it or takes it away.
    Settle,
}

/// Keeps the change for which a piece is landing. It goes on also if nobody waits for it any more:
/// the piece has to be free when the log has it, and not before.
async fn land(
    app: &App,
    room: &Arc<Room>,
    piece: PieceId,
    draft: Draft,
    wish: Wish,
) -> Result<Appended, Problem> {
    let (app, room) = (app.clone(), Arc::clone(room));
    let landing = async move {
        let kept = app.log.append(&room, draft).await;
        let landed = match (&kept, wish) {
            // It happened before; whoever has the piece now is not meant.
            (Ok(Appended { repeated: true, .. }) | Err(AppendError::Mismatch), _)
            | (Err(_), Wish::Settle) => Landed::Restored,
            (Ok(_), Wish::Drop) => Landed::Dropped,
            (Ok(_), Wish::Leave | Wish::Settle) => Landed::Settled,
            (Err(_), Wish::Drop | Wish::Leave) => {
                Landed::Lost(room.spot(&piece).flatten().map(|spot| spot.place))
            }
        };
        app.stages.landed(&room, &piece, landed);
        kept
    };
    let landed = tokio::spawn(landing).await;
    let internal = |_| Problem::new(Code::Internal, "Something went wrong here. Try again.");
    Ok(landed.map_err(internal)??)
}

/// Tries until it is known whether it can be.
async fn patiently(
    app: &App,
    room: &Arc<Room>,
    attempt: impl Fn() -> Result<(), Refused>,
) -> Result<(), Problem> {
    loop {
        let mut landed = std::pin::pin!(app.stages.landing());
        // What lands from here on counts.
        landed.as_mut().enable();
        match attempt() {
            Ok(()) => return Ok(()),
            Err(Refused::Unloaded) => app.log.load_stage(room).await?,
            Err(Refused::Landing) => landed.await,
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// Who moves a piece, if they may and the place is one.
fn allowed(
    app: &App,
    room: &Room,
    caller: &Caller<'_>,
    place: Option<Place>,
) -> Result<Holder, Problem> {
    let action = Action::Drag(room.settings().drag);
    may(caller.actor, action, room.name(), app.open)?;
    if place.is_some_and(|(x, y)| !is_place(x, y)) {
        return Err(bad("A piece's `x` and `y` are numbers from 0 to 1."));
    }
    let owner = caller.actor.subject();
    let mover = match caller.client {
        Some(client) => Mover::Client(client.clone()),
        // Nobody could tell one anonymous mover from another.
        None if caller.actor.is_limited() => {
            let detail = "To move pieces, say which page you are: ?client=, 16 to 64 characters.";
            return Err(Problem::new(Code::BadClient, detail));
        }
        None => Mover::Program(owner.clone()),
    };
    Ok(Holder { mover, by: app.auth.author(caller.actor), owner })
}

/// Who may lock a piece may move a locked one.
fn over_locks(app: &App, room: &Room, caller: &Caller<'_>) -> bool {
    may(caller.actor, Action::Stage, room.name(), app.open).is_ok()
}

fn draft(app: &App, caller: &Caller<'_>, change: StageChange, once: Option<Once>) -> Draft {
    let (by, owner) = (app.auth.author(caller.actor), caller.actor.subject());
    Draft { by, owner, change: Change::Stage(change), once }
}

/// What can be said of a change without knowing the piece.
fn check(change: &PieceChange) -> Result<(), Problem> {
    let PieceChange { x, y, look, text, url, width, z: _, locked: _ } = change;
    if !is_place(x.unwrap_or(0.0), y.unwrap_or(0.0)) {
        return Err(bad("A piece's `x` and `y` are numbers from 0 to 1."));
    }
    if look.as_ref().is_some_and(|look| !KINDS.contains(&look.as_str())) {
        return Err(bad(format!("A piece's `look` is one of: {}.", KINDS.join(", "))));
    }
    if text.as_ref().is_some_and(|text| text.chars().count() > MOST_TEXT) {
        return Err(bad(format!("A piece's `text` has at most {MOST_TEXT} characters.")));
    }
    if width.is_some_and(|width| !(MIN_WIDTH..=1.0).contains(&width)) {
        return Err(bad(format!("A piece's `width` is a number from {MIN_WIDTH} to 1.")));
    }
    match url.as_deref() {
        None | Some("") => Ok(()),
        Some(url) => item::check_picture(url),
    }
}

fn bad(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Code::BadPiece, detail)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        use crate::log::Refusal;
        match refused {
            Refused::Unknown => Refusal::UnknownPiece.into(),
            Refused::Locked => Refusal::PieceLocked.into(),
            Refused::Held | Refused::Landing => Refusal::PieceHeld.into(),
            Refused::Unloaded => {
                Self::new(Code::Unavailable, "The stage is not there yet. Try again in a moment.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(change: &PieceChange) -> Option<Code> {
        check(change).err().map(|problem| problem.code)
    }

    #[test]
    fn a_change_that_no_piece_can_have_is_refused_by_name() {
        let change = PieceChange::default;
        assert_eq!(code(&change()), None);
        let bad = Some(Code::BadPiece);
        for x in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(code(&PieceChange { x: Some(x), ..change() }), bad, "{x}");
            assert_eq!(code(&PieceChange { y: Some(x), ..change() }), bad, "{x}");
            assert_eq!(code(&PieceChange { width: Some(x), ..change() }), bad, "{x}");
        }
        assert_eq!(code(&PieceChange { width: Some(0.01), ..change() }), bad);
        assert_eq!(code(&PieceChange { look: Some("video".to_owned()), ..change() }), bad);
        let text = |length| PieceChange { text: Some("\u{e4}".repeat(length)), ..change() };
        assert_eq!((code(&text(MOST_TEXT)), code(&text(MOST_TEXT + 1))), (None, bad));
        let url = |url: &str| code(&PieceChange { url: Some(url.to_owned()), ..change() });
        assert_eq!(url("javascript:alert(1)"), Some(Code::BadUrl));
        assert_eq!(url("/admin"), Some(Code::BadUrl));
        assert_eq!(
            (url("/uploads/a.png"), url("https://example.org/a.png"), url("")),
            (None, None, None)
        );
    }
}
