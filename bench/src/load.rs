//! The event loop, and the order of a run: pages join, then what standard input asks for is
//! measured, phase by phase. In between pages are kept alive, so that several servers can be
//! measured in turn without their pages having to come anew.

use std::io::{ErrorKind, Write as _};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, bail};
use mio::{Events, Poll, Token, Waker};

use crate::join::Arrival;
use crate::options::{self, Command, Phase, Server, Transport};
use crate::page::{Page, Shared};
use crate::phase;
use crate::publisher::Publisher;
use crate::target::Target;
use crate::usage::Processes;

/// Tokens below are pages, those from here on publishers.
const PUBLISHERS: usize = 1 << 24;
/// Standard input has something to say.
const INPUT: Token = Token(usize::MAX - 1);

/// Everything that the one thread has in hand.
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    pub shared: Shared,
    pub pages: Vec<Option<Page>>,
    pub publishers: Vec<Publisher>,
    /// Pages whose connection broke, and why.
    pub broken: Vec<(usize, Error)>,
    pub patience: Duration,
}

/// Does what `nowcast-bench load` is asked for.
pub(crate) fn run(options: &options::Load) -> Result<()> {
    let mut load = Load::new(&options.server, options.transport)?;
    let server = Processes::of(options.server_pid);
    let before = server.memory()?;
    let since = Instant::now();
    load.join(Arrival::at_once(options.pages), 256)?;
    let joined = since.elapsed().as_secs_f64();
    load.shared.tally.expect(options.pages);
    load.settle()?;
    say(&format!("joined={} seconds={joined:.3}", options.pages));
    let lines = load.lines()?;
    loop {
        match lines.try_recv() {
            Ok(line) => {
                let command: Command = line.parse()?;
                load.connect_publishers(command.phase.publishers())?;
                say(&match command.phase {
                    Phase::Idle => phase::idle(&mut load, &server, before)?,
                    _ => phase::measure(&mut load, command, &server)?,
                });
                // Servers close connections on which nobody asks anything for some seconds.
                load.publishers.clear();
            }
            Err(TryRecvError::Empty) => {
                load.turn_whole(Duration::from_secs(1))?;
            }
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
    }
}

/// Tells how large the frame is in which a page gets the text, once offsets have four digits.
pub(crate) fn probe(server: &Server) -> Result<()> {
    const PUBLISHES: u32 = 1000;
    let mut load = Load::new(server, Transport::Ws)?;
    load.join(Arrival::at_once(1), 1)?;
    load.shared.tally.expect(1);
    load.connect_publishers(1)?;
    let mut before = load.shared.tally.counts();
    for _ in 0..PUBLISHES {
        before = load.shared.tally.counts();
        load.publish(0)?;
        load.drain()?;
    }
    say(&format!("frame_bytes={}", load.shared.tally.counts().since(before).bytes));
    Ok(())
}

/// Prints a result at once: whoever asked may be waiting for it.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout();
    // Nobody to tell it to is the asker's end, which ends this program, too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

impl Load {
    pub(crate) fn new(server: &Server, transport: Transport) -> Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            shared: Shared::new(Target::new(server)?, transport),
            pages: Vec::new(),
            publishers: Vec::new(),
            broken: Vec::new(),
            patience: server.patience(),
        })
    }

    /// The lines of standard input. Each ends the turn that waits for something to happen; so does
    /// the end of input.
    fn lines(&self) -> Result<Receiver<String>> {
        let waker = Waker::new(self.poll.registry(), INPUT)?;
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if send.send(line).is_err() || waker.wake().is_err() {
                    return;
                }
            }
            drop(send);
            // If that fails, the end is seen at the end of the turn.
            let _ = waker.wake();
        });
        Ok(lines)
    }

    /// Sees to whatever has happened, waiting for it no longer than `timeout`; whether anything has.
    pub(crate) fn turn(&mut self, timeout: Duration) -> Result<bool> {
        let Self { poll, events, shared, pages, publishers, broken, .. } = self;
        match poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        for event in &*events {
            if event.token() == INPUT {
                continue;
            }
            let Token(token) = event.token();
            if let Some(index) = token.checked_sub(PUBLISHERS) {
                let publisher = &mut publishers[index];
                if event.is_readable() || event.is_error() {
                    publisher.read(&mut shared.buffer)?;
                } else if event.is_writable() {
                    publisher.connected();
                }
                continue;
            }
            let Some(page) = &mut pages[token] else { continue };
            let mut result = Ok(());
            if event.is_writable() {
                result = page.connected(shared);
            }
            if result.is_ok() && (event.is_readable() || event.is_error()) {
                result = page.read(shared);
            }
            if let Err(error) = result {
                shared.open -= usize::from(page.is_open());
                pages[token] = None;
                broken.push((token, error));
            }
        }
        Ok(!events.is_empty())
    }

    /// As [`Load::turn`], where no page may break.
    pub(crate) fn turn_whole(&mut self, timeout: Duration) -> Result<bool> {
        let happened = self.turn(timeout)?;
        match self.broken.pop() {
            Some((_, error)) => Err(error),
            None => Ok(happened),
        }
    }

    /// Begins to connect a page.
    pub(crate) fn connect(&mut self, arrival: &Arrival) -> Result<()> {
        let Arrival { page, since, .. } = arrival;
        if self.pages.len() <= *page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = &mut self.pages[*page];
        let registry = self.poll.registry();
        *page = Some(Page::connect(&self.shared, arrival.page, since.clone(), registry)?);
        Ok(())
    }

    /// Has so many publishers, connected.
    pub(crate) fn connect_publishers(&mut self, count: usize) -> Result<()> {
        for index in self.publishers.len()..count {
            let token = Token(PUBLISHERS + index);
            let registry = self.poll.registry();
            self.publishers.push(Publisher::connect(&self.shared.target, registry, token)?);
        }
        self.until("the publishers to connect", |load| {
            load.publishers.iter().all(Publisher::is_idle)
        })
    }

    /// Sends the next publish by this publisher, which has to be idle.
    pub(crate) fn publish(&mut self, publisher: usize) -> Result<()> {
        let now = self.shared.tally.now();
        let number = self.shared.tally.publish(now);
        self.publishers[publisher].publish(number)
    }

    /// Until every page has every publish, and every publish is answered.
    pub(crate) fn drain(&mut self) -> Result<()> {
        self.until("the last frames", |load| {
            load.shared.tally.behind() == 0 && load.publishers.iter().all(Publisher::is_idle)
        })
    }

    /// Until nothing has happened for a moment: greetings and presence are through.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let since = Instant::now();
        while self.turn_whole(Duration::from_millis(200))? && since.elapsed() < self.patience / 4 {}
        Ok(())
    }

    /// Until something holds; an error when it does not in time.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let since = Instant::now();
        while !holds(self) {
            self.turn_whole(Duration::from_millis(100))
                .with_context(|| format!("awaiting {what}"))?;
            if since.elapsed() > self.patience {
                let tally = &self.shared.tally;
                bail!(
                    "waited {}s for {what}: {} of {} pages are open, {} of {} frames are missing",
                    since.elapsed().as_secs(),
                    self.shared.open,
                    self.pages.len(),
                    tally.awaited(),
                    tally.counts().deliveries + tally.awaited(),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::floor::{self, Floor};
    use crate::options::Kind;

    /// The floor, in a thread that ends with the tests.
    fn floor() -> Server {
        let listener = floor::bind(([127, 0, 0, 1], 0).into()).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        std::thread::spawn(|| Floor::new(listener).expect("epoll is there").serve());
        let token = String::new();
        Server { address, target: Kind::Plain, frame_bytes: 300, token, patience: 20 }
    }

    #[test]
    fn every_page_of_the_floor_gets_every_publish_once() {
        let mut load = Load::new(&floor(), Transport::Ws).expect("epoll is there");
        load.join(Arrival::at_once(50), 8).expect("all pages open");
        load.shared.tally.expect(50);
        let own = Processes::of(std::process::id());
        for phase in [Phase::Lockstep, Phase::Inflight(4), Phase::Rate(200.0)] {
            load.connect_publishers(phase.publishers()).expect("publishers connect");
            let (warmup, length) = (Duration::from_millis(20), Duration::from_millis(100));
            // It fails by itself when some page has another number of frames than were published.
            let line = phase::measure(&mut load, Command { phase, warmup, length }, &own);
            let line = line.unwrap_or_else(|error| panic!("{phase}: {error:#}"));
            assert!(line.contains(" frame_bytes=300"), "{line}");
        }
        let counts = load.shared.tally.counts();
        assert_eq!(counts.deliveries, u64::from(counts.published) * 50);
    }

    #[test]
    fn a_server_that_is_not_there_is_an_error_and_not_a_wait_for_ever() {
        let mut server = floor();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        server.address = nobody.local_addr().expect("it is bound");
        server.patience = 0;
        drop(nobody);
        let mut load = Load::new(&server, Transport::Ws).expect("epoll is there");
        assert!(load.join(Arrival::at_once(1), 1).is_err());
    }
}
