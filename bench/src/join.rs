//! How pages come: each at its time, with a limit to how many are under way at once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::load::Load;

/// How long a page waits before it tries again.
const AGAIN: Duration = Duration::from_millis(100);

/// A page that is to come.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub page: usize,
    /// When, from the beginning on.
    pub at: Duration,
    /// From where it wants to go on; empty from anywhere.
    pub since: String,
}

impl Arrival {
    /// So many pages, as soon as they may.
    pub(crate) fn at_once(pages: usize) -> Vec<Self> {
        let arrival = |page| Self { page, at: Duration::ZERO, since: String::new() };
        (0..pages).map(arrival).collect()
    }
}

impl Load {
    /// Opens pages, in the order of their times; no more than `at_once` are being opened at any
    /// time. A page that fails tries again, as a browser would, while patience lasts.
    pub(crate) fn join(&mut self, mut arrivals: Vec<Arrival>, at_once: usize) -> Result<()> {
        arrivals.sort_by_key(|arrival| arrival.at);
        let wanted = self.shared.open + arrivals.len();
        let sinces: Vec<Arrival> = arrivals.clone();
        let mut queue = VecDeque::from(arrivals);
        let mut again: VecDeque<Arrival> = VecDeque::new();
        let mut failures = 0;
        let begin = Instant::now();
        while self.shared.open < wanted {
            let now = begin.elapsed();
            let waiting = queue.len() + again.len();
            let mut room = at_once.saturating_sub(wanted - self.shared.open - waiting);
            for list in [&mut again, &mut queue] {
                while room > 0
                    && let Some(arrival) = list.pop_front_if(|arrival| arrival.at <= now)
                {
                    self.connect(&arrival)?;
                    room -= 1;
                }
            }
            let due =
                queue.front().into_iter().chain(again.front()).map(|arrival| arrival.at).min();
            let timeout = due.filter(|_| room > 0).map(|at| at.saturating_sub(now));
            self.turn(timeout.unwrap_or(Duration::from_millis(50)))?;
            for (page, error) in std::mem::take(&mut self.broken) {
                failures += 1;
                if begin.elapsed() > self.patience {
                    return Err(error.context(format!("{failures} pages failed; one of them")));
                }
                let known = sinces.iter().find(|arrival| arrival.page == page);
                if let Some(arrival) = known {
                    again.push_back(Arrival { at: begin.elapsed() + AGAIN, ..arrival.clone() });
                }
            }
            if begin.elapsed() > self.patience {
                let open = self.shared.open;
                bail!("only {open} of {wanted} pages were open in time; {failures} tries failed");
            }
        }
        Ok(())
    }
}
