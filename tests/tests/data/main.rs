//! What comes from outside, what is kept, and what is counted of it.

mod counted;
mod sources;
mod statistics;
mod store;
