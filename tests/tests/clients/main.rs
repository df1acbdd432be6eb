//! Clients that are not our pages: in JavaScript, on the command line, of older pages.

mod node;
mod sdk;
