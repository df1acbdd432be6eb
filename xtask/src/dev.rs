//! A server and `trunk serve` side by side, for work on the pages: each line says whose it is, and
//! when one ends, the other does.

use std::process::{Command, ExitCode};
use std::thread;

use anyhow::{Result, bail};

use crate::client;
use crate::paths::Paths;
use crate::process::{self, Ended, News, stream};
use crate::progress::Progress;
use crate::server::{self, ADDRESS, Profile};
use crate::setup::{self, Tools};

/// Where the pages are served that reload on change.
const PAGES_PORT: &str = "8081";

pub(crate) const HELP: &str = "
Usage: cargo xtask dev [-- SERVER-ARGUMENTS]

Starts a debug build of the server on http://127.0.0.1:8080, and `trunk serve` on
http://127.0.0.1:8081, which builds the pages again when their files change, reloads them, and
hands /api on to the server. Open the second. Ctrl-C ends both.

The server itself is built when this starts: after a change to it, start this again. What
follows `--` goes to the server, e.g. `-- --data /tmp/try --open`. It has to stay on port 8080,
which Trunk.toml names.";

pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    let arguments = match words.split_first() {
        None => &[],
        Some((first, rest)) if first == "--" => rest,
        Some((first, _)) => bail!("`{first}` is not known here; the server's words follow `--`"),
    };
    let arguments = server::with_address(arguments)?;
    let paths = Paths::find()?;
    let progress = Progress::new(setup::STEPS + 1);
    // In the debug build the pages are not taken in, but the folder is looked for.
    std::fs::create_dir_all(&paths.dist)?;
    // The scripts for other pages are the server's, and need nothing to be built.
    client::sdk::write(&paths.root, &paths.dist)?;
    let tools = Tools::install(&paths, &progress, || Ok(()))?;
    let step = progress.step("server", "compiling");
    let binary = server::compile(&paths, Profile::Debug, &step)?;
    step.done("ready");

    let mut server = Command::new(binary);
    server.args(arguments);
    let mut pages = client::trunk(&paths, &tools)?;
    // A folder of its own: `dist/` is the release pages', which binaries and tests rely on.
    let dist = paths.state().join("dev-dist");
    std::fs::create_dir_all(&dist)?;
    pages.args(["serve", "--address", "127.0.0.1", "--port", PAGES_PORT, "--dist"]).arg(dist);
    eprintln!("\nserver on http://{ADDRESS}, pages that reload on http://127.0.0.1:{PAGES_PORT}\n");
    both(("server", server), ("pages ", pages))
}

/// Runs two programs until one of them ends.
fn both(first: (&str, Command), second: (&str, Command)) -> Result<ExitCode> {
    let run = |(name, command): (&str, Command)| {
        let ended = stream(command, None, &mut |news| {
            if let News::Line(line) = news {
                println!("{name} | {line}");
            }
        });
        match &ended {
            Ok(Ended::Stopped) | Err(_) => {}
            Ok(_) if process::was_signalled() => {}
            Ok(Ended::Well) => eprintln!("{name} ended"),
            Ok(Ended::Badly(code)) => eprintln!("{name} ended, exit code {code:?}"),
            Ok(Ended::TooLate) => eprintln!("{name} took too long"),
        }
        process::end_all();
        ended
    };
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| run(first));
        let second = run(second);
        (first.join(), second)
    });
    let Ok(first) = first else { bail!("reading the server's output failed") };
    let well = |ended: Ended| matches!(ended, Ended::Well | Ended::Stopped);
    Ok(if well(first?) && well(second?) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
