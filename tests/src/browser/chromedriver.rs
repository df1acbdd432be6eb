//! Starts a chromedriver, which starts and drives one Chromium.

use crate::wait::in_time;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What to do where there is no browser.
pub(super) const INSTALL: &str = "The browser tests need Debian's chromium and chromium-driver \
    (apt-get install chromium chromium-driver), or CHROMIUM and CHROMEDRIVER with the paths of \
    both programs.";

/// How often one that ends at once is started.
const TRIES: usize = 5;

/// A running chromedriver; it is killed when this is dropped.
pub(super) struct Chromedriver {
    address: String,
    _child: Child,
}

impl Chromedriver {
    /// Starts one; it and its browser keep their temporary files in this folder.
    ///
    /// With port 0 it takes a free IPv6 port and then wants the same for IPv4; where somebody has
    /// that, it ends ("port not available"). So one that ends at once is started again.
    pub(super) async fn start(folder: &Path) -> Self {
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::try_start(folder).await {
                Ok(driver) => return driver,
                Err(last_words) => said = last_words,
            }
        }
        panic!("chromedriver ended at once, {TRIES} times; it said: {said:?}. {INSTALL}");
    }

    /// What it said, if it ended before it served.
    async fn try_start(folder: &Path) -> Result<Self, String> {
        let program = program("CHROMEDRIVER", "chromedriver");
        let mut child = Command::new(&program)
            .arg("--port=0")
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{} does not start: {error}. {INSTALL}", program.display())
            });
        let pipe = child.stdout.take().expect("standard output is a pipe");
        let mut lines = BufReader::new(pipe).lines();
        let port = in_time("chromedriver says its port", async {
            let mut said = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                let port = line
                    .split_once("successfully on port ")
                    .and_then(|(_, rest)| rest.trim_end_matches('.').parse::<u16>().ok());
                if let Some(port) = port {
                    return Ok(port);
                }
                said.push_str(&line);
                said.push('\n');
            }
            Err(said)
        })
        .await?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address: format!("http://127.0.0.1:{port}"), _child: child })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

/// The program that a variable names, or the one of this name on PATH.
pub(super) fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|it| it.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed. {INSTALL}"))
}
