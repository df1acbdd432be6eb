//! Streams from outside, followed into rooms.

mod api;
mod feeds;
mod flood;
mod followed;
mod following;
mod mapping;
mod private;
mod queue;
mod setting;
mod sockets;
mod webhook;
