//! Journeys with faults: what a network, a disk, a lock and a clock can do to a running server.
//! Nothing that was acknowledged may be lost, and no page may miss an event or see one twice.
//!
//! - [`store`]: the disk is full, the database locked, the folder read-only. [`start`]: the same
//!   when the server starts.

mod start;
mod store;
