//! What the journeys in `tests/` stand on: a real server, pages on three transports, a network
//! that can be broken, a real browser. Nothing here knows how the server works inside.
//!
//! Read in this order:
//! - [`server`]: starts, kills, stops and restarts the real `nowcast` binary.
//! - [`api`]: asks it over HTTP as a visitor, a program or the admin.
//!   A [`request`] holds its answer against what the server says of its HTTP side.
//! - [`page`]: one page over any of the three transports; it checks by itself that no event is
//!   missing or comes twice.
//! - [`contract`]: what the server says of its frames; held against every one of them.
//! - [`proxy`]: stands between a page and the server, and refuses, stalls or cuts. [`weather`] does
//!   so to many pages at random; a [`follower`] goes on through all of it.
//!   [`kills`]: many publish while the server dies.
//!   [`nginx`] stands there too, as it does for real.
//! - [`browser`]: a Chromium that a test drives.
//! - [`token`]: signs user tokens. [`document`]: what documents show, to be run.
//! - [`site`]: a website that is not the server's, with pages of the test.
//! - [`outside`]: a service outside that the server follows, as a test writes it down.
//! - [`wait`]: polls for a condition, with a limit.

pub mod api;
pub mod browser;
pub mod contract;
pub mod document;
pub mod follower;
pub mod kills;
pub mod nginx;
pub mod outside;
pub mod page;
pub mod proxy;
pub mod request;
pub mod server;
pub mod site;
pub mod token;
pub mod wait;
pub mod weather;

/// Makes three tests of each journey, one for every transport.
///
/// A journey is an `async fn(Transport)` beside the macro; one that is not listed is dead code,
/// which the compiler reports.
#[macro_export]
macro_rules! over_every_transport {
    ($($journey:ident),+ $(,)?) => {
        $(
            mod $journey {
                #[tokio::test]
                async fn over_websocket() {
                    super::$journey($crate::page::Transport::WebSocket).await;
                }

                #[tokio::test]
                async fn over_sse() {
                    super::$journey($crate::page::Transport::Sse).await;
                }

                #[tokio::test]
                async fn over_long_poll() {
                    super::$journey($crate::page::Transport::LongPoll).await;
                }
            }
        )+
    };
}
