//! Clients that are not our pages: in JavaScript, on the command line, of older pages.

mod compat;
mod documents;
mod nginx;
mod node;
mod sdk;
mod socketio;
