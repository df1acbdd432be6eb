//! What can be asked of the load generator. `cargo xtask bench` is who asks.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Error, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The load generator of `cargo xtask bench`. It prints one line a result: words `name=value`.
#[derive(Debug, Parser)]
#[command(name = "nowcast-bench", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Opens pages, then measures what standard input asks for, a line each: a phase, how long to
    /// warm up and how long to measure, in seconds. Phases: `lockstep`, `inflight:K`, `rate:R`, `idle`.
    Load(Load),
    /// Tells the size of the frame in which a page gets the text.
    Probe(Server),
    /// Opens pages, waits until the server was started anew (a line on standard input), and brings
    /// them all back within a second.
    Herd(Herd),
    /// Tells what statistics cost publishing: two servers, one of them without, measured in turn.
    Counting(Counting),
    /// Tells whether a server keeps up with an outside stream: every line is shown or counted.
    Following(Following),
    /// Serves as a bare epoll loop: the least that a delivery can cost.
    Floor {
        /// Where to listen; port 0 picks a free one.
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Tells how many `fdatasync` a second the disk does, each after a small write.
    Disk {
        /// A folder on that disk.
        #[arg(long)]
        folder: PathBuf,
        /// For how long, in seconds.
        #[arg(long, default_value = "1")]
        seconds: f64,
    },
}

/// The server under test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Server {
    /// Where it listens.
    #[arg(long)]
    pub address: SocketAddr,
    /// What it is.
    #[arg(long, value_enum)]
    pub target: Kind,
    /// The size of a page's frame, in bytes, where the body decides it.
    #[arg(long, default_value_t = 300)]
    pub frame_bytes: usize,
    /// The publish token.
    #[arg(long, default_value = "")]
    pub token: String,
    /// The longest that anything may take, in seconds: connecting, a publish, draining.
    #[arg(long, default_value_t = 20)]
    pub patience: u64,
}

impl Server {
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Load {
    #[command(flatten)]
    pub server: Server,
    /// The process whose cost is measured, together with its children.
    #[arg(long)]
    pub server_pid: u32,
    /// How many pages.
    #[arg(long, default_value_t = 1000)]
    pub pages: usize,
    /// How pages are connected.
    #[arg(long, value_enum, default_value = "ws")]
    pub transport: Transport,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Herd {
    #[command(flatten)]
    pub server: Server,
    /// How many pages.
    #[arg(long, default_value_t = 10_000)]
    pub pages: usize,
    /// Within how long they all come back, in seconds.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub within: Duration,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Counting {
    /// The program `nowcast`.
    #[arg(long)]
    pub server: PathBuf,
    /// How many pages each of the two has.
    #[arg(long, default_value_t = 100)]
    pub pages: usize,
    /// How often each of the two is measured.
    #[arg(long, default_value_t = 15)]
    pub rounds: usize,
    /// For how long is published each time, in seconds.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// What is measured.
    #[arg(long, default_value = "inflight:32")]
    pub phase: Phase,
    /// The servers' `--durability`.
    #[arg(long, default_value = "relaxed")]
    pub durability: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Following {
    /// The program `nowcast`.
    #[arg(long)]
    pub server: PathBuf,
    /// How many lines the outside service writes a second.
    #[arg(long, default_value_t = 10_000)]
    pub rate: u32,
    /// For how long, in seconds.
    #[arg(long, default_value_t = 20)]
    pub seconds: u32,
    /// How many items the source may show a minute; without it all.
    #[arg(long)]
    pub per_minute: Option<u64>,
    /// The server's `--durability`.
    #[arg(long, default_value = "relaxed")]
    pub durability: String,
}

/// The servers that differ on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Ours.
    Nowcast,
    /// One that sends each body that is posted to it to every page as it is.
    Plain,
    /// Engine.IO 4 with Socket.IO's packets in it.
    Socketio,
    /// Nginx with Nchan, in the locations of our configuration.
    Nchan,
}

/// How a page is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    Ws,
    Sse,
    Poll,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    /// The next publish when all pages have the last.
    Lockstep,
    /// So many publishers, each with one publish under way.
    Inflight(usize),
    /// So many publishes a second, whatever comes of them.
    Rate(f64),
    /// Nothing: what pages cost in memory.
    Idle,
}

/// A line of standard input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Command {
    pub phase: Phase,
    pub warmup: Duration,
    pub length: Duration,
}

impl FromStr for Command {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [phase, warmup, length] = words[..] else {
            bail!("`{line}` is not a phase and two lengths of time");
        };
        Ok(Self { phase: phase.parse()?, warmup: seconds(warmup)?, length: seconds(length)? })
    }
}

impl Phase {
    /// How many connections publish.
    pub(crate) fn publishers(self) -> usize {
        match self {
            Self::Idle | Self::Lockstep => 1,
            Self::Inflight(count) => count,
            Self::Rate(_) => 16,
        }
    }
}

impl FromStr for Phase {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, number) = text.split_once(':').unwrap_or((text, ""));
        Ok(match name {
            "lockstep" => Self::Lockstep,
            "idle" => Self::Idle,
            "inflight" => Self::Inflight(number.parse().context("how many publishers?")?),
            "rate" => Self::Rate(number.parse().context("how many a second?")?),
            _ => bail!("there is no phase `{name}`"),
        })
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lockstep => to.write_str("lockstep"),
            Self::Idle => to.write_str("idle"),
            Self::Inflight(count) => write!(to, "inflight:{count}"),
            Self::Rate(rate) => write!(to, "rate:{rate}"),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, Error> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_options_are_well_formed() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_phase_is_written_as_it_is_read() {
        for text in ["lockstep", "inflight:32", "rate:100", "idle"] {
            assert_eq!(text.parse::<Phase>().expect("it is known").to_string(), text);
        }
        let command: Command = "rate:100 0.5 2".parse().expect("it is well formed");
        assert_eq!(command.phase, Phase::Rate(100.0));
        assert_eq!(command.warmup + command.length, Duration::from_millis(2500));
        assert!("lockstep 1".parse::<Command>().is_err());
        assert!("inflight".parse::<Phase>().is_err());
        assert!("often".parse::<Phase>().is_err());
    }
}
