//! What a source shows to whom it follows, or what is shown to it: secrets and headers, which stay
//! where they are as long as they go to the same place.

use super::{MOST_ENTRY, bad};
use crate::error::Problem;
use crate::features::sources::settings::{Auth, Kind, Settings};
use crate::features::sources::vault::Secrets;
use axum::http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use url::Url;

/// How long a secret or a header's value may be, in bytes.
const MOST_SECRET: usize = 4096;
/// How many headers there may be.
const MOST_HEADERS: usize = 20;

/// A header that is to be sent.
#[derive(Deserialize)]
pub(super) struct GivenHeader {
    /// Its name.
    pub(super) name: String,
    /// Its value; none: the one that is kept.
    value: Option<String>,
}

/// What was said of the secret.
#[derive(Debug, Default)]
pub(super) enum Said {
    /// Nothing: it stays.
    #[default]
    Nothing,
    /// There is to be none.
    None,
    /// This is it.
    Given(String),
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<String>::deserialize(deserializer)?;
        Ok(given.filter(|given| !given.is_empty()).map_or(Self::None, Self::Given))
    }
}

/// The secrets as they are to be.
pub(super) fn keep(
    auth: &Auth,
    secret: Said,
    headers: &[GivenHeader],
    url: Option<&Url>,
    before: Option<(&Settings, &Secrets)>,
) -> Result<Secrets, Problem> {
    if headers.len() > MOST_HEADERS {
        return Err(bad(format!("There may be at most {MOST_HEADERS} headers.")));
    }
    // Otherwise whoever may change a source could have its secrets sent to an address of their own.
    let place = |url: Option<&Url>| url.map(|url| (url.origin(), url.scheme().to_owned()));
    let same_place = before.is_some_and(|(before, _)| place(before.url.as_ref()) == place(url));
    let known = before.map(|(_, secrets)| secrets);
    let moved = || {
        bad("The address leads to another service than the one that the secrets were entered for. \
             Enter them again, or take them out.")
    };
    let secret = match secret {
        Said::Given(secret) => Some(secret),
        Said::None => None,
        Said::Nothing if *auth == Auth::None => None,
        Said::Nothing => match known.and_then(|known| known.secret.clone()) {
            Some(_) if !same_place => return Err(moved()),
            kept => kept,
        },
    };
    if secret.as_ref().is_some_and(|secret| secret.len() > MOST_SECRET) {
        return Err(bad(format!("`secret` is too long: at most {MOST_SECRET} bytes.")));
    }
    let mut kept = BTreeMap::new();
    for GivenHeader { name, value } in headers {
        check_header(name)?;
        let before = known.and_then(|known| known.headers.get(&name.to_ascii_lowercase()));
        let value = match (value, before) {
            (None, Some(_)) if !same_place => return Err(moved()),
            (Some(value), _) | (None, Some(value)) => value.clone(),
            (None, None) => return Err(bad(format!("The header {name} has no value."))),
        };
        if value.len() > MOST_SECRET || HeaderValue::from_str(&value).is_err() {
            return Err(bad(format!("The header {name} has a value that cannot be sent.")));
        }
        if kept.insert(name.to_ascii_lowercase(), value).is_some() {
            return Err(bad(format!("The header {name} is there twice.")));
        }
    }
    Ok(Secrets { secret, headers: kept })
}

/// Refuses names that are none, and those that belong to the connection.
fn check_header(name: &str) -> Result<(), Problem> {
    let own = [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
        header::ACCEPT_ENCODING,
    ];
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(known) if name.len() <= 100 && !own.contains(&known) => Ok(()),
        _ => Err(bad(format!(
            "A header cannot be called {:?}.",
            name.chars().take(40).collect::<String>()
        ))),
    }
}

/// Whether this kind of source can be authenticated so.
pub(super) fn check_auth(kind: Kind, auth: &Auth, secrets: &Secrets) -> Result<(), Problem> {
    let has_secret = secrets.secret.is_some();
    match (kind, auth) {
        (Kind::Webhook, Auth::None) => {
            Err(bad("Deliveries have to show a secret: choose `hmac` or `bearer` as `auth`."))
        }
        (Kind::Webhook, _) if !has_secret => {
            Err(bad("A webhook needs a `secret` that deliveries are checked with."))
        }
        (Kind::Webhook, Auth::Hmac) | (_, Auth::None) => Ok(()),
        (_, Auth::Hmac) => Err(bad("`hmac` is for what is delivered here, by a webhook.")),
        (_, Auth::Basic { user })
            if user.is_empty() || user.contains(':') || user.chars().count() > MOST_ENTRY =>
        {
            Err(bad("`auth.user` is missing, too long, or has a colon."))
        }
        (_, Auth::Basic { .. } | Auth::Bearer) if !has_secret => {
            Err(bad("This `auth` needs a `secret`: the password or the token."))
        }
        (_, Auth::Bearer) if secrets.secret.as_ref().is_some_and(|token| !is_token(token)) => {
            Err(bad("A token is of printable characters without blanks."))
        }
        _ => Ok(()),
    }
}

fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::sources::wanted::{check, tests::with};
    use serde_json::{Value, json};

    #[test]
    fn secrets_stay_until_they_are_given_anew_or_taken_away() {
        let fields = json!({"auth": {"kind": "bearer"}, "secret": "one",
            "headers": [{"name": "X-Key", "value": "two"}]});
        let first = check(with(&fields), None).unwrap();
        let again = |fields: Value| check(with(&fields), Some((&first.settings, &first.secrets)));
        let kept = again(
            json!({"auth": {"kind": "bearer"}, "headers": [{"name": "x-key", "value": null}]}),
        )
        .unwrap();
        assert_eq!(kept.secrets, first.secrets);
        let other = again(json!({"auth": {"kind": "bearer"}, "secret": "three"})).unwrap();
        assert_eq!(other.secrets.secret.as_deref(), Some("three"));
        assert!(other.secrets.headers.is_empty());
        let none = again(json!({"auth": {"kind": "none"}, "secret": null})).unwrap();
        assert_eq!(none.secrets, Secrets::default());
    }

    #[test]
    fn secrets_do_not_follow_an_address_that_leads_elsewhere() {
        let fields = json!({"auth": {"kind": "bearer"}, "secret": "one", "headers": [{"name": "X-Key", "value": "two"}]});
        let first = check(with(&fields), None).unwrap();
        let again = |fields: Value| check(with(&fields), Some((&first.settings, &first.secrets)));
        assert!(again(json!({"url": "https://x.example/b", "auth": {"kind": "bearer"}})).is_ok());
        for url in ["https://evil.example/a", "http://x.example/a", "https://x.example:444/a"] {
            assert!(again(json!({"url": url, "auth": {"kind": "bearer"}})).is_err(), "{url}");
            let header = json!({"url": url, "headers": [{"name": "X-Key", "value": null}]});
            assert!(again(header).is_err(), "{url}");
            assert!(again(json!({"url": url})).is_ok(), "without them");
        }
    }
}
