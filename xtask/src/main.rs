//! `cargo xtask`: what a developer runs. Everything that is not plain `cargo` is here, in Rust, so
//! that it is the same on every machine.
//!
//! Read in this order:
//! - `main.rs`: the commands, their help, who does them.
//! - [`paths`]: where the checkout, the build output and the user's cache folder are.
//! - [`setup`]: gets the tools that a bare machine lacks.
//! - [`client`]: the pages: trunk, then brotli and gzip beside each file.
//! - [`sdk`]: the library for JavaScript as a package.
//! - [`server`]: builds the binary, starts it; [`dev`] starts it together with `trunk serve`.
//! - [`mod@test`]: every check there is, and one line that sums them up. [`soak`]: the journeys
//!   with faults in their long form. [`mod@bench`]: measures the server beside others.
//! - [`extension`]: the browser extension, as a folder and as an archive.
//! - [`progress`] shows what is going on, [`process`] runs other programs, [`cargo`] is one of them.

mod bench;
mod cargo;
mod client;
mod dev;
mod extension;
mod paths;
mod process;
mod progress;
mod sdk;
mod server;
mod setup;
mod soak;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

/// One word after `cargo xtask`.
struct Task {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<ExitCode>,
}

const TASKS: &[Task] = &[
    Task {
        name: "run",
        summary: "set up, build the pages and a server that compiles fast, start it",
        help: server::RUN_HELP,
        run: server::run,
    },
    Task {
        name: "build",
        summary: "make target/release/nowcast, the one file to deploy",
        help: server::BUILD_HELP,
        run: server::build,
    },
    Task {
        name: "extension",
        summary: "the browser extension, as a folder to load and as an archive",
        help: extension::HELP,
        run: extension::run,
    },
    Task {
        name: "dev",
        summary: "a debug server and `trunk serve`, which reloads on change",
        help: dev::HELP,
        run: dev::run,
    },
    Task {
        name: "test",
        summary: "every check there is; ends with `N passed, N failed`",
        help: test::HELP,
        run: test::run,
    },
    Task {
        name: "soak",
        summary: "journeys with faults for some minutes: many pages, many kills, a verdict",
        help: soak::HELP,
        run: soak::run,
    },
    Task {
        name: "bench",
        summary: "the server measured beside others; writes docs/BENCHMARKS.md",
        help: bench::HELP,
        run: bench::run,
    },
    Task {
        name: "sdk",
        summary: "the library for JavaScript, ready to publish, in sdk/js/dist",
        help: sdk::HELP,
        run: sdk::run,
    },
    Task {
        name: "setup",
        summary: "only the set-up: wasm target, trunk, wasm-bindgen, wasm-opt",
        help: setup::HELP,
        run: setup::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        _ if process::was_signalled() => ExitCode::from(process::EXIT_BY_SIGNAL),
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<ExitCode> {
    let (name, rest) = match words.split_first() {
        None => return Ok(print_help()),
        Some((name, rest)) => (name.as_str(), rest),
    };
    if matches!(name, "help" | "--help" | "-h") {
        return match rest.first() {
            None => Ok(print_help()),
            Some(about) => Ok(print_task_help(find(about)?)),
        };
    }
    let task = find(name)?;
    if asks_for_help(rest) {
        return Ok(print_task_help(task));
    }
    process::catch_signals()?;
    (task.run)(rest)
}

fn find(name: &str) -> Result<&'static Task> {
    match TASKS.iter().find(|task| task.name == name) {
        Some(task) => Ok(task),
        None => bail!("there is no task `{name}`; `cargo xtask help` lists them"),
    }
}

/// What follows `--` is for the program that is started, also its `--help`.
fn asks_for_help(words: &[String]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h")
}

fn print_help() -> ExitCode {
    println!("What a developer runs.\n\nUsage: cargo xtask <task> [options]\n\nTasks:");
    for task in TASKS {
        println!("  {:<11}{}", task.name, task.summary);
    }
    println!("  {:<11}this text; `help <task>` or `<task> --help` tells more", "help");
    println!("\n{}", paths::HELP);
    ExitCode::SUCCESS
}

fn print_task_help(task: &Task) -> ExitCode {
    println!("cargo xtask {}: {}\n\n{}", task.name, task.summary, task.help.trim());
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_after_two_dashes_is_the_servers() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(asks_for_help(&words("--only fmt --help")));
        assert!(!asks_for_help(&words("-- --help")));
    }

    #[test]
    fn an_unknown_task_is_named_in_the_error() {
        let error = dispatch(&["fly".to_owned()]).expect_err("there is no such task");
        assert!(error.to_string().contains("`fly`"), "{error}");
    }
}
