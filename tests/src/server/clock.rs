//! A clock of the server's own, which a test sets as an administrator or a time service would.
//!
//! Debian's `faketime` stands between the server and the system's clock of the day; the clock that
//! measures how much time has passed is left alone, as it is when a clock is set for real.

use super::{Server, Setup};
use std::path::Path;
use std::process::{Command, Stdio};

/// What the clock is told by, in the server's folder.
const FILE: &str = "clock";

/// How the journeys get it.
const INSTALL: &str = "it is Debian's package `faketime`, which `cargo xtask test` installs";

impl Setup {
    /// With a clock that [`Server::set_clock`] sets. At first it is right.
    ///
    /// # Panics
    /// When there is no `faketime`; the message says what to install.
    #[must_use]
    pub fn with_clock(mut self) -> Self {
        self.clock = true;
        self.env("LD_PRELOAD", &library())
            // Looked at whenever the server asks for the time.
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1")
    }
}

impl Server {
    /// Sets the clock so many seconds from the right time, from one look at it to the next.
    ///
    /// # Panics
    /// When the server was not set up for that.
    pub fn set_clock(&self, seconds: i64) {
        assert!(self.setup.clock, "this server has the system's clock");
        write(&self.scratch().join(FILE), seconds);
    }
}

/// Adds the file that the clock is told by.
pub(super) fn prepare(command: &mut tokio::process::Command, folder: &Path) {
    let file = folder.join(FILE);
    if !file.exists() {
        write(&file, 0);
    }
    command.env("FAKETIME_TIMESTAMP_FILE", file);
}

fn write(file: &Path, seconds: i64) {
    // Put in place at once: a file that is half-written would be another time.
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{seconds:+}\n")).expect("the folder can be written");
    std::fs::rename(&new, file).expect("the folder can be written");
}

/// The library that `faketime` puts before a program's own.
fn library() -> String {
    let mut asked = Command::new("faketime");
    asked.args(["-f", "+0", "env"]).env_remove("LD_PRELOAD").stdin(Stdio::null());
    let output = asked.output().unwrap_or_else(|error| panic!("no faketime: {error}; {INSTALL}"));
    let told = String::from_utf8_lossy(&output.stdout);
    let library = told.lines().find_map(|line| line.strip_prefix("LD_PRELOAD="));
    library.unwrap_or_else(|| panic!("faketime does not say what it loads: {told}")).to_owned()
}
