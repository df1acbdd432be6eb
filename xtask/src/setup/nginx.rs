//! nginx, as Debian has it: what many servers stand behind. Where it is not installed it is unpacked
//! into the cache folder: installing it would start it, on a port that somebody may need.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use super::cache::Place;
use super::debian;
use super::{path, programs};
use crate::paths::Paths;
use crate::progress::Step;

/// Finds or gets it; fails, saying what to install, where it may not.
pub(crate) fn install(paths: &Paths, step: &Step<'_>) -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let place = Place::new(paths, "nginx", "debian");
    let unpacked = place.folder().join("sbin").join("nginx");
    if works(&unpacked) {
        return Ok(unpacked);
    }
    let has_working = |folder: &Path| works(&folder.join("sbin").join("nginx"));
    let unpack = |folder: &Path| debian::unpack(step, "nginx", folder, place.log());
    if debian::can_unpack() && place.fill(step, has_working, unpack).is_ok() && works(&unpacked) {
        return Ok(unpacked);
    }
    // It lacks a library, which only an installation brings along.
    programs::nginx(paths, step)
}

fn find() -> Option<PathBuf> {
    // Debian's folder is looked at even where PATH leaves it out.
    let found = path::find("nginx").unwrap_or_else(|| PathBuf::from("/usr/sbin/nginx"));
    works(&found).then_some(found)
}

fn works(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.is_file() && command.status().is_ok_and(|status| status.success())
}
