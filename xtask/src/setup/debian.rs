//! Debian's packages (and Ubuntu's), where this user may install them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::path;
use crate::progress::Step;
use crate::{cargo, process};

/// How packages are installed here: as root, or by a sudo that asks for no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apt {
    Root,
    Sudo,
}

impl Apt {
    /// `None` where there is no apt, or this user may not use it.
    pub(crate) fn find() -> Option<Self> {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        if !is_debian(&release) || path::find("apt-get").is_none() {
            return None;
        }
        if process::output(Command::new("id").arg("-u")).as_deref() == Some("0") {
            return Some(Self::Root);
        }
        process::output(Command::new("sudo").args(["-n", "true"])).map(|_| Self::Sudo)
    }

    /// Installs packages. The list of packages is only fetched when it is missing or too old.
    pub(crate) fn install(self, step: &Step<'_>, packages: &[&str], log: &Path) -> Result<()> {
        let what = format!("`apt-get install {}`", packages.join(" "));
        step.note(format!("installing Debian's {}", packages.join(", ")));
        let install = || {
            let mut command = self.apt_get(&["install", "--yes", "--no-install-recommends"]);
            command.args(packages);
            cargo::run(step, &what, command, log)
        };
        if install().is_ok() {
            return Ok(());
        }
        step.note("fetching Debian's list of packages");
        cargo::run(step, "`apt-get update`", self.apt_get(&["update"]), log)?;
        step.note(format!("installing Debian's {}", packages.join(", ")));
        install()
    }

    fn apt_get(self, words: &[&str]) -> Command {
        let mut command = match self {
            Self::Root => Command::new("env"),
            Self::Sudo => {
                let mut command = Command::new("sudo");
                command.args(["-n", "env"]);
                command
            }
        };
        // Another apt may be at work, e.g. the nightly upgrade: it is waited for.
        command.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=300",
        ]);
        command.args(words);
        command
    }
}

/// Whether a package can be had without being installed, which any user may.
pub(crate) fn can_unpack() -> bool {
    ["apt-get", "dpkg-deb"].into_iter().all(|program| path::find(program).is_some())
}

/// Downloads a package and unpacks what is in its `/usr` into `folder`.
pub(crate) fn unpack(step: &Step<'_>, package: &str, folder: &Path, log: &Path) -> Result<()> {
    step.note(format!("downloading Debian's {package}"));
    std::fs::create_dir_all(folder)?;
    let mut download = cargo::other("apt-get", folder);
    download.args(["download", package]);
    cargo::run(step, &format!("`apt-get download {package}`"), download, log)?;
    let mut unpack = cargo::other("sh", folder);
    unpack.args(["-ec", "dpkg-deb --extract ./*.deb . && mv usr/* . && rm ./*.deb"]);
    cargo::run(step, &format!("Unpacking {package}"), unpack, log)
}

/// What a person types who may install packages.
pub(crate) fn command_line(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Whether `/etc/os-release` speaks of Debian or of something made from it.
pub(crate) fn is_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// Fails with what there is to install by hand.
pub(crate) fn cannot(missing: &str, packages: &[&str]) -> Result<()> {
    bail!(
        "{missing} is missing, and this user may not install it. On Debian or Ubuntu:\n    {}\n\
         elsewhere, install it by your system's own means so that it is on PATH; then run this again",
        command_line(packages)
    )
}

#[cfg(test)]
mod tests {
    use super::is_debian;

    #[test]
    fn debian_and_its_children_are_known() {
        assert!(is_debian("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=fedora\nHOME_URL=\"https://example.org/debian\"\n"));
        assert!(!is_debian(""));
    }
}
