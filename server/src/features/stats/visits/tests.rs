//! Who comes and goes, by a clock of the tests' own, into a database.

use super::present::{Moment, Present};
use super::tally::{MINUTE, NAMES};
use super::*;
use crate::arrival::{Arrival, Device};
use crate::config::Config;
use crate::hub::Transport;
use clap::Parser;
use nowcast_shared::id::{ClientId, PublicId, RoomName};
use tempfile::TempDir;

const GRACE: Duration = Duration::from_secs(5);
const HOUR: i64 = 60 * MINUTE;

/// A server without connections, and who is in its main room.
struct Scene {
    _folder: TempDir,
    app: App,
    room: Arc<Room>,
    present: Present,
    begin: Instant,
    /// Milliseconds since `begin`, which is at 0 by the calendar.
    clock: i64,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse_from(["nowcast", "--shards", "1"]).serve;
        let (app, _) = App::open(folder.path(), &config).await.unwrap();
        table::prepare(&app.db).await.unwrap();
        let room = app.log.room(&RoomName::main()).await.unwrap().unwrap();
        let present = Present::new(GRACE);
        Self { _folder: folder, app, room, present, begin: Instant::now(), clock: 0 }
    }

    fn moment(&self) -> Moment {
        let since = Duration::from_millis(u64::try_from(self.clock).unwrap());
        Moment { at: self.clock, instant: self.begin + since }
    }

    /// Time goes on, in seconds.
    fn pass(&mut self, seconds: i64) {
        self.clock += seconds * 1000;
        self.present.tick(self.moment());
    }

    fn join(&mut self, session: SessionId, who: &str, page: &str, arrival: &Arrival) {
        let (who, client) = (PublicId::from(who), page_id(page));
        let joined = Joined {
            session,
            who: &who,
            client: &client,
            transport: Transport::WebSocket,
            resumes: false,
            arrival,
        };
        let moment = self.moment();
        self.present.join(&Arc::clone(&self.room), &joined, moment);
    }

    fn leave(&mut self, session: SessionId) {
        let moment = self.moment();
        self.present.leave(session, moment);
    }

    async fn keep(&mut self) {
        let (tally, alive) = (std::mem::take(&mut self.present.tally), self.clock);
        self.app.db.write(move |connection| table::keep(connection, &tally, alive)).await.unwrap();
    }

    /// The server ended without a word, and is started anew by now.
    async fn restart(&mut self) {
        self.present = Present::new(GRACE);
        let left = self.app.db.read(|connection| table::left(connection)).await.unwrap().unwrap();
        let moment = self.moment();
        self.present.restore(left.open, &left.quiet, left.alive, moment);
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection, Span) -> rusqlite::Result<T> + Send + 'static,
    ) -> T {
        let span = Span { room: self.room.id(), from: 0, to: self.clock + 1, bucket: MINUTE };
        self.app.db.read(move |connection| read(connection, span)).await.unwrap()
    }
}

fn page_id(page: &str) -> ClientId {
    format!("{page:-<16}").parse().unwrap()
}

fn from(device: Device, referrer: &str) -> Arrival {
    Arrival { device, referrer: Some(referrer.into()), quiet: false }
}

fn quiet() -> Arrival {
    Arrival { quiet: true, device: Device::Phone, referrer: None }
}

#[tokio::test]
async fn a_visit_goes_on_over_tabs_and_broken_connections() {
    let mut scene = Scene::new().await;
    let arrival = from(Device::Desktop, "news.example");
    scene.join(1, "ana", "page-one", &arrival);
    scene.pass(10);
    scene.join(2, "ana", "page-two", &arrival);
    scene.leave(1);
    scene.pass(60);
    scene.leave(2);
    scene.pass(4);
    scene.join(3, "ana", "page-two", &arrival);
    scene.pass(20);
    scene.leave(3);
    scene.pass(6);
    scene.keep().await;
    let totals = scene.read(totals).await;
    assert_eq!((totals.joins, totals.leaves, totals.peak, totals.reconnects), (1, 1, 1, 1));
    let stay = totals.median_stay.unwrap();
    assert!(stay.abs_diff(94_000) < 94_000 / 30, "{stay}");
    let viewers = scene.read(viewers).await;
    let count = |name: &str| vec![Count { name: name.to_owned(), count: 1 }];
    assert_eq!(viewers.transports, count("websocket"));
    assert_eq!(viewers.devices, count("desktop"));
    assert_eq!(viewers.referrers, count("news.example"));
}

#[tokio::test]
async fn who_registers_stays_the_same_visit() {
    let mut scene = Scene::new().await;
    scene.join(1, "viewer", "page-one", &Arrival::default());
    scene.leave(1);
    scene.join(2, "user", "page-one", &Arrival::default());
    scene.keep().await;
    let totals = scene.read(totals).await;
    assert_eq!((totals.joins, totals.peak, totals.reconnects), (1, 1, 1));
}

#[tokio::test]
async fn viewers_are_told_for_every_minute_also_those_in_which_nothing_happened() {
    let mut scene = Scene::new().await;
    for session in 0..3 {
        scene.join(session, &format!("p{session}"), &format!("page{session}"), &Arrival::default());
    }
    scene.pass(3 * 60);
    scene.leave(0);
    scene.pass(60);
    scene.keep().await;
    let over_time = scene.read(viewers).await.over_time;
    let peaks: Vec<_> =
        over_time.iter().map(|step| (step.at, step.peak, step.joins, step.leaves)).collect();
    let minute = |number: i64, peak, joins, leaves| (number * MINUTE, peak, joins, leaves);
    assert_eq!(
        peaks,
        [
            minute(0, 3, 3, 0),
            minute(1, 3, 0, 0),
            minute(2, 3, 0, 0),
            minute(3, 3, 0, 0),
            minute(4, 3, 0, 1)
        ]
    );
    let late = Span { room: scene.room.id(), from: 5 * MINUTE, to: 6 * MINUTE, bucket: MINUTE };
    let later = scene.app.db.read(move |connection| totals(connection, late)).await.unwrap();
    assert_eq!((later.visits, later.peak, later.joins), (2, 2, 0), "they came before");
}

#[tokio::test]
async fn of_who_does_not_want_to_be_tracked_only_the_number_is_kept() {
    let mut scene = Scene::new().await;
    scene.join(1, "shy", "page-shy", &quiet());
    scene.leave(1);
    scene.join(2, "shy", "page-shy", &quiet());
    assert_eq!(
        scene.present.click(scene.room.id(), &page_id("page-shy")),
        present::Clicked::Ignored
    );
    scene.keep().await;
    let open: i64 = scene
        .app
        .db
        .read(|connection| {
            connection.query_row("SELECT count(*) FROM visits_open", [], |row| row.get(0))
        })
        .await
        .unwrap();
    assert_eq!(open, 0, "no id of theirs is kept");
    scene.leave(2);
    scene.pass(10);
    scene.keep().await;
    let totals = scene.read(totals).await;
    assert_eq!((totals.joins, totals.leaves, totals.peak), (1, 1, 1));
    assert_eq!((totals.median_stay, totals.reconnects, totals.clicks), (None, 0, 0));
    let viewers = scene.read(viewers).await;
    assert!(
        viewers.transports.is_empty() && viewers.devices.is_empty() && viewers.referrers.is_empty()
    );
}

#[tokio::test]
async fn a_short_end_of_the_server_is_no_end_of_a_visit() {
    let mut scene = Scene::new().await;
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.join(2, "ben", "page-ben", &Arrival::default());
    scene.join(3, "shy", "page-shy", &quiet());
    scene.pass(30);
    scene.keep().await;
    scene.clock += 3_000;
    scene.restart().await;
    assert_eq!(scene.present.viewers(scene.room.id()), 2, "of the quiet one nothing is known");
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.join(2, "shy", "page-shy", &quiet());
    scene.pass(6);
    scene.keep().await;
    let totals = scene.read(totals).await;
    assert_eq!((totals.joins, totals.leaves, totals.peak), (4, 2, 3));
    assert_eq!(scene.present.viewers(scene.room.id()), 2);
}

#[tokio::test]
async fn who_was_here_when_the_server_ended_for_long_left_then() {
    let mut scene = Scene::new().await;
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.join(2, "shy", "page-shy", &quiet());
    scene.pass(30);
    scene.keep().await;
    scene.clock += 10 * MINUTE;
    scene.restart().await;
    scene.keep().await;
    let viewers = scene.read(viewers).await;
    assert_eq!((viewers.over_time[0].joins, viewers.over_time[0].leaves), (2, 2));
    assert!(viewers.over_time[1..].iter().all(|step| step.peak == 0), "{:?}", viewers.over_time);
    let stay = scene.read(totals).await.median_stay.unwrap();
    assert!(stay.abs_diff(30_000) < 1_000, "{stay}");
    scene.restart().await;
    assert!(scene.present.tally.is_empty(), "they left once");
}

#[tokio::test]
async fn what_is_long_ago_is_summed_up_and_stays_small() {
    let mut scene = Scene::new().await;
    let mut joins = 0;
    for hour in 0..5 {
        for minute in [0, 1, 30, 59] {
            scene.clock = hour * HOUR + minute * MINUTE;
            for number in 0..40 {
                let name = format!("v{joins}");
                joins += 1;
                let arrival = from(Device::Phone, &format!("{minute}-{number}.example"));
                scene.join(joins, &name, &name, &arrival);
                scene.leave(joins);
                scene.present.count_click(
                    scene.room.id(),
                    "https://a.example/",
                    Some("A"),
                    scene.clock,
                );
            }
            scene.clock += 10_000;
            scene.present.tick(scene.moment());
            scene.keep().await;
        }
    }
    let before = (scene.read(totals).await, scene.read(viewers).await.over_time);
    let (links_before, back) = (scene.read(links).await, scene.read(reconnects).await);
    let later = scene.clock + 3 * 24 * HOUR;
    for _ in 0..2 {
        merge::merge(&scene.app.db, later).await.unwrap();
    }
    let after = (scene.read(totals).await, scene.read(viewers).await.over_time);
    assert_eq!(after, before, "numbers of people are kept to the minute");
    assert_eq!((scene.read(links).await, scene.read(reconnects).await), (links_before, back));
    let referrers = scene.read(viewers).await.referrers;
    assert_eq!(referrers.iter().map(|referrer| referrer.count).sum::<u64>(), joins);
    let rows = scene.app.db.read(|connection| Ok(table::rows(connection))).await.unwrap();
    assert_eq!((rows["visits_minutes"], rows["visits_open"]), (20, 0));
    let names = i64::try_from(NAMES).unwrap();
    // Transports, devices and links have one name each.
    assert!(rows["visits_names"] <= 5 * (names + 1 + 3), "{rows:?}");
    merge::merge(&scene.app.db, later + 90 * 24 * HOUR).await.unwrap();
    let rows = scene.app.db.read(|connection| Ok(table::rows(connection))).await.unwrap();
    assert!(rows["visits_names"] <= names + 1 + 3, "{rows:?}");
    let after = (scene.read(totals).await, scene.read(viewers).await.over_time);
    assert_eq!(after, before);
}

#[tokio::test]
async fn of_a_span_long_ago_the_hours_that_it_lies_in_are_told() {
    let mut scene = Scene::new().await;
    for (session, minute) in [(1, 5), (2, 40), (3, 80), (4, 130)] {
        scene.clock = minute * MINUTE;
        let name = format!("v{session}");
        scene.join(session, &name, &name, &from(Device::Phone, &format!("{session}.example")));
        scene.leave(session);
        scene.present.tally.value(scene.room.id(), tally::Measure::Latency, scene.clock, 9, 1);
        scene.pass(10);
        scene.keep().await;
    }
    let span =
        Span { room: scene.room.id(), from: 30 * MINUTE, to: 90 * MINUTE, bucket: 10 * MINUTE };
    let told = async |scene: &Scene| {
        let read = move |connection: &rusqlite::Connection| {
            let (totals, viewers) = (totals(connection, span)?, viewers(connection, span)?);
            let took = latency(connection, span)?;
            Ok((totals, viewers, took, widened(connection, span)?))
        };
        scene.app.db.read(move |connection| read(connection)).await.unwrap()
    };
    let (totals, viewers, took, widened) = told(&scene).await;
    assert_eq!((totals.joins, viewers.referrers.len(), took.count), (2, 2, 2));
    assert_eq!(widened, (30 * MINUTE, 90 * MINUTE), "it is not long ago");
    let later = scene.clock + 3 * 24 * HOUR;
    merge::merge(&scene.app.db, later).await.unwrap();
    let (later_totals, later_viewers, took, widened) = told(&scene).await;
    assert_eq!(later_totals, totals);
    assert_eq!(later_viewers.over_time, viewers.over_time);
    assert_eq!(widened, (0, 2 * HOUR));
    let hosts: Vec<_> = later_viewers.referrers.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(hosts, ["1.example", "2.example", "3.example"]);
    assert_eq!(took.count, 3);
    let steps: Vec<_> = took.over_time.iter().map(|took| took.at / MINUTE).collect();
    assert_eq!(steps, [30, 60], "nothing is told of a time before the span");
    // Ten minutes in the midst of an hour are of that hour, too.
    let within = Span { from: 20 * MINUTE, to: 30 * MINUTE, ..span };
    let referrers = scene.app.db.read(move |connection| super::viewers(connection, within)).await;
    assert_eq!(referrers.unwrap().referrers.len(), 2);
}

#[tokio::test]
async fn a_room_that_is_counted_no_more_is_forgotten() {
    let mut scene = Scene::new().await;
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.keep().await;
    scene.join(2, "ben", "page-ben", &Arrival::default());
    let at = scene.clock;
    scene.present.forget(|_| true, at);
    scene.leave(1);
    scene.pass(10);
    scene.keep().await;
    let totals = scene.read(totals).await;
    assert_eq!(
        (totals.joins, totals.leaves),
        (1, 0),
        "what was kept before stays, nothing comes to it"
    );
    let rows = scene.app.db.read(|connection| Ok(table::rows(connection))).await.unwrap();
    assert_eq!(rows["visits_open"], 0);
    scene.restart().await;
    assert!(scene.present.is_empty() && scene.present.tally.is_empty());
}

#[tokio::test]
async fn a_server_that_counts_nothing_forgets_who_was_here() {
    let mut scene = Scene::new().await;
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.keep().await;
    let _router = start(&scene.app, GRACE, false).await.unwrap();
    let rows = scene.app.db.read(|connection| Ok(table::rows(connection))).await.unwrap();
    assert_eq!((rows["visits_open"], rows["visits_minutes"]), (0, 1));
}

#[tokio::test]
async fn how_many_there_were_is_still_told_of_a_room_that_is_counted_no_more() {
    let mut scene = Scene::new().await;
    scene.join(1, "ana", "page-ana", &Arrival::default());
    scene.keep().await;
    scene.pass(3 * 60);
    scene.join(2, "ben", "page-ben", &Arrival::default());
    scene.keep().await;
    let off = "UPDATE rooms SET keeping = '{\"statistics\":false}'";
    scene.app.db.write(move |connection| connection.execute(off, [])).await.unwrap();
    table::prepare(&scene.app.db).await.unwrap();
    let peaks: Vec<_> = scene.read(viewers).await.over_time.iter().map(|step| step.peak).collect();
    assert_eq!(peaks, [1, 1, 1, 2]);
    scene.restart().await;
    assert!(scene.present.is_empty() && scene.present.tally.is_empty());
}

#[tokio::test]
async fn latencies_are_told_in_hundredths() {
    let mut scene = Scene::new().await;
    let visits = Visits::new(GRACE);
    for millis in 1..=100 {
        visits.delivered(&scene.room, Duration::from_millis(millis));
    }
    let moment = scene.moment();
    let (tally, _) = visits.take(moment);
    scene.present.tally = tally;
    scene.keep().await;
    let latency = scene.read(latency).await;
    assert_eq!(latency.count, 100);
    for (told, exact) in [(latency.median, 50_000), (latency.p95, 95_000), (latency.p99, 99_000)] {
        let told = told.unwrap();
        assert!(told.abs_diff(exact) <= exact / 30, "{told} for {exact}");
    }
    assert_eq!(latency.over_time.len(), 1);
}
