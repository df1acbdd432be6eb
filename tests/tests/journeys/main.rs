//! Journeys through a running server, named after what they hold it to. Most of them run over each
//! of the three transports.
//!
//! - [`delivery`], [`resume`], [`crash`]: every page sees every event once and in order.
//! - [`repeats`]: what is sent twice takes effect once.
//! - [`sessions`], [`polling`]: how sessions end, who is here, how a long poll waits.
//! - [`refused`], [`rejected`]: bad input gets a clear answer. [`content`]: hostile input comes out
//!   harmless.
//! - [`start`], [`access`], [`desk`]: flags and credentials; who may do what; the display
//!   buttons.
//! - [`origins`]: what pages of other sites may read.
//! - [`chat`], [`moderation`]: what people say to each other, and what an admin can do about it.
//!   [`rooms`]: what they are set to; private ones, empty ones.
//! - [`stage`], [`variables`]: what pages move and write together.
//! - [`people`], [`tokens`], [`push`]: names, who is here; who users are; what is for one alone.
//! - [`openapi`]: what the server says of its HTTP side.
//! - [`files`]: the pages' files, health and metrics.

mod access;
mod chat;
mod content;
mod crash;
mod delivery;
mod desk;
mod files;
mod moderation;
mod openapi;
mod origins;
mod people;
mod polling;
mod push;
mod refused;
mod rejected;
mod repeats;
mod resume;
mod rooms;
mod sessions;
mod stage;
mod start;
mod tokens;
mod variables;
