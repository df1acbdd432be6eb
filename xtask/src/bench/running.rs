//! A server that is under test now: on its core, with a fresh folder, ended with this value.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::child::Child;
use super::contestant::Contestant;
use super::field::Field;
use super::machine;
use crate::process;

/// The publish token of our servers here.
pub(super) const TOKEN: &str = "nc_bench_token_0123456789abcdef";
/// The longest that a server may take to start.
const START: Duration = Duration::from_secs(20);

/// Which cores a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cores {
    Server,
    Load,
    Both,
}

impl Cores {
    /// `program`, to be started on these cores, with as many open files as the system allows.
    pub(super) fn command(self, program: &Path) -> Command {
        let list = match self {
            Self::Server => "0",
            Self::Load => "1",
            Self::Both => "0,1",
        };
        let files = machine::hard_limit();
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}:{files}")).args(["taskset", "--cpu-list", list]);
        command.arg(program);
        command
    }
}

/// A running server.
pub(super) struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Running {
    /// Starts a contestant in `folder`, on `address` if that matters (to ours, it may).
    pub(super) fn start(
        field: &Field,
        contestant: Contestant,
        folder: &Path,
        cores: Cores,
        address: Option<SocketAddr>,
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let address = address.map_or_else(|| "127.0.0.1:0".to_owned(), |it| it.to_string());
        let mut known = None;
        let mut command = match contestant {
            Contestant::Relaxed | Contestant::Full => {
                let level = if contestant == Contestant::Full { "full" } else { "relaxed" };
                let mut command = cores.command(&field.server);
                command.args(["--listen", &address, "--durability", level, "--data"]);
                command.arg(folder.join("data"));
                command.env("NOWCAST_ADMIN_PASSWORD", TOKEN).env("NOWCAST_PUBLISH_TOKEN", TOKEN);
                command
            }
            Contestant::Floor => {
                let mut command = cores.command(&field.bench);
                command.args(["floor", "--listen", &address]);
                command
            }
            Contestant::Bun => script(cores, &field.bun, field, "bun.js"),
            Contestant::Ws => script(cores, Path::new("node"), field, "ws.js"),
            Contestant::SocketIo => script(cores, Path::new("node"), field, "socketio.js"),
            Contestant::Nchan => {
                let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
                known = Some(free);
                let settings = nchan_settings(field, folder, free.port())?;
                let mut command = cores.command(&field.nchan.nginx);
                command.arg("-p").arg(folder).arg("-c").arg(settings);
                command
            }
        };
        let errors = folder.join("server.log");
        let child = Child::spawn(command.current_dir(folder), &errors)?;
        let address = match known {
            Some(address) => answers(address).map(|()| address),
            None => listening(&child),
        };
        let address = address.with_context(|| format!("{} does not start", contestant.title()))?;
        Ok(Self { child, address })
    }

    /// Its process; what it starts is below that.
    pub(super) fn pid(&self) -> u32 {
        self.child.pid
    }
}

fn script(cores: Cores, program: &Path, field: &Field, name: &str) -> Command {
    let mut command = cores.command(program);
    command.arg(field.scripts.join(name)).env("NODE_PATH", &field.node.modules);
    command
}

/// Fills in what only this run knows.
fn nchan_settings(field: &Field, folder: &Path, port: u16) -> Result<PathBuf> {
    let text = fs::read_to_string(field.scripts.join("nchan.conf"))?;
    let is_root = process::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let words = [
        ("PORT", port.to_string()),
        ("FOLDER", folder.display().to_string()),
        ("MODULE", field.nchan.module.display().to_string()),
        ("FILES", machine::hard_limit().to_string()),
        // Who is root runs the worker as root, too, or that could not write to the folder.
        ("USER", if is_root { "user root;" } else { "" }.to_owned()),
    ];
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let filled = lines.map(|line| {
        words.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value)) + "\n"
    });
    let path = folder.join("nginx.conf");
    fs::write(&path, filled.collect::<String>())?;
    Ok(path)
}

/// Waits for the line that says where it listens.
fn listening(child: &Child) -> Result<SocketAddr> {
    loop {
        let line = child.line(START)?;
        if let Some(address) = line.strip_prefix("listening on http://") {
            return Ok(address.trim().parse()?);
        }
    }
}

/// Waits until somebody accepts connections there.
fn answers(address: SocketAddr) -> Result<()> {
    let since = Instant::now();
    while TcpStream::connect(address).is_err() {
        if since.elapsed() > START || process::is_ending() {
            bail!("nothing accepts connections at {address}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
