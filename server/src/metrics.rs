//! What is counted, as Prometheus text.

use crate::hub::{Hub, Transport};
use crate::log::Log;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters that are not somebody else's already.
#[derive(Default)]
pub struct Metrics {
    /// Events kept.
    pub events: Counter,
    /// Requests and commands refused.
    pub refused: Counter,
    /// Sessions begun.
    pub sessions: Counter,
}

impl Metrics {
    /// The text of `/metrics`.
    pub fn render(&self, hub: &Hub, log: &Log) -> String {
        let mut text = String::new();
        let mut line = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
            let _ = writeln!(text, "# HELP nowcast_{name} {help}\n# TYPE nowcast_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "nowcast_{name}{labels} {value}");
            }
        };
        let plain = |value: u64| [(String::new(), value)];
        let open = hub.sessions();
        let by_transport = Transport::ALL.map(|transport| {
            let labels = format!("{{transport=\"{}\"}}", transport.as_str());
            (labels, open.get(&transport).copied().unwrap_or_default())
        });
        line("sessions", "gauge", "Open sessions.", &by_transport);
        line("sessions_total", "counter", "Sessions begun.", &plain(self.sessions.get()));
        line("events_total", "counter", "Events kept.", &plain(self.events.get()));
        line("refused_total", "counter", "Requests refused.", &plain(self.refused.get()));
        let rooms = plain(u64::try_from(log.loaded()).unwrap_or(u64::MAX));
        line("rooms", "gauge", "Rooms in memory.", &rooms);
        let occupied = plain(u64::try_from(hub.occupied()).unwrap_or(u64::MAX));
        line("rooms_occupied", "gauge", "Rooms with somebody in them.", &occupied);
        let slow = plain(hub.slow_consumers());
        line("slow_consumers_total", "counter", "Sessions closed for not reading.", &slow);
        text
    }
}
