//! What is counted, as Prometheus text.

use crate::hub::{Hub, Transport};
use crate::log::Log;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

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
    /// What features measure.
    gauges: RwLock<Vec<Gauge>>,
}

/// A number that grows and shrinks, and is asked for when somebody wants to know.
struct Gauge {
    name: &'static str,
    help: &'static str,
    value: Box<dyn Fn() -> usize + Send + Sync>,
}

impl Metrics {
    /// From now on `nowcast_{name}` is told too. `value` must not hold the server.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        value: impl Fn() -> usize + Send + Sync + 'static,
    ) {
        let gauge = Gauge { name, help, value: Box::new(value) };
        self.gauges.write().unwrap_or_else(PoisonError::into_inner).push(gauge);
    }

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
        for gauge in self.gauges.read().unwrap_or_else(PoisonError::into_inner).iter() {
            let value = u64::try_from((gauge.value)()).unwrap_or(u64::MAX);
            line(gauge.name, "gauge", gauge.help, &plain(value));
        }
        text
    }
}
