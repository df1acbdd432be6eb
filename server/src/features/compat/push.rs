//! Something for one user.

use super::answer;
use super::request::Posted;
use crate::app::App;
use crate::auth::users;
use crate::error::Problem;
use crate::policy::may_push;
use crate::pushes::{self, Push};
use axum::extract::{Request, State};
use axum::response::Response;
use nowcast_shared::error::Code;
use serde_json::Value;

/// `POST /push` and `POST /`: `destination` and `data`, which is text.
pub(super) async fn push(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let may = |asks: &crate::http::extract::Asks| may_push(&asks.actor, Some(None), app.open);
    let posted = Posted::read(&app, request, may).await?;
    let needed = |name: &str| {
        let lacks = || Problem::new(Code::BadRequest, format!("The form lacks a field `{name}`."));
        posted.fields.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(lacks)
    };
    let user = users::check_id(needed("destination")?)
        .map_err(|detail| Problem::new(Code::BadRequest, detail))?;
    let data = Value::from(needed("data")?).to_string();
    if data.len() > app.limits.max_item {
        return Err(Problem::too_large("The data", app.limits.max_item));
    }
    pushes::push(&app, Push { user, room: None, data, store: false }).await?;
    Ok(answer("text/plain; charset=utf-8", ""))
}
