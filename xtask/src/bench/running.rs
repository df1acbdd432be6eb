//! A server that is under test now: on core 0, with a fresh folder, ended with this value.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contestant::Contestant;
use super::machine;
use super::peers::Field;
use crate::process::Group;

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
    group: Option<Group>,
    pub address: SocketAddr,
    pub pid: u32,
}

impl Running {
    /// Starts a contestant in `folder`, on `address` if it is ours and that matters.
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
                let mut command = cores.command(&field.nginx);
                command.arg("-p").arg(folder).arg("-c").arg(settings);
                command
            }
        };
        let errors = folder.join("stderr.log");
        let log = File::options().create(true).append(true).open(&errors)?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut group = Group::spawn(&mut command)?;
        let pid = group.child().id();
        let address = match known {
            Some(address) => answers(address).map(|()| address),
            None => listening(&mut group),
        };
        let said = || fs::read_to_string(&errors).unwrap_or_default();
        let address = address
            .with_context(|| format!("{} does not start: {}", contestant.title(), said().trim()))?;
        Ok(Self { group: Some(group), address, pid })
    }

    /// Ends it without asking, and waits until it is gone.
    pub(super) fn kill(mut self) {
        if let Some(group) = self.group.take() {
            group.kill();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            group.kill();
        }
    }
}

fn script(cores: Cores, program: &Path, field: &Field, name: &str) -> Command {
    let mut command = cores.command(program);
    command.arg(field.scripts.join(name)).env("NODE_PATH", &field.modules);
    command
}

/// Fills in what only this run knows.
fn nchan_settings(field: &Field, folder: &Path, port: u16) -> Result<PathBuf> {
    let text = fs::read_to_string(field.scripts.join("nchan.conf"))?;
    let is_root = crate::process::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let text = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| {
            line.replace("PORT", &port.to_string())
                .replace("FOLDER", &folder.display().to_string())
                .replace("MODULE", &field.nchan.display().to_string())
                .replace("FILES", &machine::hard_limit().to_string())
                .replace("USER", if is_root { "user root;" } else { "" })
        })
        .collect::<Vec<_>>()
        .join("\n");
    let path = folder.join("nginx.conf");
    fs::write(&path, text)?;
    Ok(path)
}

/// Waits for the line that says where it listens.
fn listening(group: &mut Group) -> Result<SocketAddr> {
    let pipe = group.child().stdout.take().context("its output is no pipe")?;
    let (send, lines) = mpsc::channel();
    // Reads on until the end, or the server would wait for room in the pipe.
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    let since = Instant::now();
    while let Ok(line) = lines.recv_timeout(START.saturating_sub(since.elapsed())) {
        if let Some(address) = line.strip_prefix("listening on http://") {
            return Ok(address.trim().parse()?);
        }
    }
    bail!("it did not say where it listens")
}

/// Waits until somebody accepts connections there.
fn answers(address: SocketAddr) -> Result<()> {
    let since = Instant::now();
    while TcpStream::connect(address).is_err() {
        if since.elapsed() > START || crate::process::is_ending() {
            bail!("nothing accepts connections at {address}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
