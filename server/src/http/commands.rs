//! Commands over HTTP: for pages on SSE or long polls, and for programs.

use super::body;
use super::extract::{Asks, InRoom};
use crate::app::App;
use crate::auth::Actor;
use crate::command::{self, Key};
use crate::engine::inbox;
use crate::error::Problem;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use nowcast_shared::command::Command;
use nowcast_shared::frame::{PageFrame, ServerFrame};

/// `POST …/commands`: the `ack` frame, or the problem with the code that a `reject` would have.
pub(super) async fn run(
    State(app): State<App>,
    InRoom(room): InRoom,
    asks: Asks,
    request: Request,
) -> Result<Response, Problem> {
    let asks = asks.within(&app, &room)?;
    // Whoever may publish long items by form may do so by command.
    let limit = match asks.actor {
        Actor::User(_) | Actor::Viewer(_) | Actor::Foreign(_) => app.limits.max_frame,
        Actor::Admin { .. } | Actor::Token(_) => app.limits.max_frame.max(app.limits.max_form),
    };
    let text = body::bytes(request.into_body(), limit).await?;
    let frame = command::read(&text, Some("command")).map_err(|unreadable| unreadable.problem)?;
    let answer = match frame {
        PageFrame::Ping => ServerFrame::Pong,
        PageFrame::Command { id, command } => {
            // Moves have a rate of their own, at which they are told; the newest is never refused.
            let limited = asks.actor.is_limited() && !matches!(command, Command::Move { .. });
            if limited && !app.rates.admit(&asks.actor.subject()) {
                return Err(command::too_fast());
            }
            // Ids are a page's own. Programs without a client id count anew each time they run;
            // what they want repeated once has an `Idempotency-Key`.
            let key = id.as_ref().zip(asks.visitor.client.as_ref());
            let key = key.map(|(id, client)| Key::command(client, id));
            let result = command::run(&app, &room, &asks.caller(), command, key).await;
            command::answer(id, Ok(result?))
        }
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, inbox::encode(&answer)).into_response())
}
