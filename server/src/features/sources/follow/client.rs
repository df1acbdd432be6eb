//! One request to an outside service, with its redirects.

use super::failure::Failure;
use super::guard::Guard;
use super::{Auth, Patience, Target, TargetKind, TopicsAs};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, Response, StatusCode, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use url::Url;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// How many redirects are followed.
pub const MOST_REDIRECTS: usize = 5;

/// Makes requests, and only to where the guard lets them.
pub struct Client {
    http: reqwest::Client,
    pub(super) guard: Guard,
    patience: Patience,
}

impl Client {
    /// A client behind this guard.
    ///
    /// # Errors
    /// If there is no TLS on this machine; the sentence says why.
    pub fn new(guard: Guard, patience: Patience) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls()?).clone())
            .dns_resolver(Arc::new(guard.clone()))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .gzip(true)
            .connect_timeout(patience.connect)
            // A kept connection would go on to an address that the name has left.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Nowcast/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("No connection can be made from here: {error}."))?;
        Ok(Self { http, guard, patience })
    }

    /// Asks for what a target is after this position, with these headers beside its own; the answer
    /// is one with content, or 304 where `extra` asks for news alone.
    pub(super) async fn open(
        &self,
        target: &Target,
        cursor: Option<&str>,
        extra: &HeaderMap,
    ) -> Result<Response, Failure> {
        let mut step = Step::first(target, cursor)?;
        for _ in 0..=MOST_REDIRECTS {
            self.guard.look_at(&step.url)?;
            let request = self.http.request(step.method.clone(), step.url.clone());
            let request = request.headers(extra.clone()).headers(step.headers.clone());
            let request = match &step.form {
                Some(form) => request.header(CONTENT_TYPE, FORM).body(form.clone()),
                None => request,
            };
            let answer = tokio::time::timeout(self.patience.answer, request.send()).await;
            let answer = answer.map_err(|_elapsed| Failure::Unanswered)?;
            let answer = answer.map_err(|error| Failure::of(&error))?;
            let status = answer.status();
            match status.as_u16() {
                200..=203 | 205..=299 | 304 => return Ok(answer),
                301 | 302 | 303 | 307 | 308 => step = step.next(status, answer.headers())?,
                401 | 403 if step.stripped => return Err(step.moved()),
                _ => return Err(refused(status, answer.headers())),
            }
        }
        Err(Failure::Unusable("The service redirects again and again.".to_owned()))
    }
}

/// What the system trusts, with ring; it takes a moment to find out, so that is done once.
pub(super) fn tls() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("There is no TLS: {error}."))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

/// What a refusal says.
pub(super) fn refused(status: StatusCode, headers: &HeaderMap) -> Failure {
    Failure::Refused { status, retry: retry_after(headers, SystemTime::now()) }
}

/// How long `Retry-After` asks to wait, in seconds or as a date.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A request, which a redirect makes another one.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Whether credentials were meant for another origin than this.
    pub(super) stripped: bool,
    method: Method,
    form: Option<String>,
}

impl Step {
    /// What a target asks at first, after this position.
    pub(super) fn first(target: &Target, cursor: Option<&str>) -> Result<Self, Failure> {
        let mut url = target.url.clone();
        let own = target.headers.iter().filter(|(name, _)| !is_of_connection(name));
        let mut headers: HeaderMap = own.cloned().collect();
        if let Some(auth) = &target.auth {
            headers.insert(AUTHORIZATION, credentials(auth)?);
        }
        if let (Some(resume), Some(cursor)) = (&target.resume, cursor) {
            url.query_pairs_mut().append_pair(&resume.field, cursor);
        }
        let mut form = None;
        let topics = target.topics.join(",");
        match target.topics_as {
            _ if topics.is_empty() => {}
            TopicsAs::None => {}
            // A handshake has no body.
            TopicsAs::Form if target.kind != TargetKind::WebSocket => {
                let mut fields = url::form_urlencoded::Serializer::new(String::new());
                form = Some(fields.append_pair(&target.topics_field, &topics).finish());
            }
            TopicsAs::Query | TopicsAs::Form => {
                url.query_pairs_mut().append_pair(&target.topics_field, &topics);
            }
        }
        let method = if form.is_some() { Method::POST } else { Method::GET };
        Ok(Self { url, headers, method, form, stripped: false })
    }

    /// What a redirect asks next. Another origin hears nothing that was meant for this one.
    pub(super) fn next(self, status: StatusCode, answer: &HeaderMap) -> Result<Self, Failure> {
        let lost = || Failure::Unusable("The service redirects to nowhere.".to_owned());
        let location =
            answer.get(LOCATION).and_then(|value| value.to_str().ok()).ok_or_else(lost)?;
        let url = self.url.join(location).map_err(|_unreadable| lost())?;
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            return Err(lost());
        }
        let mut next = Self { url, ..self };
        if origin(&next.url) != origin(&self.url) {
            next.stripped |= !next.headers.is_empty();
            next.headers.clear();
        }
        // Browsers do so for 301 and 302 as well, where a form is sent once; here it says what is
        // followed, and most of these lead from http to https.
        if status == StatusCode::SEE_OTHER {
            next.method = Method::GET;
            next.form = None;
        }
        Ok(next)
    }

    /// A refusal of who was not told the credentials.
    pub(super) fn moved(&self) -> Failure {
        let (scheme, host) = (self.url.scheme(), self.url.host_str().unwrap_or_default());
        Failure::Unusable(format!(
            "The service redirects to {scheme}://{host}, which is not told the credentials. Follow \
             that address instead if you trust it."
        ))
    }
}

/// `Url::origin` takes nothing but the web's schemes for such; a port is enough to tell them apart.
fn origin(url: &Url) -> (bool, Option<String>, Option<u16>) {
    let safe = matches!(url.scheme(), "https" | "wss");
    (safe, url.host_str().map(str::to_owned), url.port_or_known_default())
}

/// What says how a connection is used is not for a source to say.
fn is_of_connection(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "accept-encoding"
            | "connection"
            | "content-length"
            | "host"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    ) || name.starts_with("proxy-")
        || name.starts_with("sec-websocket-")
}

fn credentials(auth: &Auth) -> Result<HeaderValue, Failure> {
    let written = match auth {
        Auth::Basic { user, password } => {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
        }
        Auth::Bearer(token) => format!("Bearer {token}"),
    };
    let unfit = |_| Failure::Unusable("The token has characters that cannot be sent.".to_owned());
    let mut value = HeaderValue::from_str(&written).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}
