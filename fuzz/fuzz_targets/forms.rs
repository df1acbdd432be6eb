//! Form bodies, in the two ways in which browsers send them; the first byte says which.

#![no_main]

use axum::body::Body;
use axum::extract::Request;
use libfuzzer_sys::fuzz_target;
use nowcast::http::body;
use std::cell::LazyCell;
use tokio::runtime::{Builder, Runtime};

const LIMIT: usize = 4096;

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        Builder::new_current_thread().enable_time().build().expect("a runtime")
    });
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else { return };
    let mime = match kind % 2 {
        0 => "application/x-www-form-urlencoded",
        _ => "multipart/form-data; boundary=x",
    };
    let request = Request::builder().header("content-type", mime);
    let request = request.body(Body::from(text.to_vec())).expect("a request");
    let form = RUNTIME.with(|runtime| runtime.block_on(body::form(request, LIMIT)));
    if let Ok(fields) = form {
        assert!(text.len() <= LIMIT);
        let held: usize = fields
            .iter()
            .map(|(name, value)| name.len() + value.as_str().expect("a field is text").len())
            .sum();
        assert!(held <= text.len());
    }
});
