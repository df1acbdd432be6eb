//! From a request to what handlers work with: the room, who asks, and whether the page that asks
//! is ours.

use crate::app::{App, Reach};
use crate::auth::users::{self, Use};
use crate::auth::{Actor, Credential, Site, Visitor};
use crate::command::Caller;
use crate::door::{self, Pass};
use crate::engine::mailbox::SessionId;
use crate::error::Problem;
use crate::hub::Claim;
use crate::log::Room;
use crate::name;
use crate::policy::{Action, may};
use crate::random;
use axum::RequestPartsExt;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use nowcast_shared::error::Code;
use nowcast_shared::id::{BadId, RoomName};
use std::net::IpAddr;
use std::sync::Arc;

/// The room that the address names.
pub struct InRoom(pub Arc<Room>);

impl FromRequestParts<App> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = room_name(parts).await?;
        Self::read(app, parts, &name).await
    }
}

impl InRoom {
    /// The room of this name, if whoever asks may come in.
    pub async fn read(app: &App, parts: &Parts, name: &RoomName) -> Result<Self, Problem> {
        let Some(room) = app.log.room(name).await? else {
            let detail = format!("There is no room called {name}.");
            return Err(Problem::new(Code::UnknownRoom, detail));
        };
        // Most rooms are open, and who asks there is read by those who want to know.
        if room.is_guarded() {
            // Who is refused here did not use a token up.
            let asks = Asks::by(app, parts, Some(name), Use::Not).await?.within(app, &room)?;
            door::enter(app, &room, &asks.actor, &asks.pass(app, parts, name)?)?;
        }
        Ok(Self(room))
    }
}

/// The room's name in the address; there may be no such room.
pub struct Named(pub RoomName);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        room_name(parts).await.map(Self)
    }
}

async fn room_name(parts: &mut Parts) -> Result<RoomName, Problem> {
    let bad = |detail: String| Problem::new(Code::BadRoom, detail);
    let path = parts
        .extract::<RawPathParams>()
        .await
        .map_err(|_| bad("The room's name cannot be read.".to_owned()))?;
    let name = path.iter().find(|(key, _)| *key == "room").map(|(_, name)| name);
    name.unwrap_or_default().parse().map_err(|error: BadId| bad(error.to_string()))
}

/// Who asks, by which right, and as which page.
pub struct Asks {
    /// Who.
    pub actor: Actor,
    /// By which right; sessions look it up again.
    pub credential: Credential,
    /// What is known of the page, beside its credential.
    pub visitor: Arc<Visitor>,
    /// Its session in the room where it asks; see [`Self::within`].
    pub session: Option<SessionId>,
}

impl Asks {
    /// Refuses what this actor may not do.
    pub fn may(&self, app: &App, action: Action<'_>, room: &RoomName) -> Result<(), Problem> {
        may(&self.actor, action, room, app.open)
    }

    /// The same, in a room: where the page has a session there, what the server knows of that
    /// counts, and not what the request says.
    pub fn within(mut self, app: &App, room: &Room) -> Result<Self, Problem> {
        let seat = self.visitor.client.as_ref().and_then(|client| app.hub.seat(room.id(), client));
        if let Some(seat) = seat {
            self.visitor = seat.visitor();
            self.session = Some(seat.session());
            self.actor = app.auth.actor(&self.credential, &self.visitor)?;
        } else if let Some(claim) = self.actor.claim()
            && !matches!(claim, Claim::Own(_))
        {
            // Nobody is called as somebody who is there, nor as an admin.
            let name = app.hub.free_name(room.id(), claim.name(), &app.auth.reserved());
            let visitor = Visitor { name: Some(name), ..Visitor::clone(&self.visitor) };
            self.visitor = Arc::new(visitor);
            self.actor = app.auth.actor(&self.credential, &self.visitor)?;
        }
        Ok(self)
    }

    /// A connection is a page, also if it does not say which.
    pub fn be_somebody(&mut self, app: &App) {
        if self.visitor.client.is_none() {
            let client = random::name("connection-", 16).try_into().ok();
            let visitor = Visitor { client, ..Visitor::clone(&self.visitor) };
            self.visitor = Arc::new(visitor);
            // What it asks by was good a moment ago.
            if let Ok(actor) = app.auth.actor(&self.credential, &self.visitor) {
                self.actor = actor;
            }
        }
    }

    /// By which right it comes into this room.
    pub fn pass(&self, app: &App, parts: &Parts, room: &RoomName) -> Result<Pass, Problem> {
        // What a browser remembers does not count for pages of other sites, which may be in it.
        let ours = site(&parts.headers, app.openness()) == Site::Ours;
        let remembered = || ours.then(|| door::remembered(&parts.headers)).flatten();
        let invitation = query(&parts.uri, "invitation")?.or_else(remembered);
        Ok(Pass::new(&self.actor, room, invitation))
    }

    /// Who it is to a command.
    pub fn caller(&self) -> Caller<'_> {
        let (actor, client) = (&self.actor, self.visitor.client.as_ref());
        Caller { actor, client, session: self.session }
    }
}

impl FromRequestParts<App> for Asks {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let room = room_name(parts).await.ok();
        Self::read(app, parts, room.as_ref()).await
    }
}

impl Asks {
    /// Reads who asks, in a room if the address names one.
    pub async fn read(app: &App, parts: &Parts, room: Option<&RoomName>) -> Result<Self, Problem> {
        Self::by(app, parts, room, Use::Up).await
    }

    async fn by(
        app: &App,
        parts: &Parts,
        room: Option<&RoomName>,
        how: Use,
    ) -> Result<Self, Problem> {
        // A page of another site must not act with the admin's cookie, nor with the rights that
        // `--open` gives whoever can reach this address. For reading it is anybody.
        let site = site(&parts.headers, app.openness());
        let credential = Credential::read(&parts.headers, site)?;
        let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let mut visitor = visitor(&parts.uri)?;
        let (token, id) = (query(&parts.uri, "token")?, query(&parts.uri, "id")?);
        if token.is_some() || id.is_some() {
            let client = visitor.client.as_ref();
            let user = match (token, id) {
                (Some(token), _) => users::verify(app, &token, room, client, how).await?,
                (None, id) => {
                    users::plain(app.open, id.unwrap_or_default(), credential.is_foreign())?
                }
            };
            visitor.be(Arc::new(user));
        }
        let visitor = Arc::new(visitor);
        let actor = app.auth.actor(&credential, &visitor)?;
        if changes && matches!(actor, Actor::Foreign(_)) {
            return Err(foreign());
        }
        Ok(Self { actor, credential, visitor, session: None })
    }
}

/// What the query says of the page: `client=`, `person=`, `name=`.
fn visitor(uri: &Uri) -> Result<Visitor, Problem> {
    fn id<T: TryFrom<String, Error = BadId>>(text: Option<String>) -> Result<Option<T>, Problem> {
        let bad = |error: BadId| Problem::new(Code::BadClient, error.to_string());
        text.map(|text| T::try_from(text).map_err(bad)).transpose()
    }
    let name = query(uri, "name")?.map(|name| name::check(&name)).transpose()?.flatten();
    let (client, person) = (id(query(uri, "client")?)?, id(query(uri, "person")?)?);
    Ok(Visitor { client, person, name, user: None })
}

/// Only pages of this very site, and programs, may go on.
pub struct Ours;

impl FromRequestParts<App> for Ours {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        if is_same_site(&parts.headers) { Ok(Self) } else { Err(foreign()) }
    }
}

/// Whose page is behind a request.
fn site(headers: &HeaderMap, open: Reach) -> Site {
    match (is_same_site(headers), open) {
        (true, Reach::Loopback) if is_rebound(headers) => Site::Rebound,
        (true, _) => Site::Ours,
        (false, Reach::Everywhere) => Site::Guest,
        (false, _) => Site::Foreign,
    }
}

fn foreign() -> Problem {
    Problem::new(Code::ForeignOrigin, "This request comes from a page of another site.")
}

/// Whether no page of another site is behind the request.
///
/// Browsers say so themselves (`Sec-Fetch-Site`, which no script can set); older ones send at
/// least `Origin`, which is compared with the host that was asked. Programs send neither.
pub(super) fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

/// Whether a browser was led here by a name that somebody else gave this address (DNS rebinding):
/// its pages look like ours to it. An open server on loopback has no name but `localhost`.
fn is_rebound(headers: &HeaderMap) -> bool {
    let browser = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let plain = bare.parse::<IpAddr>().is_ok()
        || bare.eq_ignore_ascii_case("localhost")
        || bare.to_ascii_lowercase().ends_with(".localhost");
    browser && !plain
}

/// A parameter of the query, decoded.
///
/// # Errors
/// `bad_query` if it is not UTF-8.
pub fn query(uri: &Uri, name: &str) -> Result<Option<String>, Problem> {
    let text = uri.query().unwrap_or_default();
    // Mostly there is nothing to decode.
    if !text.contains(['%', '+']) {
        let found = text.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        });
        return Ok(found.filter(|value| !value.is_empty()).map(str::to_owned));
    }
    let pairs = super::body::pairs(text.as_bytes())
        .map_err(|_| Problem::new(Code::BadQuery, "The query is not UTF-8."))?;
    let found = pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
    Ok(found.filter(|value| !value.is_empty()))
}

/// A parameter of the query that must be a number.
pub fn number(uri: &Uri, name: &str) -> Result<Option<u64>, Problem> {
    let bad = || Problem::new(Code::BadQuery, format!("`{name}` must be a whole number."));
    query(uri, name)?.map(|text| text.parse().map_err(|_| bad())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(headers: &[(&str, &str)]) -> bool {
        let pairs = headers.iter().map(|(name, value)| {
            let name: header::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        is_same_site(&pairs.collect())
    }

    #[test]
    fn other_sites_are_told_from_ours_and_from_programs() {
        assert!(same(&[]), "a program");
        assert!(same(&[("sec-fetch-site", "same-origin"), ("origin", "http://proxy")]));
        assert!(!same(&[("sec-fetch-site", "cross-site")]));
        assert!(!same(&[("sec-fetch-site", "same-site")]), "another host of the same owner");
        assert!(same(&[("origin", "https://a.example:1"), ("host", "a.example:1")]));
        assert!(!same(&[("origin", "https://b.example"), ("host", "a.example")]));
        assert!(!same(&[("origin", "null"), ("host", "a.example")]));
    }

    #[test]
    fn names_that_others_give_this_address_are_told_from_its_own() {
        let rebound = |host: &str| {
            let headers = [(header::HOST, host), (header::ORIGIN, "http://x")];
            let headers = headers.map(|(name, value)| (name, value.parse().unwrap()));
            is_rebound(&HeaderMap::from_iter(headers))
        };
        for own in ["localhost:8080", "127.0.0.1:1", "[::1]:8080", "192.168.1.5", "LOCALHOST"] {
            assert!(!rebound(own), "{own}");
        }
        assert!(rebound("evil.example:8080") && rebound("127.0.0.1.evil.example"));
        assert!(!is_rebound(&HeaderMap::new()), "a program");
    }

    #[test]
    fn an_open_server_keeps_its_admin_whatever_it_is_called() {
        let named = [(header::HOST, "live.example"), (header::ORIGIN, "http://live.example")];
        let named = HeaderMap::from_iter(named.map(|(name, value)| (name, value.parse().unwrap())));
        assert_eq!(site(&named, Reach::Nowhere), Site::Ours);
        assert_eq!(site(&named, Reach::Loopback), Site::Rebound);
        assert_eq!(site(&named, Reach::Everywhere), Site::Ours);
        let other = [(header::HOST, "live.example"), (header::ORIGIN, "http://other.example")];
        let other = HeaderMap::from_iter(other.map(|(name, value)| (name, value.parse().unwrap())));
        assert_eq!(site(&other, Reach::Nowhere), Site::Foreign);
        assert_eq!(site(&other, Reach::Loopback), Site::Foreign);
        assert_eq!(site(&other, Reach::Everywhere), Site::Guest);
    }

    #[test]
    fn a_query_is_read_once_and_only_as_utf8() {
        let uri: Uri = "/x?since=e1%3A5&since=e1:6&limit=a&empty=&bad=%ff".parse().unwrap();
        assert_eq!(query(&uri, "since").unwrap_err().code, Code::BadQuery);
        let uri: Uri = "/x?since=e1%3A5&since=e1:6&limit=a&empty=".parse().unwrap();
        assert_eq!(query(&uri, "since").unwrap().as_deref(), Some("e1:5"));
        assert_eq!(query(&uri, "empty").unwrap(), None);
        assert_eq!(number(&uri, "limit").unwrap_err().code, Code::BadQuery);
    }
}
