//! Streams from outside, followed into rooms.

mod api;
mod mapping;
mod queue;
mod setting;
mod webhook;
