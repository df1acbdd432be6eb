//! What older pages send: tokens wherever they put them, forms, queries with more in them than
//! anybody asked for.

use crate::app::App;
use crate::error::Problem;
use crate::http::body::{self, Kind};
use crate::http::extract::{Asks, InRoom};
use crate::log::Room;
use crate::policy::Action;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use nowcast_shared::error::Code;
use nowcast_shared::id::RoomName;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// The header, form field and parameter that hold a token.
const TOKEN: &str = "token";

/// What a page or program posted that may.
pub(super) struct Posted {
    /// Who it is.
    pub(super) asks: Asks,
    /// The room.
    pub(super) room: Arc<Room>,
    /// What the request says beside its body.
    pub(super) parts: Parts,
    /// The form, without its token.
    pub(super) fields: Map<String, Value>,
}

impl Posted {
    /// Reads who posts and what. Who shows a token outside of the form is known before that is read.
    pub(super) async fn read(
        app: &App,
        request: Request,
        may: impl Fn(&Asks) -> Result<(), Problem>,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let known = match token(&parts) {
            Some(token) => Some(who(app, &parts, Some(&token), &may).await?),
            None => None,
        };
        let mut fields = form(&parts, body, app.limits.max_form).await?;
        let inner = fields.remove(TOKEN);
        let inner = inner.as_ref().and_then(Value::as_str).filter(|token| !token.is_empty());
        let (asks, room) = match known {
            Some(known) => known,
            None => who(app, &parts, inner, &may).await?,
        };
        Ok(Self { asks, room, parts, fields })
    }

    /// A field of the form, or else a parameter; nothing where it is empty.
    pub(super) fn field(&self, name: &str) -> Result<Option<String>, Problem> {
        match self.fields.get(name).and_then(Value::as_str) {
            Some(text) => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
            None => query(&self.parts.uri, name),
        }
    }
}

/// Who only reads, as [`enter`] takes it.
pub(super) fn reader(parts: &Parts) -> Result<Parts, Problem> {
    plain(parts, token(parts).as_deref())
}

/// The room, for who only reads: it may not be everybody's.
pub(super) async fn enter(app: &App, reader: &Parts) -> Result<Arc<Room>, Problem> {
    Ok(InRoom::read(app, reader, &RoomName::main()).await?.0)
}

/// May whoever sends this publish? The first thing that is asked of whoever posts something.
pub(super) fn publishes(app: &App, asks: &Asks) -> Result<(), Problem> {
    asks.may(app, Action::Publish, &RoomName::main())
}

async fn who(
    app: &App,
    parts: &Parts,
    token: Option<&str>,
    may: &impl Fn(&Asks) -> Result<(), Problem>,
) -> Result<(Asks, Arc<Room>), Problem> {
    let mut plain = plain(parts, token)?;
    // Whatever it is called: something is changed, which pages of other sites may not by a cookie.
    if plain.method != Method::POST {
        plain.method = Method::POST;
        name_origin(&mut plain.headers);
    }
    let asks = Asks::read(app, &plain, Some(&RoomName::main())).await?;
    may(&asks)?;
    let InRoom(room) = InRoom::read(app, &plain, &RoomName::main()).await?;
    Ok((asks, room))
}

/// Says what a browser would say of a POST: it names no origin where a page asks its own site by
/// GET, and may have been led here by a name that somebody else gave this address.
fn name_origin(headers: &mut HeaderMap) {
    let browser = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = host.filter(|_| !browser).map(|host| format!("http://{host}"));
    if let Some(Ok(origin)) = origin.map(|origin| HeaderValue::from_str(&origin)) {
        headers.insert(header::ORIGIN, origin);
    }
}

/// The request as other addresses know them: the token is a bearer token, and of what is in the
/// query only the invitation to a private room counts.
fn plain(parts: &Parts, token: Option<&str>) -> Result<Parts, Problem> {
    let mut plain = parts.clone();
    plain.headers.remove(header::AUTHORIZATION);
    if let Some(token) = token {
        let unknown = || Problem::new(Code::Unauthorized, "This token is not known here.");
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| unknown())?;
        plain.headers.insert(header::AUTHORIZATION, value);
    }
    let mut pairs = parts.uri.query().unwrap_or_default().split('&');
    let invitation = pairs.find(|pair| pair.starts_with("invitation="));
    let uri = format!("{}?{}", parts.uri.path(), invitation.unwrap_or_default());
    plain.uri = uri.parse().unwrap_or_else(|_| Uri::from_static("/"));
    Ok(plain)
}

/// The token that is not in the form: a bearer token, a header, a parameter. What else there may be
/// in `Authorization` is for a proxy in between.
fn token(parts: &Parts) -> Option<String> {
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(header::AUTHORIZATION).filter(|value| {
        value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "))
    });
    let given = bearer.map(|value| value[7..].trim());
    let given = given.or_else(|| header(HeaderName::from_static(TOKEN)).map(str::trim));
    let given = given.filter(|token| !token.is_empty()).map(str::to_owned);
    given.or_else(|| query(&parts.uri, TOKEN).ok().flatten())
}

/// A parameter of the query, whatever else is in it; nothing where it is empty.
///
/// # Errors
/// `bad_query` if it is not UTF-8.
pub(super) fn query(uri: &Uri, name: &str) -> Result<Option<String>, Problem> {
    let mut pairs = uri.query().unwrap_or_default().split('&').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), value)
    });
    let value = pairs.find_map(|(key, value)| (key == name).then_some(value)).unwrap_or_default();
    let value = value.replace('+', " ");
    let text = percent_decode(value.as_bytes()).decode_utf8();
    let text = text.map_err(|_| {
        Problem::new(Code::BadQuery, format!("`{name}` in the query is not UTF-8."))
    })?;
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}

fn decode(key: &str) -> Cow<'_, str> {
    percent_decode(key.as_bytes()).decode_utf8_lossy()
}

/// The form's fields; none without a body that says what it is.
async fn form(parts: &Parts, body: Body, limit: usize) -> Result<Map<String, Value>, Problem> {
    match body::kind(&parts.headers) {
        Kind::Form | Kind::Multipart => {
            let request = Request::from_parts(parts.clone(), body);
            body::form(request, limit).await
        }
        Kind::Other if !parts.headers.contains_key(header::CONTENT_TYPE) => Ok(Map::new()),
        Kind::Json | Kind::Other => Err(Problem::new(
            Code::UnsupportedType,
            "Send a form: application/x-www-form-urlencoded or multipart/form-data.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request = Request::builder().uri(uri);
        let add = |request: axum::http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).body(Body::empty()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_is_found_in_each_place_and_the_first_counts() {
        let found = |uri: &str, headers: &[(&str, &str)]| token(&parts(uri, headers));
        assert_eq!(found("/", &[]), None);
        assert_eq!(found("/?token=", &[("token", " "), ("authorization", "Bearer ")]), None);
        assert_eq!(found("/?a=b&token=q%2B", &[]).as_deref(), Some("q+"));
        assert_eq!(found("/?token=q", &[("token", " h ")]).as_deref(), Some("h"));
        let both = [("token", "h"), ("authorization", "bearer  b")];
        assert_eq!(found("/?token=q", &both).as_deref(), Some("b"));
        let proxy = [("authorization", "Basic YTpi")];
        assert_eq!(found("/?token=q", &proxy).as_deref(), Some("q"));
    }

    #[test]
    fn of_a_query_only_the_invitation_is_handed_on() {
        let asked = parts("/chat?name=a:b&id=x&token=t&invitation=i1&client=y", &[]);
        let plain = plain(&asked, Some("t")).unwrap();
        assert_eq!(plain.uri.query(), Some("invitation=i1"));
        assert_eq!(plain.headers[header::AUTHORIZATION], "Bearer t");
        assert_eq!(super::plain(&asked, Some("a\nb")).unwrap_err().code, Code::Unauthorized);
    }

    #[test]
    fn a_parameter_is_read_whatever_else_is_in_the_query() {
        let uri: Uri = "/x?%ff=%fe&&since&n%61me=A+b%C3%A4&since=5&bad=%ff".parse().unwrap();
        assert_eq!(query(&uri, "name").unwrap().as_deref(), Some("A b\u{e4}"));
        assert_eq!(query(&uri, "since").unwrap(), None, "the first is empty");
        assert_eq!(query(&uri, "bad").unwrap_err().code, Code::BadQuery);
        assert_eq!(query(&uri, "none").unwrap(), None);
    }

    proptest! {
        #[test]
        fn no_query_and_no_header_is_too_much(text in "[!-~]{0,40}", header in "[ -~]{0,20}") {
            let Ok(uri) = format!("/chat?{text}").parse::<Uri>() else { return Ok(()) };
            let asked = parts(&uri.to_string(), &[("token", &header), ("authorization", &header)]);
            for name in ["since", "name", TOKEN] {
                let _ = query(&uri, name);
            }
            let _ = plain(&asked, token(&asked).as_deref());
        }
    }
}
