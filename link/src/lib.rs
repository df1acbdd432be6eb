//! What keeps a page or a program connected to its room, without IO: what happened and the time go
//! in, what to do comes out. The pages carry it out in a browser, `nowcast-sdk` on tokio.
//!
//! - [`plan`]: which way to connect, when to try again.
//! - [`sending`]: which commands go out now, and which answer is whose.
//! - [`backoff`]: how long to wait.

pub mod backoff;
pub mod plan;
mod plan_words;
pub mod sending;
