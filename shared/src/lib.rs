//! The words that server and pages have in common. Nothing here does anything: it names what goes
//! over the wire, so that both sides agree by construction.
//!
//! Read in this order:
//! - [`id`]: names of rooms, clients, items; what is a legal one.
//! - [`offset`]: where in a room's log something stands (`epoch:offset`).
//! - [`item`]: what a feed shows.
//! - [`stage`]: pieces and their places. [`room`]: what a room is set to. [`chat`]: what was said.
//! - [`command`]: what may be asked. [`event`]: what happened and is kept.
//!   [`signal`]: what happened and is not kept.
//! - [`frame`]: the envelopes that carry them, one enum per direction.
//! - [`error`]: codes of refused requests, reasons of ended sessions.
//!
//! # Free-form JSON
//! Types that carry an item's data are generic over its representation `J`: the server uses a JSON
//! value, so that fields it does not know survive; a page uses the typed [`item::Body`], so that
//! no JSON library has to be downloaded. Values that mean nothing to us (shared variables, what is
//! pushed) have a representation of their own, `V`.

pub mod chat;
pub mod command;
pub mod error;
pub mod event;
pub mod frame;
pub mod id;
pub mod item;
pub mod offset;
pub mod room;
#[cfg(feature = "schema")]
pub mod schema;
pub mod signal;
pub mod stage;
pub mod variable;
