//! The load generator: how it is called, and what its lines tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::field::Field;
use super::options::Options;
use super::running::{Cores, Running, TOKEN};
use crate::paths::Paths;
use crate::process;

/// What a whole run has in common.
pub(super) struct Bench<'f> {
    pub field: &'f Field,
    pub rounds: u32,
    pub seconds: f64,
    /// Where servers keep their data; emptied before each.
    folder: PathBuf,
    frame_bytes: u64,
}

/// A line of the load generator: words `name=value`.
#[derive(Debug)]
pub(super) struct Line(BTreeMap<String, String>);

impl<'f> Bench<'f> {
    pub(super) fn new(paths: &Paths, field: &'f Field, options: &Options) -> Result<Self> {
        let folder = paths.state().join("bench");
        std::fs::create_dir_all(&folder)?;
        let Options { rounds, seconds, .. } = *options;
        Ok(Self { field, rounds, seconds, folder, frame_bytes: 0 })
    }

    /// Asks our server how large the frame is in which a page gets the text; the others' frames are
    /// made of the same size.
    pub(super) fn probe(&mut self) -> Result<u64> {
        let server = self.start(Contestant::Relaxed, Cores::Server)?;
        let mut command = Cores::Load.command(&self.field.bench);
        command.args(self.words("probe", Contestant::Relaxed, &server));
        let said = process::output(&mut command).context("our server does not deliver")?;
        self.frame_bytes = Line::parse(&said).whole("frame_bytes")?;
        Ok(self.frame_bytes)
    }

    /// Where something about the whole run is written.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// A contestant's own folder.
    pub(super) fn folder(&self, contestant: Contestant) -> PathBuf {
        self.folder.join(contestant.name())
    }

    /// Starts a contestant with nothing from before.
    pub(super) fn start(&self, contestant: Contestant, cores: Cores) -> Result<Running> {
        let folder = self.folder(contestant);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(format!("{} cannot be emptied", folder.display()));
            }
            _ => {}
        }
        if matches!(contestant, Contestant::Relaxed | Contestant::Full) {
            // The first start hashes the first password: the memory that this takes would stand in
            // for what pages take.
            drop(Running::start(self.field, contestant, &folder, cores, None)?);
        }
        Running::start(self.field, contestant, &folder, cores, None)
    }

    /// What every call of the load generator says.
    pub(super) fn words(
        &self,
        task: &str,
        contestant: Contestant,
        server: &Running,
    ) -> Vec<String> {
        vec![
            task.to_owned(),
            format!("--address={}", server.address),
            format!("--target={}", contestant.target()),
            format!("--frame-bytes={}", self.frame_bytes),
            format!("--token={TOKEN}"),
        ]
    }

    /// How many `fdatasync` a second the disk below `folder` does now.
    pub(super) fn disk(&self, folder: &Path) -> Result<f64> {
        let mut command = Cores::Load.command(&self.field.bench);
        command.args(["disk", "--seconds", "0.5", "--folder"]).arg(folder);
        let said = process::output(&mut command).context("the disk cannot be measured")?;
        Line::parse(&said).number("syncs")
    }
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        let words = line.split_whitespace().filter_map(|word| word.split_once('='));
        Self(words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let value = self.0.get(name).and_then(|value| value.parse().ok());
        value.with_context(|| format!("the load generator does not tell `{name}`"))
    }

    pub(super) fn whole(&self, name: &str) -> Result<u64> {
        let value = self.0.get(name).and_then(|value| value.parse().ok());
        value.with_context(|| format!("the load generator does not tell `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_words_with_values() {
        let line = Line::parse("phase=rate:100 pages=7 seconds=2.5");
        assert_eq!(line.whole("pages").expect("it is there"), 7);
        assert!((line.number("seconds").expect("it is there") - 2.5).abs() < 1e-9);
        assert!(line.number("phase").is_err());
        assert!(line.number("missing").is_err());
    }
}
