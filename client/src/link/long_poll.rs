//! Frames as answers to requests that wait for news.

use super::plan::Refusal;
use super::{Ear, Heard, Transport};
use crate::api::{self, Payload, Problem};
use crate::{dom, read};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// How long the server may hold a request, in seconds.
const WAIT: u64 = 25;
/// A server that answers at once and has nothing to say is not asked faster than this.
const PAUSE: f64 = 1_000.0;

pub(super) struct Polling {
    ended: Rc<Cell<bool>>,
    abort: Option<AbortController>,
}

impl Polling {
    /// Begins to ask. The first answer comes at once, so that it is soon known whether this way is
    /// open. `url` gives the address for a wait in seconds, from where the page is by then.
    pub(super) fn open(url: impl Fn(u64) -> String + 'static, ear: Ear) -> Self {
        let ended = Rc::new(Cell::new(false));
        let abort = AbortController::new().ok();
        let this = Self { ended: ended.clone(), abort };
        let signal = this.abort.as_ref().map(AbortController::signal);
        dom::spawn(async move {
            let mut wait = 0;
            while !ended.get() {
                let asked = dom::now();
                let answer = api::send("GET", &url(wait), Payload::Nothing, signal.as_ref()).await;
                if ended.get() {
                    return;
                }
                let count = match answer {
                    Ok(answer) => hear(&answer, &ear, &ended),
                    Err(problem) => return ear(heard(problem)),
                };
                let Some(count) = count else {
                    return ear(Heard::Lost);
                };
                if wait > 0 && count == 0 && dom::now() - asked < 1_000 {
                    dom::sleep(PAUSE).await;
                }
                wait = WAIT;
            }
        });
        this
    }
}

/// Tells the frames of an answer, as long as somebody wants to hear them, and says how many there
/// were; `None` if it is no answer of ours, but for example the log-in page of a hotel.
fn hear(answer: &JsValue, ear: &Ear, ended: &Cell<bool>) -> Option<usize> {
    if !js_sys::Array::is_array(&read::get(answer, "frames")) {
        return None;
    }
    let frames = read::list(answer, "frames", |frame| Some(read::frame_value(frame)));
    let count = frames.len();
    for frame in frames {
        if ended.get() {
            return Some(count);
        }
        ear(Heard::Frame(frame));
    }
    if !ended.get() {
        ear(Heard::Answered(read::position(answer, "next")));
    }
    Some(count)
}

/// What a failed request means: nothing for ever, unless the server said that this page is the problem.
fn heard(problem: Problem) -> Heard {
    match problem.status {
        401 | 403 | 404 if !problem.code.is_empty() => {
            let Problem { status, code, detail, wait } = problem;
            let retry_after = wait.map(u64::from);
            Heard::Refused(Refusal { status, code, detail, retry_after })
        }
        _ => problem.wait.map_or(Heard::Lost, |wait| Heard::Later(u64::from(wait) * 1_000)),
    }
}

impl Transport for Polling {}

impl Drop for Polling {
    fn drop(&mut self) {
        self.ended.set(true);
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str, wait: Option<u32>) -> Problem {
        Problem { status, code: code.to_owned(), detail: String::new(), wait }
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it() {
        let busy = problem(503, "unavailable", Some(5));
        assert!(busy.is_away() && matches!(heard(busy), Heard::Later(5_000)));
        // A proxy has no code.
        assert!(matches!(heard(problem(503, "", Some(5))), Heard::Later(5_000)));
        assert!(matches!(heard(problem(503, "", None)), Heard::Lost));
        let refused = heard(problem(403, "forbidden", Some(5)));
        assert!(matches!(refused, Heard::Refused(Refusal { retry_after: Some(5), .. })));
    }
}
