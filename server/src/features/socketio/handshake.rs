//! Who joins, and from where on: what a page says when it connects to a namespace, as the request
//! that any other transport would have got.

use crate::app::App;
use crate::error::Problem;
use crate::http::extract::{InRoom, query};
use crate::json;
use axum::http::request::Parts;
use axum::http::uri::Uri;
use axum::http::{HeaderName, HeaderValue, Request, header};
use nowcast_shared::error::Code;
use nowcast_shared::id::{BadId, RoomName};
use nowcast_shared::offset::{Offset, Position};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What a page may say of itself, as the query of other transports does.
const SAID: [&str; 7] = ["client", "person", "name", "id", "invitation", "pushed", "page"];

/// What counts of the headers.
const HEADERS: [HeaderName; 5] = [
    header::HOST,
    header::ORIGIN,
    header::COOKIE,
    header::AUTHORIZATION,
    HeaderName::from_static("sec-fetch-site"),
];

/// The room of a namespace: `/` is `main`, any other is called like its room.
pub(super) fn room(namespace: &str) -> Result<RoomName, Problem> {
    match namespace {
        "/" => Ok(RoomName::main()),
        other => other
            .strip_prefix('/')
            .unwrap_or(other)
            .parse()
            .map_err(|error: BadId| Problem::new(Code::BadRoom, error.to_string())),
    }
}

/// What a page says when it connects: an object, or nothing.
pub(super) fn read(auth: &str) -> Result<Map<String, Value>, Problem> {
    if auth.is_empty() {
        return Ok(Map::new());
    }
    match json::read(auth)? {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        _ => Err(Problem::new(Code::BadRequest, "`auth` is an object.")),
    }
}

/// The room that somebody comes into, and the request that asks for it.
pub(super) async fn enter(
    app: &App,
    name: &RoomName,
    opened: &Parts,
    auth: &Map<String, Value>,
) -> Result<(InRoom, Parts), Problem> {
    let mut asked = Vec::new();
    for name in SAID {
        if let Some(text) = said(opened, auth, name)? {
            asked.push((name, text));
        }
    }
    let token = said(opened, auth, "token")?;
    let bearer = match token {
        Some(token) if is_user_token(&token) => {
            asked.push(("token", token));
            None
        }
        token => token,
    };
    let parts = parts(opened, &asked, bearer.as_deref())?;
    let room = InRoom::read(app, &parts, name).await?;
    let Some(since) = since(&room, said(opened, auth, "since")?)? else {
        return Ok((room, parts));
    };
    asked.push(("since", since.to_string()));
    let parts = self::parts(opened, &asked, bearer.as_deref())?;
    Ok((room, parts))
}

/// What a page says, in `auth` or in the address that it opened the connection with.
fn said(opened: &Parts, auth: &Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match auth.get(name) {
        None | Some(Value::Null) => query(&opened.uri, name),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => {
            let detail = format!("`{name}` in `auth` is a text or a number.");
            Err(Problem::new(Code::BadRequest, detail))
        }
    }
}

/// Whether a token is a user's (a compact JWS) and not a program's.
fn is_user_token(token: &str) -> bool {
    let is_part = |part: &str| {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !part.is_empty() && part.bytes().all(base64)
    };
    token.split('.').count() == 3 && token.split('.').all(is_part)
}

/// From where on: an offset of the log's present life, or an exact position.
fn since(room: &InRoom, said: Option<String>) -> Result<Option<Position>, Problem> {
    let Some(said) = said else { return Ok(None) };
    if let Ok(offset) = said.parse() {
        let epoch = room.0.epoch().clone();
        return Ok(Some(Position { epoch, offset: Offset(offset) }));
    }
    said.parse().map(Some).map_err(|_| {
        let detail = "`since` is an offset, as in 41, or a position, as in \"e4XkP9:41\".";
        Problem::new(Code::BadSince, detail)
    })
}

/// A request that says this.
fn parts(opened: &Parts, asked: &[(&str, String)], bearer: Option<&str>) -> Result<Parts, Problem> {
    let encode = |(name, text): &(&str, String)| {
        format!("{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC))
    };
    let asked: Vec<_> = asked.iter().map(encode).collect();
    let too_much = |_| Problem::new(Code::TooLarge, "What `auth` says is too much.");
    let uri = Uri::try_from(format!("/?{}", asked.join("&"))).map_err(too_much)?;
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.uri = uri;
    for name in HEADERS {
        for value in opened.headers.get_all(&name) {
            parts.headers.append(name.clone(), value.clone());
        }
    }
    if let Some(token) = bearer {
        let value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
            Problem::new(Code::Unauthorized, "This token is none that could be sent.")
        })?;
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn namespaces_are_rooms() {
        assert_eq!(room("/").unwrap().as_str(), "main");
        assert_eq!(room("/finals-2").unwrap().as_str(), "finals-2");
        for bad in ["/Finals", "/a/b", "//a", "/ä", "/a?b", &format!("/{}", "x".repeat(65))] {
            assert_eq!(room(bad).unwrap_err().code, Code::BadRoom, "{bad}");
        }
    }

    #[test]
    fn tokens_of_users_are_told_from_those_of_programs() {
        assert!(is_user_token("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"));
        for program in ["nt-abcdefghijkl", "a.b", "a..b", "a.b.c.d", "a.b.c d", ""] {
            assert!(!is_user_token(program), "{program}");
        }
    }

    #[test]
    fn what_a_page_says_becomes_a_request() {
        let (opened, ()) = Request::get("/socket.io/?EIO=4&name=Old&person=x")
            .header("host", "localhost")
            .header("x-other", "y")
            .header("authorization", "Bearer of-the-request")
            .body(())
            .unwrap()
            .into_parts();
        let auth = read(&json!({"name": "Ana & Eva", "pushed": 5, "client": ""}).to_string());
        let auth = auth.unwrap();
        let text = |name| said(&opened, &auth, name).unwrap();
        assert_eq!(text("name").as_deref(), Some("Ana & Eva"), "`auth` counts first");
        assert_eq!(text("person").as_deref(), Some("x"));
        assert_eq!((text("pushed").as_deref(), text("client")), (Some("5"), None));
        let asked = [("name", "Ana & Eva".to_owned())];
        let parts = parts(&opened, &asked, Some("of-auth")).unwrap();
        assert_eq!(query(&parts.uri, "name").unwrap().as_deref(), Some("Ana & Eva"));
        assert_eq!(parts.headers["authorization"], "Bearer of-auth");
        assert_eq!(parts.headers.len(), 2);
    }

    #[test]
    fn what_nobody_can_say_is_refused() {
        assert!(read("[]").is_err() && read("5").is_err() && read("{").is_err());
        assert!(read("null").unwrap().is_empty());
        let (opened, ()) = Request::new(()).into_parts();
        let auth = read(r#"{"name":["Ana"]}"#).unwrap();
        assert_eq!(said(&opened, &auth, "name").unwrap_err().code, Code::BadRequest);
        assert!(parts(&opened, &[], Some("a\nb")).is_err());
        assert!(parts(&opened, &[("name", "x".repeat(100_000))], None).is_err());
    }
}
