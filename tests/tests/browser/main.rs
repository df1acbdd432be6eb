//! Journeys through the pages, in a real Chromium.
//!
//! - [`feed`]: what viewers see. [`links`]: how a page stays connected.
//! - [`stage`]: two people and what they drag. [`chat`]: what people say to each other.
//! - [`desk`]: what an admin does; [`rooms`], [`variables`]: by subject.
//! - [`pictures`]: how it all looks.
//! - [`windows`]: what the journeys have in common.

mod chat;
mod desk;
mod feed;
mod links;
mod pictures;
mod rooms;
mod stage;
mod variables;
mod windows;
