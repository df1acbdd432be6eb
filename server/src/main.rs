//! The binary: flags, data folder, bind, serve.

use anyhow::Context;
use clap::Parser;
use nowcast::app::{self, App};
use nowcast::auth::users::{self, Trial};
use nowcast::auth::{self, DrawnCredentials};
use nowcast::config::{Config, Folder, Serve, Task, data_folder};
use nowcast::db::Db;
#[cfg(feature = "cli")]
use nowcast::features::cli;
use nowcast::{features, shutdown};
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::{TcpListener, TcpSocket};
use tracing_subscriber::EnvFilter;

/// Requests and connections come and go by the thousand; see ARCHITECTURE.md for what it saves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many connections may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;

/// How many files the server opens for itself, about: database, threads, uploads under way.
const OWN_FILES: u64 = 100;

/// From how many open files on their limit is not worth a word.
const PLENTY: u64 = 1_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let filter = EnvFilter::try_from_env("NOWCAST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        // It would complain to standard error that standard error takes nothing, and panic over it:
        // a log on a full disk must not end what else works.
        .log_internal_errors(false)
        .init();
    let result = match config.task {
        None => serve(config.serve).await.map(|()| ExitCode::SUCCESS),
        Some(task) => run(task, config.serve).await,
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("nowcast: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Serve) -> anyhow::Result<()> {
    if config.open == 1 && !config.listen.ip().is_loopback() {
        anyhow::bail!(
            "--open lets anyone publish, and {} can be reached from other machines. \
             Give --open twice (or NOWCAST_OPEN=2) if that is what you want.",
            config.listen
        );
    }
    shutdown::outlive_full_quotas();
    let files = rlimit::increase_nofile_limit(u64::MAX)
        .inspect_err(|error| tracing::warn!(%error, "the limit on open files stays as it is"))
        .ok();
    let folder = data_folder(config.data.clone())?;
    // First the port: were it taken, the first credentials would be drawn and never shown.
    let listener = listen(config.listen).with_context(|| {
        format!("{} cannot be served on; choose another with --listen ADDR:PORT", config.listen)
    })?;
    let address = listener.local_addr()?;
    let (app, drawn) = App::open(&folder, &config).await?;
    let features = features::start(&app, &config).await?;
    // Connections queue from here on, so a client that reads this line gets an answer.
    announce(address, &folder, files, drawn);
    nowcast::serve(listener, app, features, shutdown::requested()).await;
    Ok(())
}

/// Takes the address, with room for many pages that come at once.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again gets its port back at once.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Says where the server is. Whoever reads the output may have closed it: that is no error.
fn announce(
    address: SocketAddr,
    folder: &Path,
    files: Option<u64>,
    drawn: Option<DrawnCredentials>,
) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "listening on http://{address}");
    let _ = writeln!(out, "  feed   http://{address}/\n  admin  http://{address}/admin");
    let _ = writeln!(out, "  data   {}", folder.display());
    if let Some(files) = files.filter(|files| *files < PLENTY) {
        let pages = files.saturating_sub(OWN_FILES);
        let limit = "the limit on open files (ulimit -Hn)";
        let _ = writeln!(out, "  pages  at most {pages} at once, by {limit}");
    }
    if let Some(DrawnCredentials { password, token }) = drawn {
        let _ = writeln!(out, "\nThis is the first start. Keep these; they are not shown again:");
        let password = password.as_deref().unwrap_or("(as given)");
        let token = token.as_deref();
        let _ = writeln!(out, "  admin password  {password}");
        let _ = writeln!(out, "  publish token   {}", token.unwrap_or("(as given)"));
        let _ = writeln!(
            out,
            "\nPublish from anywhere:\n  curl http://{address}/api/rooms/main/items \\\n    \
             -H 'Authorization: Bearer {}' \\\n    -d kind=message --data-urlencode 'text=**Hello** from the terminal'",
            token.unwrap_or("YOUR_TOKEN")
        );
    }
    let _ = out.flush();
}

async fn run(task: Task, config: Serve) -> anyhow::Result<ExitCode> {
    let kept = |folder: Folder| kept(folder.data.or(config.data.clone()));
    let told = match task {
        #[cfg(feature = "cli")]
        Task::Room(task) => return Ok(cli::run(task).await),
        Task::Store(task) => {
            let folder = if task.makes() {
                data_folder(task.folder().or(config.data))?
            } else {
                kept(Folder { data: task.folder() })?
            };
            let work = move || task.run(&folder, &features::parts());
            return tokio::task::spawn_blocking(work).await?;
        }
        Task::Password(folder) => change(&kept(folder)?, auth::new_password).await?,
        Task::Token { scopes, rooms, name, folder } => {
            change(&kept(folder)?, async |db| auth::new_token(db, scopes, rooms, name).await)
                .await?
        }
        Task::Tokens(folder) => change(&kept(folder)?, auth::list_tokens).await?,
        Task::Revoke { id, folder } => {
            change(&kept(folder)?, async |db| auth::revoke_token(db, id).await).await?
        }
        Task::UserKey { replace: true, folder } => change(&kept(folder)?, users::new_key).await?,
        Task::UserKey { replace: false, folder } => users::kept_key(&kept(folder)?)?,
        Task::UserToken { user, name, room, hours, once, key, public_key, folder } => {
            let trial = Trial { user, name, room, hours, once };
            let mut keys = config.user_keys;
            keys.user_key = key.or(keys.user_key);
            keys.user_public_key = public_key.or(keys.user_public_key);
            users::new_user_token(&kept(folder)?, &keys, trial)?
        }
    };
    writeln!(io::stdout(), "{told}").context("it was done, but the answer could not be printed")?;
    Ok(ExitCode::SUCCESS)
}

/// The folder of a server that was started before.
fn kept(data: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let folder = data_folder(data)?;
    anyhow::ensure!(
        folder.join("nowcast.db").is_file(),
        "There is no Nowcast in {} yet: start the server once.",
        folder.display()
    );
    Ok(folder)
}

/// Works on the database of a server that is not running.
async fn change(
    folder: &Path,
    work: impl AsyncFnOnce(&Db) -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let _lock = app::claim(folder)?;
    let db = Db::open(folder)?;
    let told = work(&db).await?;
    db.close().await;
    Ok(told)
}
