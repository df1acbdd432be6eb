//! What a person can do about a tool's failure, where what it said gives the cause away.

/// Signs in a tool's output, and the advice they call for. The first that fits is given, so the
/// more particular come first.
const KNOWN: &[(&[&str], &str)] = &[
    (
        &["No space left on device", "os error 28", "ENOSPC"],
        "the disk is full. The tools need about 2 GB in the cache folder while they are compiled, \
         and the build about 4 GB in the target folder; NOWCAST_CACHE and CARGO_TARGET_DIR can \
         name folders on another disk. Then run this again: it goes on where it stopped",
    ),
    (
        &[
            "linker `cc` not found",
            "failed to find tool",
            "is `cc` not installed",
            "linker `link.exe` not found",
        ],
        "there is no C compiler. On Debian or Ubuntu `sudo apt-get install build-essential`, on \
         macOS `xcode-select --install`, on Windows the Visual Studio Build Tools; then run this again",
    ),
    (
        &[
            "--offline was specified",
            "without the offline flag",
            "in offline mode",
            "attempting to make an HTTP request, but --offline",
        ],
        "cargo is set to work offline (CARGO_NET_OFFLINE, or `offline` in a config file), but the \
         crates are not on this machine yet. Run this once with a network",
    ),
    (
        &["in registry `crates-io` with version", "no matching package named"],
        "cargo knows no such version. If it is set to work offline (CARGO_NET_OFFLINE, or `offline` \
         in a config file), run this once with a network; else see that Cargo.lock is that of the \
         checkout",
    ),
    (
        &[
            "Could not resolve host",
            "could not resolve host",
            "Couldn't resolve host",
            "Temporary failure resolving",
            "Failed to connect",
            "failed to connect",
            "network failure seems to have happened",
            "failed to download",
            "download of config.json failed",
            "could not download file",
            "Connection refused",
            "Connection timed out",
            "Network is unreachable",
            "ENOTFOUND",
            "EAI_AGAIN",
        ],
        "the network could not be reached. See that this machine has one (behind a proxy, \
         https_proxy has to be set), then run this again: it goes on where it stopped",
    ),
    (
        &["Permission denied", "os error 13", "EACCES"],
        "a folder may not be written by this user. NOWCAST_CACHE and CARGO_TARGET_DIR can name others",
    ),
    (
        &["signal: 9", "SIGKILL"],
        "a compiler was killed, most often for want of memory. Close other programs, or set \
         CARGO_BUILD_JOBS=1, then run this again",
    ),
    (
        &["requires rustc", "is not supported by the following package"],
        "this Rust is too old. `rustup update stable`, then run this again",
    ),
];

/// The advice for what a tool said, if there is any.
pub(crate) fn find(output: &str) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(signs, _)| signs.iter().any(|sign| output.contains(sign)))?;
    Some(known.1)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn causes_are_told_apart() {
        let about = |output: &str| find(output).unwrap_or("nothing");
        assert!(about("error: No space left on device (os error 28)").contains("disk is full"));
        assert!(about("error: linker `cc` not found").contains("C compiler"));
        assert!(
            about("[6] Could not resolve hostname (Could not resolve host: x)").contains("network")
        );
        assert!(
            about("error: could not find `x` in registry `crates-io` with version `=1`")
                .contains("offline")
        );
        assert!(about("can't be accessed in offline mode").contains("offline"));
        assert_eq!(about("error[E0308]: mismatched types"), "nothing");
    }
}
