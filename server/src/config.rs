//! What can be set: every flag, its environment variable, its default.

use crate::features;
use crate::http::cors::Origin;
use crate::store;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use nowcast_shared::stage::LEASE;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A live page that its owner controls.
///
/// Open the feed in a browser, log in at /admin, click a display button: it shows on every open
/// page at once. Programs publish with one HTTP request. The first start draws an admin password
/// and a publish token and prints them once.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "nowcast",
    version,
    max_term_width = 100,
    after_help = "NOWCAST_LOG sets what is logged to standard error: error, warn (default), info, debug, trace."
)]
pub struct Config {
    #[command(subcommand)]
    /// What to do instead of serving.
    pub task: Option<Task>,

    #[command(flatten)]
    /// How to serve.
    pub serve: Serve,
}

/// Tasks beside serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    #[cfg(feature = "cli")]
    #[command(flatten)]
    /// What is done in a room of a server.
    Room(features::cli::Task),
    #[command(flatten)]
    /// What is done with a data folder.
    Store(store::Task),
    /// Draws a new admin password and prints it; every login ends. The server must be stopped.
    Password(Folder),
    /// Lists the tokens: id, name, scopes, rooms. The tokens themselves are not stored.
    Tokens(Folder),
    /// Makes a token worthless. The server must be stopped.
    Revoke {
        /// The token's id, as `nowcast tokens` lists it.
        id: String,
        #[command(flatten)]
        /// Whose.
        folder: Folder,
    },
    /// Draws a new publish token and prints it; the others stay valid. The server must be stopped.
    Token {
        /// What the token may do: publish, push, admin; separated by commas.
        #[arg(long, default_value = "publish,push", value_name = "SCOPES")]
        scopes: String,
        /// The rooms it is good for, separated by commas; all if left out.
        #[arg(long, value_name = "ROOMS")]
        rooms: Option<String>,
        /// The sender's name shown with what it publishes.
        #[arg(long, default_value = "Newsdesk", value_name = "NAME")]
        name: String,
        #[command(flatten)]
        /// Whose.
        folder: Folder,
    },
    /// Prints the secret that user tokens are signed with (HS256).
    UserKey {
        /// Draws a new one first: user tokens of before are worthless then. The server must be
        /// stopped.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        /// Whose.
        folder: Folder,
    },
    /// Makes a user token for trying out, and prints it.
    UserToken {
        /// The user's id.
        #[arg(long, value_name = "ID")]
        user: String,
        /// What the user is called.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The room it is good for; all if left out.
        #[arg(long, value_name = "ROOM")]
        room: Option<String>,
        /// For how many hours it is good.
        #[arg(long, value_name = "N", default_value_t = 24)]
        hours: u32,
        /// Lets one page only use it.
        #[arg(long)]
        once: bool,
        /// What the server has as its --user-key.
        #[arg(long = "user-key", value_name = "TEXT")]
        key: Option<String>,
        /// What the server has as its --user-public-key.
        #[arg(long = "user-public-key", value_name = "FILE", conflicts_with = "key")]
        public_key: Option<PathBuf>,
        #[command(flatten)]
        /// Whose.
        folder: Folder,
    },
}

/// What a task works on. It may stand before the task as well, where the variable counts, too.
#[derive(Clone, Debug, Args)]
pub struct Folder {
    /// Folder for everything that is kept [default: the platform's data directory].
    #[arg(id = "of", long = "data", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Flags of the server.
#[derive(Clone, Debug, Parser)]
pub struct Serve {
    /// Address and port to serve on; port 0 picks a free one.
    #[arg(long, env = "NOWCAST_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,

    /// Folder for everything that is kept [default: the platform's data directory].
    #[arg(long, env = "NOWCAST_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Lets anyone publish, edit, delete, push, put and drag pieces and set variables without a
    /// credential. For demos; give it twice (or set the variable to 2) to allow it on an address
    /// that others can reach.
    #[arg(long, env = "NOWCAST_OPEN", action = ArgAction::Count)]
    pub open: u8,

    /// When a publish counts as kept: `full` when the disk has it, `relaxed` when the operating
    /// system has it (survives a crash of the server, not of the machine).
    #[arg(long, env = "NOWCAST_DURABILITY", default_value = "full", value_name = "LEVEL")]
    pub durability: Durability,

    /// How many threads deliver to pages; one for each core if left out.
    #[arg(long, env = "NOWCAST_SHARDS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub shards: Option<u16>,

    /// Serves the pages from this folder instead of those inside the binary.
    #[arg(long, env = "NOWCAST_ASSETS", value_name = "DIR")]
    pub assets: Option<PathBuf>,

    /// The admin password to set on the first start instead of drawing one (8 characters or more).
    #[arg(long, env = "NOWCAST_ADMIN_PASSWORD", hide_env_values = true, value_name = "TEXT")]
    pub admin_password: Option<String>,

    /// The publish token to set on the first start instead of drawing one (16 characters or more).
    #[arg(long, env = "NOWCAST_PUBLISH_TOKEN", hide_env_values = true, value_name = "TEXT")]
    pub publish_token: Option<String>,

    /// How many of the newest events of a room to keep for pages that were away; 0 keeps all.
    #[arg(long, env = "NOWCAST_KEEP_EVENTS", default_value_t = 0, value_name = "N")]
    pub keep_events: u64,

    /// How long a room that nobody uses stays in memory, in seconds. What was published there is
    /// kept all the same.
    #[arg(long, env = "NOWCAST_ROOM_IDLE", default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub room_idle: u64,

    /// Believes the last address in `X-Forwarded-For`: give it behind a proxy that sets that
    /// header, so that wrong passwords are counted for each visitor.
    #[arg(long, env = "NOWCAST_TRUST_PROXY")]
    pub trust_proxy: bool,

    /// Lets pages of this origin (as `https://news.example`) read the server, with a live feed in
    /// them or by scripts of their own. Repeatable; `*` is everybody's pages. They have no rights by it but those
    /// of their own tokens.
    #[arg(long, env = "NOWCAST_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    #[command(flatten)]
    /// What user tokens are held against.
    pub user_keys: UserKeys,

    /// For how long somebody may be gone before others hear of it, in milliseconds.
    #[arg(
        long,
        env = "NOWCAST_PRESENCE_GRACE",
        default_value_t = 5_000,
        value_name = "MS",
        hide = true
    )]
    pub presence_grace: u64,

    #[command(flatten)]
    /// What is beside the core.
    pub features: features::Flags,

    #[command(flatten)]
    /// Sizes and rates.
    pub limits: Limits,
}

/// What user tokens are held against.
#[derive(Clone, Debug, Default, Parser)]
pub struct UserKeys {
    /// The secret that user tokens are signed with (HS256; 32 bytes or more), instead of the one
    /// that the first start draws: see `nowcast user-key`.
    #[arg(long, env = "NOWCAST_USER_KEY", hide_env_values = true, value_name = "TEXT")]
    pub user_key: Option<String>,

    /// The public key that user tokens are signed for (EdDSA): a PEM file of an Ed25519 key.
    #[arg(long, env = "NOWCAST_USER_PUBLIC_KEY", value_name = "FILE", conflicts_with = "user_key")]
    pub user_public_key: Option<PathBuf>,

    /// The audience (`aud`) that user tokens may name, beside `nowcast`.
    #[arg(long, env = "NOWCAST_USER_AUDIENCE", value_name = "TEXT")]
    pub user_audience: Option<String>,
}

/// Limits; reaching one is an ordinary, named answer.
#[derive(Clone, Debug, Parser)]
pub struct Limits {
    /// Largest item data, as JSON, in bytes.
    #[arg(long, env = "NOWCAST_MAX_ITEM", default_value_t = 64 * 1024, value_name = "BYTES")]
    pub max_item: usize,
    /// Largest body of a publish request, in bytes.
    #[arg(long, env = "NOWCAST_MAX_FORM", default_value_t = 128 * 1024, value_name = "BYTES")]
    pub max_form: usize,
    /// Largest frame from a page, in bytes.
    #[arg(long, env = "NOWCAST_MAX_FRAME", default_value_t = 16 * 1024, value_name = "BYTES")]
    pub max_frame: usize,
    /// Largest uploaded picture, in bytes.
    #[arg(long, env = "NOWCAST_MAX_UPLOAD", default_value_t = 10 * 1024 * 1024, value_name = "BYTES")]
    pub max_upload: usize,
    /// What may wait for one slow page, in bytes, before it is told to come back and resume.
    #[arg(long, env = "NOWCAST_OUTBOX", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub outbox: usize,
    /// Recent events of a room that stay in memory, in bytes.
    #[arg(long, env = "NOWCAST_TAIL", default_value_t = 4 * 1024 * 1024, value_name = "BYTES")]
    pub tail: usize,
    /// Commands a second from one page.
    #[arg(long, env = "NOWCAST_COMMAND_RATE", default_value_t = 200, value_name = "N")]
    pub command_rate: u32,
    /// Commands that one page may send at once before the rate counts.
    #[arg(long, env = "NOWCAST_COMMAND_BURST", default_value_t = 400, value_name = "N")]
    pub command_burst: u32,
    /// Moves of pieces a second that are told of one page; of more only the newest is, a moment
    /// later.
    #[arg(long, env = "NOWCAST_MOVE_RATE", default_value_t = 60, value_name = "N")]
    pub move_rate: u32,
    /// Moves that one page may make at once before the rate counts.
    #[arg(long, env = "NOWCAST_MOVE_BURST", default_value_t = 20, value_name = "N")]
    pub move_burst: u32,
    /// How long a piece stays its mover's after the last move, in milliseconds: pages count on it.
    #[arg(long, env = "NOWCAST_LEASE", default_value_t = LEASE, hide = true, value_name = "MS")]
    pub lease: u64,
}

/// When a publish counts as kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// When the disk has it.
    Full,
    /// When the operating system has it.
    Relaxed,
}

/// The data folder: the one given, else the platform's.
pub fn data_folder(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    given
        .or_else(|| {
            let dirs = directories::ProjectDirs::from("", "", "nowcast")?;
            Some(dirs.data_dir().to_owned())
        })
        .ok_or_else(|| {
            anyhow::anyhow!("This system names no data directory. Give one with --data DIR.")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_flag_is_well_formed_and_documented() {
        let command = Config::command();
        command.clone().debug_assert();
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            assert!(arg.get_help().is_some(), "{} has no help", arg.get_id());
            let built_in = ["help", "version"].contains(&arg.get_id().as_str());
            assert!(built_in || arg.get_env().is_some(), "{} has no variable", arg.get_id());
        }
    }
}
