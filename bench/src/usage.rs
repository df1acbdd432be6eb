//! What processes cost, as the kernel counts it in `/proc`.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A process and its children: a server may do its work in one of those.
#[derive(Clone, Debug)]
pub(crate) struct Processes(Vec<u32>);

/// How long each thread has been on a core, in nanoseconds, by its id.
pub(crate) struct Cpu(HashMap<u32, u64>);

impl Processes {
    /// This one, with the children that it has now.
    pub(crate) fn of(pid: u32) -> Self {
        let mut all = vec![pid];
        let mut next = 0;
        while let Some(pid) = all.get(next).copied() {
            for thread in numbers(&PathBuf::from(format!("/proc/{pid}/task"))) {
                let path = format!("/proc/{pid}/task/{thread}/children");
                let children = fs::read_to_string(path).unwrap_or_default();
                all.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
            }
            next += 1;
        }
        Self(all)
    }

    /// Without the threads that have ended, whose time is lost with them.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        let mut times = HashMap::new();
        for pid in &self.0 {
            let folder = PathBuf::from(format!("/proc/{pid}/task"));
            for thread in numbers(&folder) {
                // A thread may end between the two looks.
                let Ok(text) = fs::read_to_string(folder.join(format!("{thread}/schedstat")))
                else {
                    continue;
                };
                let time = text.split_whitespace().next().and_then(|word| word.parse().ok());
                times.insert(thread, time.context("the kernel does not tell what threads cost")?);
            }
        }
        anyhow::ensure!(!times.is_empty(), "the server has ended");
        Ok(Cpu(times))
    }

    /// What is in memory of it, in bytes: resident, shared libraries included.
    pub(crate) fn memory(&self) -> Result<u64> {
        let mut sum = 0;
        for pid in &self.0 {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
                .context("the kernel does not tell what is in memory")?;
            let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
            let number = line.and_then(|line| line.split_whitespace().next());
            let kibibytes: u64 = number.and_then(|it| it.parse().ok()).unwrap_or_default();
            sum += kibibytes * 1024;
        }
        Ok(sum)
    }
}

impl Cpu {
    /// How much was spent since an earlier look.
    pub(crate) fn since(&self, before: &Self) -> Duration {
        let spent = self.0.iter().map(|(thread, time)| {
            time.saturating_sub(before.0.get(thread).copied().unwrap_or_default())
        });
        Duration::from_nanos(spent.sum())
    }
}

/// How long all cores together have been at work, for whomever: in steps of a hundredth of a second.
pub(crate) fn machine() -> Result<Duration> {
    let text =
        fs::read_to_string("/proc/stat").context("the kernel does not tell what is going on")?;
    let first = text.lines().next().unwrap_or_default();
    busy(first).context("the kernel tells what is going on in other words than are known here")
}

/// `cpu user nice system idle iowait irq softirq steal …`, in hundredths of a second.
fn busy(line: &str) -> Option<Duration> {
    let mut fields = line.split_whitespace();
    fields.next().filter(|name| *name == "cpu")?;
    let fields: Vec<u64> = fields.map_while(|field| field.parse().ok()).take(8).collect();
    let idle = fields.get(3)? + fields.get(4)?;
    Some(Duration::from_millis((fields.iter().sum::<u64>() - idle) * 10))
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &PathBuf) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cores_wait_for_is_no_work() {
        let line = "cpu  100 1 50 9999 7777 2 3 4 888 0";
        assert_eq!(busy(line), Some(Duration::from_millis(1600)));
        assert_eq!(busy("intr 1 2 3 4 5 6"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_works_costs_time_and_one_that_holds_memory_has_it() {
        let own = Processes::of(std::process::id());
        let (cpu, memory) = (own.cpu().expect("it runs"), own.memory().expect("it runs"));
        let held = std::hint::black_box(vec![1_u8; 32 << 20]);
        while own.cpu().expect("it runs").since(&cpu) < Duration::from_millis(5) {
            std::hint::black_box(held.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        }
        assert!(own.memory().expect("it runs") > memory + (16 << 20));
    }
}
