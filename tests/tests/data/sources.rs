//! Streams from outside, followed into rooms.

mod feeds;
mod flood;
mod followed;
mod following;
mod private;
mod sockets;
