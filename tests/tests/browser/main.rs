//! Journeys through the pages, in a real Chromium.
//!
//! - [`feed`]: what viewers see. [`links`]: how a page stays connected.
//! - [`chat`]: what people say to each other.
//! - [`desk`]: what an admin does. [`pictures`]: how it all looks.
//! - [`windows`]: what the journeys have in common.

mod chat;
mod desk;
mod feed;
mod links;
mod pictures;
mod windows;
