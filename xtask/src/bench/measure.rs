//! The load generator at work: called once for a contestant's pages, its lines read as figures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::contestant::Contestant;
use super::options::Options;
use super::peers::Field;
use super::results::{Key, Results, Sample};
use super::running::{Cores, Running, TOKEN};
use super::scenario::{Group, Phase};
use crate::paths::Paths;
use crate::process::{self, Ended, News, stream};
use crate::progress::Step;

/// The longest that one call of the load generator may take.
const LIMIT: Duration = Duration::from_mins(3);

/// What a whole run has in common.
pub(super) struct Bench<'f> {
    pub field: &'f Field,
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
        Ok(Self { field, seconds: options.seconds, folder, frame_bytes: 0 })
    }

    /// Asks our server how large the frame is in which a page gets the text; the others' frames are
    /// made of the same size.
    pub(super) fn probe(&mut self) -> Result<u64> {
        let server = self.start(Contestant::Relaxed, Cores::Server)?;
        let lines = self.load("probe", Contestant::Relaxed, &server, &[])?;
        let line = lines.last().context("the load generator said nothing")?;
        self.frame_bytes = line.whole("frame_bytes")?;
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
        Running::start(self.field, contestant, &folder, cores, None)
    }

    /// Measures everybody once. They begin in turn, so that nobody is always first. What fails is
    /// noted as a failure of that contestant, and the others go on.
    pub(super) fn round(&self, group: &Group, round: u32, step: &Step<'_>, results: &mut Results) {
        let mut order: Vec<Contestant> =
            group.contestants.iter().copied().filter(|it| self.field.has(*it)).collect();
        if !order.is_empty() {
            let first = round as usize % order.len();
            order.rotate_left(first);
        }
        for contestant in order {
            if process::is_ending() {
                return;
            }
            step.note(format!("round {round}, {}", contestant.title()));
            match self.pages(contestant, group) {
                Ok(samples) => {
                    for (phase, sample) in samples {
                        results.add(Key::new(contestant, group, phase), sample);
                    }
                }
                Err(error) => results.fail(contestant, &format!("{}: {error:#}", group.pages)),
            }
        }
    }

    fn pages(&self, contestant: Contestant, group: &Group) -> Result<Vec<(Phase, Sample)>> {
        let server = self.start(contestant, Cores::Server)?;
        let mut words = vec![
            format!("--server-pid={}", server.pid),
            format!("--pages={}", group.pages),
            format!("--transport={}", group.transport.name()),
            format!("--seconds={}", self.seconds),
        ];
        words.extend(group.phases.iter().map(|phase| format!("--phase={phase}")));
        let lines = self.load("load", contestant, &server, &words)?;
        server.kill();
        let find = |phase: &Phase| {
            let name = phase.to_string();
            let line = lines.iter().find(|line| line.0.get("phase") == Some(&name));
            let line = line.context("the load generator left something out")?;
            Ok((*phase, Sample::read(line)?))
        };
        group.phases.iter().map(find).collect()
    }

    /// Calls the load generator.
    pub(super) fn load(
        &self,
        task: &str,
        contestant: Contestant,
        server: &Running,
        words: &[String],
    ) -> Result<Vec<Line>> {
        let mut command = Cores::Load.command(&self.field.bench);
        command.args(self.words(task, contestant, server)).args(words);
        let mut said = Vec::new();
        let ended = stream(command, Some(LIMIT), &mut |news| {
            if let News::Line(line) = news {
                said.push(line.to_owned());
            }
        })?;
        let log = self.folder(contestant).join("load.log");
        std::fs::write(log, said.join("\n"))?;
        if ended != Ended::Well {
            bail!("{} ({ended:?})", said.join("; "));
        }
        Ok(said.iter().map(|line| Line::parse(line)).collect())
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
        command.arg("disk").arg("--folder").arg(folder);
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
