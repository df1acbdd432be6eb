//! Journeys with faults: what a network, a disk, a lock and a clock can do to a running server.
//! Nothing that was acknowledged may be lost, and no page may miss an event or see one twice.
//!
//! - [`storm`]: connections are cut at random while the server is killed; [`scale`]: how much of it.
//! - [`slow`]: readers that stop reading; [`latency`]: what that costs the other pages.
//! - [`clock`]: the clock is set back, and forward again. [`idle`]: rooms that nobody uses.
//! - [`store`]: the disk is full, the database locked, the folder read-only. [`start`]: the same
//!   when the server starts. [`stage`]: a drop that the store does not take.

mod clock;
mod idle;
mod latency;
mod scale;
mod slow;
mod stage;
mod start;
mod store;
mod storm;
