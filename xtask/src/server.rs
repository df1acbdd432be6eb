//! The server: built with the pages inside, and started.

use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::client::{self, Pages};
use crate::paths::Paths;
use crate::progress::{Progress, Step};
use crate::setup::{self, Tools};

pub(crate) const RUN_HELP: &str = "
Usage: cargo xtask run [-- SERVER-ARGUMENTS]

Gets the tools (see `cargo xtask help setup`), builds the pages, builds the server with the
pages inside, and starts it on http://127.0.0.1:8080. What has not changed is not built again.

What follows `--` goes to the server:
    cargo xtask run -- --listen 127.0.0.1:9000
    cargo xtask run -- --data /srv/nowcast --open
    cargo xtask run -- --help

The server prints its addresses and, the first time, the admin password and the publish token.
Ctrl-C ends it.";

pub(crate) const BUILD_HELP: &str = "
Usage: cargo xtask build

Gets the tools (see `cargo xtask help setup`), builds the pages, and builds
target/release/nowcast, optimised, with the pages inside: the one file to deploy.";

/// Where `run` and `dev` start the server, if nothing else is asked for.
pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

/// A profile of Cargo.toml, and what it is for.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Fast to compile, fast enough to use.
    Quick,
    /// To deploy.
    Release,
    /// To develop with.
    Debug,
}

impl Profile {
    /// The name that cargo knows, and that of its folder in the target folder.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Quick => ("quick", "quick"),
            Self::Release => ("release", "release"),
            Self::Debug => ("dev", "debug"),
        }
    }
}

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let arguments = match words.split_first() {
        None => &[],
        Some((first, rest)) if first == "--" => rest,
        Some((first, _)) => bail!(
            "`{first}` is not known here; what is meant for the server follows two dashes: \
             `cargo xtask run -- {first}`"
        ),
    };
    // Told before anything is built, not minutes later.
    let arguments = with_address(arguments)?;
    let paths = Paths::find()?;
    let binary = make(&paths, Profile::Quick)?;
    eprintln!();
    let mut command = Command::new(&binary);
    command.args(arguments);
    replace_with(command)
}

pub(crate) fn build(words: &[String]) -> Result<ExitCode> {
    if let Some(word) = words.first() {
        bail!("`build` takes no argument like `{word}`");
    }
    let paths = Paths::find()?;
    let binary = make(&paths, Profile::Release)?;
    let size = std::fs::metadata(&binary)?.len();
    println!("{} ({} MB)", binary.display(), size / 1_000_000);
    Ok(ExitCode::SUCCESS)
}

/// Tools, pages, server: whatever of it is not there yet.
pub(crate) fn make(paths: &Paths, profile: Profile) -> Result<PathBuf> {
    let progress = Progress::new(setup::STEPS + client::STEPS + 1);
    let pages = Pages::look(paths)?;
    let tools = Tools::install(paths, &progress, || pages.compile(&progress))?;
    pages.finish(&tools, &progress)?;
    let step = progress.step("server", "compiling");
    let binary = compile(paths, profile, &step)?;
    step.done("ready");
    Ok(binary)
}

/// Builds the server, with the pages that are in `dist/` now.
pub(crate) fn compile(paths: &Paths, profile: Profile, step: &Step<'_>) -> Result<PathBuf> {
    let (name, folder) = profile.names();
    let mut command = cargo::command(&paths.root);
    command.args(["build", "--package", "nowcast", "--bin", "nowcast", "--profile", name]);
    let log = cargo::log_path(&paths.state(), &format!("server-{folder}"));
    cargo::run(step, "Compiling the server", command, &log)?;
    let binary = paths.binary(folder, "nowcast");
    if !binary.is_file() {
        bail!("cargo built the server, but it is not at {}", binary.display());
    }
    Ok(binary)
}

/// The server's arguments with the address it is to listen at, which is free.
pub(crate) fn with_address(arguments: &[String]) -> Result<Vec<String>> {
    let mut arguments = arguments.to_vec();
    let chosen = chosen_address(&arguments, std::env::var("NOWCAST_LISTEN").ok());
    let address = chosen.clone().unwrap_or_else(|| ADDRESS.to_owned());
    let ends_at_once =
        arguments.iter().any(|word| matches!(word.as_str(), "--help" | "-h" | "--version" | "-V"));
    // A subcommand (`publish`, `backup`, …) serves nothing.
    let is_subcommand = arguments.first().is_some_and(|word| !word.starts_with('-'));
    if ends_at_once || is_subcommand {
        return Ok(arguments);
    }
    see_that_it_is_free(&address)?;
    if chosen.is_none() {
        arguments.extend(["--listen".to_owned(), address]);
    }
    Ok(arguments)
}

/// The address that was asked for, by an argument or by the environment.
fn chosen_address(arguments: &[String], environment: Option<String>) -> Option<String> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--listen" {
            return words.next().cloned();
        }
        if let Some(address) = word.strip_prefix("--listen=") {
            return Some(address.to_owned());
        }
    }
    environment.filter(|address| !address.is_empty())
}

/// Fails only for an address that is taken; what else may be wrong with it the server tells.
fn see_that_it_is_free(address: &str) -> Result<()> {
    let Ok(mut addresses) = address.to_socket_addrs() else { return Ok(()) };
    let taken = addresses.any(|address| {
        TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    });
    if taken {
        bail!(
            "{address} is taken by another program, perhaps by a server that runs already. End \
             that, or choose another port:\n    cargo xtask run -- --listen 127.0.0.1:8090"
        );
    }
    Ok(())
}

/// The server takes this program's place, so that Ctrl-C and every other signal are its own.
#[cfg(unix)]
fn replace_with(mut command: Command) -> Result<ExitCode> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(error).context("the server cannot be started")
}

#[cfg(not(unix))]
fn replace_with(mut command: Command) -> Result<ExitCode> {
    let status = command.status().context("the server cannot be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_address_is_the_one_that_was_asked_for() {
        let other = Some("127.0.0.1:2".to_owned());
        assert_eq!(
            chosen_address(&words("--open --listen [::1]:1"), other.clone()).as_deref(),
            Some("[::1]:1")
        );
        assert_eq!(chosen_address(&words("--listen=h:3"), None).as_deref(), Some("h:3"));
        assert_eq!(chosen_address(&words("--open"), other.clone()), other);
        assert_eq!(chosen_address(&[], None), None);
    }

    #[test]
    fn a_taken_address_is_told_with_the_way_out() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = taken.local_addr().expect("it is bound").to_string();
        let error = with_address(&words(&format!("--listen {address}"))).expect_err("it is taken");
        let text = error.to_string();
        assert!(text.contains(&address) && text.contains("-- --listen"), "{text}");
    }

    #[test]
    fn help_and_subcommands_get_no_address() {
        assert_eq!(with_address(&words("--help")).expect("it needs none"), words("--help"));
        let backup = words("backup --data d");
        assert_eq!(with_address(&backup).expect("it needs none"), backup);
    }
}
