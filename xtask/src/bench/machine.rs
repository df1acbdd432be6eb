//! What it is measured on, and whether that will do.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::setup::path;

/// Files that a server or the load generator has open beside its pages.
const BESIDE: usize = 200;

/// Fails where the figures would mean nothing; tells how many pages a process can hold here.
pub(super) fn see_that_it_fits() -> Result<usize> {
    if !cfg!(target_os = "linux") {
        bail!(
            "what servers cost is read from /proc, and they are pinned to cores: this needs Linux"
        );
    }
    let cores = process::output(&mut Command::new("nproc")).and_then(|text| text.parse().ok());
    if cores.unwrap_or(1_u32) < 2 {
        bail!("the server and the load generator need a core each, and here is one");
    }
    for program in ["taskset", "prlimit"] {
        if path::find(program).is_none() {
            bail!("there is no `{program}` on PATH; on Debian, `sudo apt-get install util-linux`");
        }
    }
    let pages = hard_limit().saturating_sub(BESIDE);
    if pages < super::scenario::HERD {
        eprintln!(
            "The hard limit of open files is {}: no more than {pages} pages are opened, and what \
             needs more of them is measured with that many. `ulimit -Hn` shows it; \
             /etc/security/limits.conf or the service manager raise it.",
            hard_limit()
        );
    }
    if pages < 100 {
        bail!("that is too few");
    }
    Ok(pages)
}

/// The most files that a process may have open here.
pub(super) fn hard_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    // Without a limit, as many as anybody needs here.
    hard.and_then(|hard| hard.parse().ok()).unwrap_or(1 << 20)
}

/// Name and value of what there is to know about the machine.
pub(super) fn describe() -> Vec<(&'static str, String)> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let is_virtual =
        field("flags").is_some_and(|it| it.split(' ').any(|flag| flag == "hypervisor"));
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = kibibytes.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    let kernel = process::output(Command::new("uname").args(["-sr"]));
    vec![
        ("processor", field("model name").unwrap_or_else(|| "unknown".to_owned())),
        ("cores", cores.to_string()),
        ("machine", if is_virtual { "virtual" } else { "physical" }.to_owned()),
        ("memory", format!("{} GiB", kibibytes.unwrap_or_default().div_ceil(1024 * 1024))),
        ("kernel", kernel.unwrap_or_else(|| "unknown".to_owned())),
        ("open files, hard limit", hard_limit().to_string()),
    ]
}

/// Today, as `2026-01-31`, by universal time.
pub(super) fn date() -> String {
    process::output(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_default()
}
