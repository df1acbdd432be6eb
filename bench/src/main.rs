//! The load generator of `cargo xtask bench`, and the floor that servers are compared with.
//!
//! It knows servers by their wire alone. One thread, one event loop, no allocation a frame: it has
//! to cost less than the server under test, and it says what it did cost.
//!
//! Read in this order:
//! - [`options`]: what can be asked of it.
//! - [`target`]: how the servers differ: addresses, bodies, when a page is open.
//! - [`marker`]: the number in what is published, which tells frames of publishes apart.
//! - [`frame`], [`http`]: WebSocket frames and HTTP answers, read where they lie.
//! - [`page`], [`publisher`]: the two ends; both over a [`wire`].
//! - [`tally`]: which publish has reached how many pages, and when; [`histogram`].
//! - [`load`]: the event loop; [`join`]: how pages come; [`phase`]: what is measured; [`herd`].
//! - [`counting`]: what statistics cost publishing, by two servers in turn; [`following`]: whether a
//!   source keeps up with its stream. Both start our server, [`nowcast`].
//! - [`usage`]: what processes cost; [`disk`]: what the disk can do.
//! - [`floor`]: the bare epoll loop.

mod counting;
mod disk;
mod floor;
mod following;
mod frame;
mod herd;
mod histogram;
mod http;
mod join;
mod load;
mod marker;
mod nowcast;
mod options;
mod page;
mod phase;
mod publisher;
mod tally;
mod target;
mod usage;
mod wire;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use options::{Options, Task};

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<()> {
    // Every page is a file; what the hard limit allows is the caller's to know.
    rlimit::increase_nofile_limit(u64::MAX)?;
    match options.task {
        Task::Load(load) => load::run(&load),
        Task::Probe(server) => load::probe(&server),
        Task::Herd(herd) => herd::run(&herd),
        Task::Counting(counting) => counting::run(&counting),
        Task::Following(following) => following::run(&following),
        Task::Floor { listen } => floor::run(listen),
        Task::Disk { folder, seconds } => disk::run(&folder, seconds),
    }
}
