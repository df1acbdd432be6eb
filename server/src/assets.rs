//! The pages' files: inside the binary, or from a folder.
//!
//! Beside a file may lie `file.br` and `file.gz`, made when the pages were built; whoever
//! understands one gets that. Names with a hash in them never change and are kept by browsers for
//! good; the others are asked for again with their `ETag`.

use crate::app::App;
use crate::error::Problem;
use crate::http::cors::FOR_EVERYBODY;
use anyhow::Context;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nowcast_shared::error::Code;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Embedded;

/// What pages of other sites load.
const SCRIPTS: [&str; 3] = ["nowcast.js", "nowcast.classic.js", "embed.js"];

/// Where the files are.
pub enum Assets {
    /// In the binary.
    Inside,
    /// In this folder.
    Folder(PathBuf),
}

impl Assets {
    /// The files in `folder`, or those in the binary.
    ///
    /// # Errors
    /// If the folder holds no pages.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let Some(folder) = folder else { return Ok(Self::Inside) };
        let folder = folder
            .canonicalize()
            .with_context(|| format!("There is no folder {}", folder.display()))?;
        anyhow::ensure!(
            folder.join("index.html").is_file(),
            "{} holds no index.html: build the pages with `cargo xtask build`.",
            folder.display()
        );
        Ok(Self::Folder(folder))
    }

    async fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Inside => Embedded::get(path).map(|file| file.data),
            Self::Folder(folder) => {
                let plain = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
                let path = plain.then(|| folder.join(path))?;
                tokio::fs::read(path).await.ok().map(Cow::Owned)
            }
        }
    }
}

/// `/`, `/admin`, `/r/…`: the one HTML file, which looks at its address itself.
pub async fn page(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(html) = app.assets.read("index.html").await else {
        let sentence = "The pages are not in this binary. Build it with <code>cargo xtask build</code>, \
             or serve a folder with <code>--assets DIR</code>.";
        return (StatusCode::SERVICE_UNAVAILABLE, Html(sentence)).into_response();
    };
    let mut response = serve(&app, "index.html", &method, &headers).await;
    let framing = if uri.path().trim_end_matches('/').ends_with("/admin") {
        "; frame-ancestors 'none'"
    } else {
        ""
    };
    let policy = format!("{}{framing}", content_security_policy(&String::from_utf8_lossy(&html)));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Any other address.
pub async fn file(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    let nothing = || Problem::new(Code::NotFound, "There is nothing at this address.");
    if path.starts_with("api/") {
        return nothing().into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        let problem = Problem::new(Code::MethodNotAllowed, "Files can only be read.");
        return problem.into_response();
    }
    let response = serve(&app, path, &method, &headers).await;
    let wants_page = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.to_str().unwrap_or_default().contains("text/html"));
    match response.status() {
        StatusCode::NOT_FOUND if wants_page => {
            (StatusCode::NOT_FOUND, Html(include_str!("not_found.html"))).into_response()
        }
        StatusCode::NOT_FOUND => nothing().into_response(),
        _ => response,
    }
}

async fn serve(app: &App, path: &str, method: &Method, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let mut found = None;
    for (ending, encoding) in [(".br", "br"), (".gz", "gzip")] {
        if accepts(accepted.unwrap_or_default(), encoding)
            && let Some(bytes) = app.assets.read(&format!("{path}{ending}")).await
        {
            found = Some((bytes, Some(encoding)));
            break;
        }
    }
    if found.is_none() {
        found = app.assets.read(path).await.map(|bytes| (bytes, None));
    }
    let Some((bytes, encoding)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{}\"", crate::hex(&Sha256::digest(&bytes)[..12]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|known| known.contains(&etag) || known.trim() == "*");
    let caching = if has_hash(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = if method == Method::HEAD { Cow::Borrowed(&[][..]) } else { bytes.clone() };
        let mut response = body.into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        response
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime(path)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        out.insert(header::ETAG, etag);
    }
    if SCRIPTS.contains(&path) {
        out.extend(FOR_EVERYBODY);
    }
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether `Accept-Encoding` names this coding and does not weigh it 0.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let refused = weight.trim().trim_start_matches("q=").parse() == Ok(0.0_f32);
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

/// Whether the name has a hash of its content in it, as trunk writes them: `name-0123456789abcdef…`.
fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(['-', '_', '.'])
        .any(|part| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// What the page may load: scripts of its own and those that stand in it, named by their hashes.
fn content_security_policy(html: &str) -> String {
    let mut scripts = String::new();
    for script in html.split("<script").skip(1) {
        let Some((attributes, rest)) = script.split_once('>') else { continue };
        let Some((text, _)) = rest.split_once("</script>") else { continue };
        if !attributes.contains("src=") {
            let hash = BASE64_STANDARD.encode(Sha256::digest(text));
            scripts.extend([" 'sha256-", &hash, "'"]);
        }
    }
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{scripts}; \
         style-src 'self' 'unsafe-inline'; img-src http: https: data: blob: 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'self'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_are_told_from_others() {
        assert!(has_hash("feed-1f2e3d4c5b6a7988.js"));
        assert!(has_hash("feed-1f2e3d4c5b6a7988_bg.wasm"));
        assert!(!has_hash("admin.js") && !has_hash("index.html") && !has_hash("admin_bg.wasm"));
    }

    #[test]
    fn a_coding_is_accepted_by_name_and_weight() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn only_the_scripts_in_the_page_are_allowed_beside_our_files() {
        let policy = content_security_policy(
            r#"<script type="module">go()</script><script src="/x.js"></script>"#,
        );
        assert_eq!(policy.matches("'sha256-").count(), 1);
        assert!(policy.contains(&BASE64_STANDARD.encode(Sha256::digest("go()"))));
    }
}
