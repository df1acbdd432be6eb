//! Journeys through the pages, in a real Chromium.
//!
//! - [`feed`]: what viewers see. [`links`]: how a page stays connected.
//! - [`stage`]: two people and what they drag; [`measured`]: how soon the other sees it.
//!   [`stage_desk`]: what an admin does with it, and how it looks.
//! - [`chat`]: what people say to each other. [`people`]: who is here. [`push`]: what is for one
//!   alone.
//! - [`counted`]: what a page tells for statistics. [`statistics`]: the report on them.
//! - [`desk`]: what an admin does; by subject: [`rooms`], [`keeping`] (how long they keep things),
//!   [`moderation`], [`variables`], [`sources`] and [`queue`] (what of them waits for approval).
//! - [`documents`]: the examples that are for browsers.
//! - [`kinds`]: posts and custom items, everywhere. [`openapi`]: what the server says of its HTTP side.
//! - [`extension`]: the browser extension.
//! - [`windows`]: what the journeys have in common.

mod chat;
mod counted;
mod desk;
mod documents;
mod embed;
mod extension;
mod feed;
mod keeping;
mod kinds;
mod links;
mod measured;
mod moderation;
mod openapi;
mod people;
mod pictures;
mod push;
mod queue;
mod rooms;
mod sources;
mod stage;
mod stage_desk;
mod statistics;
mod variables;
mod windows;
