//! What the disk can do: a small write at the end of a file and `fdatasync`, again and again, as a
//! program would that keeps each thing before it takes the next.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// As much as a write-ahead log adds for a small transaction.
const WRITE: usize = 4096;

/// Prints `syncs=` a second.
pub(crate) fn run(folder: &Path, seconds: f64) -> Result<()> {
    let path = folder.join("fdatasync.tmp");
    let file = File::create(&path).with_context(|| format!("{} is no folder", folder.display()))?;
    let measured = measure(file, Duration::try_from_secs_f64(seconds)?);
    fs::remove_file(path)?;
    println!("syncs={:.0}", measured?);
    Ok(())
}

fn measure(mut file: File, length: Duration) -> Result<f64> {
    let block = [7; WRITE];
    let since = Instant::now();
    let mut syncs = 0_u32;
    while since.elapsed() < length {
        file.write_all(&block)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / since.elapsed().as_secs_f64())
}
