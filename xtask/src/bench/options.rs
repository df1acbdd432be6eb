//! What was asked for after `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::contestant::Contestant;
use super::scenario::Scenario;

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub scenarios: Vec<Scenario>,
    pub contestants: Vec<Contestant>,
    pub rounds: u32,
    pub seconds: f64,
    pub server: Option<PathBuf>,
    /// Whether the document is written.
    pub write: bool,
    pub list: bool,
}

impl Options {
    pub(super) fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self {
            scenarios: Vec::new(),
            contestants: Contestant::ALL.to_vec(),
            rounds: 11,
            seconds: 1.0,
            server: None,
            write: false,
            list: false,
        };
        let mut peers: Option<String> = None;
        let mut quick = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || {
                attached.clone().or_else(|| words.next().cloned()).with_context(|| {
                    format!("`{name}` needs a value; `cargo xtask help bench` tells which")
                })
            };
            match name {
                "--only" => options.scenarios.extend(scenarios(&value()?)?),
                "--peers" => peers = Some(value()?),
                "--rounds" => options.rounds = value()?.parse().context("--rounds: how many?")?,
                "--seconds" => {
                    options.seconds = value()?.parse().context("--seconds: how many?")?;
                }
                "--server" => options.server = Some(std::path::absolute(value()?)?),
                "--quick" => quick = true,
                "--write" => options.write = true,
                "--list" => options.list = true,
                _ => bail!("`{word}` is not understood; `cargo xtask help bench` tells what is"),
            }
        }
        if quick {
            options.rounds = 1;
        }
        if options.rounds == 0 || !(0.1..=60.0).contains(&options.seconds) {
            bail!("at least one round, and between 0.1 and 60 seconds");
        }
        if let Some(peers) = &peers {
            options.contestants = contestants(peers)?;
        }
        // Figures of a hurried or partial run are no proof, unless somebody insists.
        options.write |= options.scenarios.is_empty() && peers.is_none() && !quick;
        if options.scenarios.is_empty() {
            options.scenarios = Scenario::ALL.to_vec();
        }
        options.scenarios.sort_unstable();
        options.scenarios.dedup();
        Ok(options)
    }
}

fn scenarios(names: &str) -> Result<Vec<Scenario>> {
    let find = |name: &str| {
        let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
        found.with_context(|| format!("there is no scenario `{name}`; `--list` names them"))
    };
    each(names).map(find).collect()
}

/// Ours, and those that are named.
fn contestants(names: &str) -> Result<Vec<Contestant>> {
    let mut chosen = vec![Contestant::Relaxed, Contestant::Full];
    for name in each(names).filter(|name| *name != "none") {
        let found = Contestant::ALL.into_iter().find(|it| it.name() == name);
        let found = found.with_context(|| format!("nobody here is called `{name}`"))?;
        if !chosen.contains(&found) {
            chosen.push(found);
        }
    }
    chosen.sort_unstable();
    Ok(chosen)
}

fn each(names: &str) -> impl Iterator<Item = &str> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_measured_and_written_when_nothing_is_asked_for() {
        let options = parse("").expect("it is well formed");
        assert_eq!(options.scenarios, Scenario::ALL);
        assert_eq!(options.contestants, Contestant::ALL);
        assert!(options.write);
    }

    #[test]
    fn a_part_is_not_written_unless_somebody_insists() {
        assert!(!parse("--only idle").expect("it is well formed").write);
        assert!(!parse("--peers bun").expect("it is well formed").write);
        assert!(!parse("--quick").expect("it is well formed").write);
        assert!(parse("--only=idle --write").expect("it is well formed").write);
    }

    #[test]
    fn names_are_checked_and_put_in_order() {
        let options = parse("--only idle,lockstep --only idle --peers floor,bun").expect("known");
        assert_eq!(options.scenarios, [Scenario::Lockstep, Scenario::Idle]);
        let names: Vec<_> = options.contestants.iter().map(|it| it.name()).collect();
        assert_eq!(names, ["nowcast", "nowcast-full", "bun", "floor"]);
        assert!(parse("--only idel").expect_err("unknown").to_string().contains("`idel`"));
        assert!(parse("--peers bunn").is_err());
        assert!(parse("--rounds 0").is_err());
        assert!(parse("--rounds").is_err());
    }

    #[test]
    fn nobody_but_ours_takes_part_when_asked_so() {
        let options = parse("--peers none").expect("it is well formed");
        assert_eq!(options.contestants, [Contestant::Relaxed, Contestant::Full]);
    }
}
