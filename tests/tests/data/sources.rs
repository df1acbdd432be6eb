//! Streams from outside, followed into rooms.
