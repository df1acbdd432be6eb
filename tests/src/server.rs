//! The real `nowcast` binary, on a free port and a fresh data folder.

mod binary;
mod clock;
mod disk;
mod process;

pub use binary::nowcast;
pub use disk::{Ballast, SmallDisk};
pub use process::FileLimit;

use crate::api::{Api, Credential};
use crate::request;
use crate::wait::{eventually, in_time};
use binary::{binary, nowcast_under};
use rustix::process::{Signal, kill_process};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The admin password of every server that does not ask for another one.
pub const PASSWORD: &str = "a password for tests";
/// The publish token of every server that does not ask for another one.
pub const TOKEN: &str = "nc_test_token_0123456789abcdef";

/// A server that is to be started.
#[derive(Clone, Debug)]
pub struct Setup {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    listen: String,
    /// Its data folder; as a rule one in the test's own folder.
    data: Option<PathBuf>,
    /// The program, with its arguments, that becomes the server; none as a rule.
    launcher: Vec<String>,
    /// Whether it has a clock of its own.
    clock: bool,
}

impl Setup {
    /// On a free port, with the test credentials.
    #[expect(clippy::new_without_default, reason = "a setup is always meant")]
    pub fn new() -> Self {
        Self {
            arguments: Vec::new(),
            environment: Vec::new(),
            listen: "127.0.0.1:0".to_owned(),
            data: None,
            launcher: Vec::new(),
            clock: false,
        }
        .env("NOWCAST_ADMIN_PASSWORD", PASSWORD)
        .env("NOWCAST_PUBLISH_TOKEN", TOKEN)
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the test credentials, so that the first run draws its own.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.environment.clear();
        self
    }

    /// With its data in this folder, which the test owns, instead of a new one.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// On this address.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(self) -> Server {
        let folder = Arc::new(TempDir::with_prefix("nowcast-test-").expect("a temporary folder"));
        Server::run(self, folder).await
    }

    /// Starts what is expected to end by itself, and waits for that.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn run_to_the_end(self) -> Ended {
        let folder = TempDir::with_prefix("nowcast-test-").expect("a temporary folder");
        let command = self.command(folder.path());
        Ended::wait(command).await
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = nowcast_under(&self.launcher);
        command
            .args(["--listen", &self.listen, "--data"])
            .arg(self.data.clone().unwrap_or_else(|| folder.join("data")))
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder);
        if self.clock {
            clock::prepare(&mut command, folder);
        }
        command
    }
}

/// How a server that ended by itself ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    async fn wait(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = in_time("the program ends by itself", command.output()).await;
        let output = output.expect("the program can be started");
        Self {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A running server. It is killed when this is dropped; its data folder goes with it.
pub struct Server {
    setup: Setup,
    folder: Arc<TempDir>,
    address: SocketAddr,
    child: Child,
    stdout: Arc<Mutex<String>>,
}

impl Server {
    /// A server as most journeys want it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Setup::new().start().await
    }

    async fn run(setup: Setup, folder: Arc<TempDir>) -> Self {
        request::prepare();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.path().join("stderr.log"))
            .expect("the log can be written");
        let mut command = setup.command(folder.path());
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().unwrap_or_else(|error| {
                panic!("{} cannot be started: {error}", binary().display())
            });

        let pipe = child.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(pipe).lines();
        let stdout = Arc::new(Mutex::new(String::new()));
        let listening = in_time("the line \"listening on http://…\"", async {
            loop {
                let line = lines.next_line().await.ok().flatten()?;
                note(&stdout, &line);
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return address.trim().parse().ok();
                }
            }
        })
        .await;
        let Some(address) = listening else {
            let log = read_log(&folder);
            panic!("the server ended before it listened; its standard error:\n{log}");
        };

        // The pipe has to be read on, or the server would wait for room in it.
        let rest = Arc::clone(&stdout);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                note(&rest, &line);
            }
        });
        Self { setup, folder, address, child, stdout }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as pages write it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for the test's own files, which goes away with the server's data.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// What it has printed.
    ///
    /// # Panics
    /// When a test panicked while it was written.
    pub fn stdout(&self) -> String {
        self.stdout.lock().expect("no test panics here").clone()
    }

    /// What it has complained about.
    pub fn stderr(&self) -> String {
        read_log(&self.folder)
    }

    /// A whole number that it counts, by its name at `/metrics`.
    ///
    /// # Panics
    /// When there is no such number.
    pub async fn counted(&self, name: &str) -> usize {
        let answer = self.visitor().get("/metrics").send().await.expect("an answer");
        let text = answer.text().await.expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let count = line.and_then(|count| count.parse().ok());
        count.unwrap_or_else(|| panic!("there is no {name} in {text}"))
    }

    /// Asks as a stranger.
    pub fn visitor(&self) -> Api {
        Api::new(self.origin(), Credential::None)
    }

    /// Asks with the publish token.
    pub fn publisher(&self) -> Api {
        Api::new(self.origin(), Credential::Token(TOKEN.to_owned()))
    }

    /// Logs in and asks as the admin.
    ///
    /// # Panics
    /// When the login fails.
    pub async fn admin(&self) -> Api {
        self.visitor().login(PASSWORD).await
    }

    /// Kills it without a warning, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the server can be killed");
    }

    /// Asks it to stop, as a service manager would, without waiting.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn ask_to_stop(&self) {
        kill_process(self.id(), Signal::TERM).expect("the server can be told to stop");
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn ended(&mut self) -> ExitStatus {
        in_time("the server ends", self.child.wait()).await.expect("its status can be read")
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.ended().await
    }

    /// Starts it again, on the same data folder and the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        self.child.kill().await.expect("the server can be killed");
        let setup = Setup { listen: self.address.to_string(), ..self.setup.clone() };
        let again = Self::run(setup, Arc::clone(&self.folder)).await;
        *self = again;
    }

    /// Runs a task beside serving (`nowcast token …`) on the data folder.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn task(&self, arguments: &[&str]) -> Ended {
        let mut command = nowcast();
        command.args(arguments).arg("--data").arg(self.data());
        Ended::wait(command).await
    }

    /// Waits until `/readyz` says so.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn ready(&self) {
        let visitor = self.visitor();
        eventually("the server is ready", async || {
            visitor.get("/readyz").send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let log = self.stderr();
        if std::thread::panicking() {
            eprintln!("--- the server's standard error ---\n{log}---");
        } else {
            // Whatever a test is about: nothing that it did may make the server panic.
            assert!(!log.contains("panicked at"), "the server panicked:\n{log}");
        }
    }
}

fn note(output: &Mutex<String>, line: &str) {
    let mut output = output.lock().expect("nothing panics while it is held");
    output.push_str(line);
    output.push('\n');
}

fn read_log(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("stderr.log")).unwrap_or_default()
}

/// The root of the checkout.
///
/// # Panics
/// When this package does not lie in it.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository")
}
