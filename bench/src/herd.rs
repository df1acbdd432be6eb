//! A thundering herd: all pages lose their server, and come back when it is there again.

use std::io::BufRead as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::join::Arrival;
use crate::load::{Load, say};
use crate::options::{self, Transport};

/// What is published before the server goes away, so that there is something to go on from.
const BEFORE: u64 = 20;
/// Pages differ in how many of the newest events they have missed: none up to this.
const MISSED: u64 = 5;

/// Prints `ready`, waits for a line that says that the server was started anew, and prints how long
/// it took until every page was welcome again, had what it had missed, and got one publish more.
pub(crate) fn run(options: &options::Herd) -> Result<()> {
    let mut load = Load::new(&options.server, Transport::Ws)?;
    load.join(Arrival::at_once(options.pages), 256)?;
    load.settle()?;
    load.shared.tally.expect(options.pages);
    load.connect_publishers(1)?;
    for _ in 0..BEFORE {
        load.publish(0)?;
        load.drain()?;
    }
    let welcomed = load.shared.welcomed.take().context("the server did not say where it is")?;
    let head = welcomed.offset + BEFORE;
    say("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if line.is_empty() {
        bail!("nobody said that the server was started anew");
    }

    // The old connections are broken; dropping them says so to nobody.
    load.pages.clear();
    load.publishers.clear();
    load.shared.open = 0;
    let arrivals = arrivals(options.pages, options.within, &welcomed.epoch, head);
    let awaited: u64 = (0..options.pages as u64).map(missed).sum();
    let deliveries = load.shared.tally.counts().deliveries;
    let since = Instant::now();
    // As many at once as come: the server's own queue is what is tried.
    load.join(arrivals, options.pages)?;
    let welcome = since.elapsed();
    load.until("what pages had missed", |load| {
        load.shared.tally.counts().deliveries >= deliveries + awaited
    })?;
    let caught_up = since.elapsed();
    load.connect_publishers(1)?;
    load.publish(0)?;
    load.drain()?;
    say(&format!(
        "herd={} within={:.3} welcome={:.3} caught_up={:.3} reached={:.3} recovered={}",
        options.pages,
        options.within.as_secs_f64(),
        welcome.as_secs_f64(),
        caught_up.as_secs_f64(),
        since.elapsed().as_secs_f64(),
        load.shared.recovered,
    ));
    Ok(())
}

/// How many events this page has missed.
fn missed(page: u64) -> u64 {
    page % (MISSED + 1)
}

/// Each page at a random time.
fn arrivals(pages: usize, within: Duration, epoch: &str, head: u64) -> Vec<Arrival> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let arrival = |page| {
        // Xorshift: no more is asked of chance here than to spread.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = within.mul_f64(f64::from((random >> 40) as u32) / f64::from(1 << 24));
        let offset = head - missed(page as u64);
        Arrival { page, at, since: format!("{epoch}:{offset}") }
    };
    (0..pages).map(arrival).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_herd_spreads_over_its_time_and_asks_for_what_it_missed() {
        let within = Duration::from_secs(1);
        let arrivals = arrivals(10_000, within, "e1", 20);
        let early = arrivals.iter().filter(|arrival| arrival.at < within / 2).count();
        assert!((4_500..5_500).contains(&early), "{early} of 10,000 in the first half");
        assert!(arrivals.iter().all(|arrival| arrival.at < within));
        assert_eq!(arrivals[5].since, "e1:15");
        assert_eq!(arrivals[6].since, "e1:20");
    }
}
