//! Clients that are not our pages: in JavaScript, on the command line, of older pages.

mod asyncapi;
mod cli;
mod compat;
mod documents;
mod extension;
mod nginx;
mod node;
mod rust;
mod sdk;
mod sdk_plan;
mod socketio;
