//! Sending a picture, with its progress. `fetch` does not tell how much has left; the older
//! `XMLHttpRequest` does.

use super::ask::at;
use crate::api::Problem;
use crate::read;
use js_sys::Promise;
use nowcast_shared::id::RoomName;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ProgressEvent, XmlHttpRequest};

/// A picture that the server has taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Its address on the server.
    pub url: String,
    /// Its width and height in pixels.
    pub size: Option<(u32, u32)>,
}

/// How long a picture may take, in milliseconds: ten megabytes on a slow phone.
const PATIENCE: u32 = 300_000;

/// Sends a picture; `on_progress` hears which share of it has left, 0 to 1.
pub async fn send(
    room: &RoomName,
    file: &File,
    on_progress: impl Fn(f64) + 'static,
) -> Result<Uploaded, Problem> {
    let (status, answer) =
        post(&at(room, "/uploads"), file, on_progress).await.map_err(|_| Problem::unreachable())?;
    let answer = read::parse(&answer).unwrap_or(JsValue::NULL);
    let side = |name| read::whole(&answer, name).and_then(|side| u32::try_from(side).ok());
    match read::text(&answer, "url") {
        Some(url) if (200..300).contains(&status) => {
            Ok(Uploaded { url, size: side("width").zip(side("height")) })
        }
        _ if status == 0 => Err(Problem::unreachable()),
        _ => Err(Problem::read(status, &answer, None)),
    }
}

/// POSTs the file as it is; the status is 0 if there was no answer.
async fn post(
    url: &str,
    file: &File,
    on_progress: impl Fn(f64) + 'static,
) -> Result<(u16, String), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", url)?;
    request.set_timeout(PATIENCE);
    let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            on_progress(event.loaded() / event.total());
        }
    });
    request.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    let ended = Promise::new(&mut |done, _| request.set_onloadend(Some(&done)));
    request.send_with_opt_blob(Some(file))?;
    JsFuture::from(ended).await?;
    Ok((request.status()?, request.response_text()?.unwrap_or_default()))
}
