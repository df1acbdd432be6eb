use super::*;

/// A plan, a clock and a list of what it asked for.
struct Story {
    plan: Plan,
    now: Millis,
    did: Vec<Do>,
}

impl Story {
    fn new() -> Self {
        let mut story = Self { plan: Plan::new(12345), now: 1_000_000, did: Vec::new() };
        story.tell(Input::Start);
        story
    }

    fn tell(&mut self, input: Input) -> &mut Self {
        self.did = self.plan.handle(self.now, input);
        self
    }

    /// Lets time pass, waking the plan exactly when it asks for it, until it opens something.
    fn pass(&mut self, span: Millis) -> &mut Self {
        let end = self.now + span;
        self.did.clear();
        while let Some(at) = self.plan.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let did = self.plan.handle(self.now, Input::Tick);
            assert!(
                !did.is_empty() || self.plan.wake_at().is_none_or(|next| next > at),
                "it spins"
            );
            self.did.extend(did);
            if self.did.iter().any(|one| matches!(one, Do::Open(..))) {
                return self;
            }
        }
        self.now = end;
        self
    }

    /// Lets time pass on a lower way, which stays alive, until the next trial.
    fn trial_beside(&mut self, conn: Conn) -> Conn {
        for _ in 0..1000 {
            self.pass(1000);
            if !self.did.is_empty() {
                return self.opened(Way::WebSocket);
            }
            self.tell(Input::Alive(conn));
            assert_eq!(self.did, []);
        }
        panic!("it never tries");
    }

    /// The one connection that was opened last.
    fn opened(&self, way: Way) -> Conn {
        let opens: Vec<_> = self.did.iter().filter(|one| matches!(one, Do::Open(..))).collect();
        match opens[..] {
            [Do::Open(conn, opened)] if *opened == way => *conn,
            ref other => panic!("expected one opening by {way:?}, got {other:?}"),
        }
    }

    fn on(way: Way) -> (Self, Conn) {
        let mut story = Self::new();
        let mut conn = story.opened(Way::WebSocket);
        for next in [Way::EventSource, Way::LongPoll] {
            if story.plan.way == way {
                break;
            }
            story.tell(Input::Lost(conn));
            conn = story.opened(next);
        }
        story.tell(Input::Opened(conn));
        assert_eq!(*story.plan.status(), Status::Live(way));
        (story, conn)
    }
}

#[test]
fn a_websocket_comes_first() {
    let story = Story::new();
    story.opened(Way::WebSocket);
    assert_eq!(*story.plan.status(), Status::Connecting);
}

#[test]
fn a_way_that_does_not_open_gives_way_to_the_next_and_then_it_starts_over() {
    let mut story = Story::new();
    let socket = story.opened(Way::WebSocket);
    let source = story.tell(Input::Lost(socket)).opened(Way::EventSource);
    let poll = story.tell(Input::Lost(source)).opened(Way::LongPoll);
    story.tell(Input::Lost(poll));
    assert_eq!(story.did, [Do::Close(poll)], "after all three it waits");
    story.pass(Backoff::LONGEST).opened(Way::WebSocket);
}

#[test]
fn a_way_that_takes_the_connection_and_says_nothing_has_not_opened() {
    let mut story = Story::new();
    story.opened(Way::WebSocket);
    let source = story.pass(OPENING).opened(Way::EventSource);
    story.tell(Input::Opened(source));
    assert_eq!(*story.plan.status(), Status::Live(Way::EventSource));
}

#[test]
fn it_never_gives_up_and_never_waits_longer_than_ten_seconds() {
    let mut story = Story::new();
    for round in 0..50 {
        let mut conn = story.opened(Way::WebSocket);
        for way in [Way::EventSource, Way::LongPoll] {
            conn = story.tell(Input::Lost(conn)).opened(way);
        }
        story.tell(Input::Lost(conn));
        let wait = story.plan.wake_at().unwrap() - story.now;
        assert!(wait <= Backoff::LONGEST, "round {round} waits {wait}");
        story.pass(wait);
    }
}

#[test]
fn a_connection_that_lasted_is_opened_again_at_once_by_the_same_way() {
    for way in [Way::WebSocket, Way::EventSource, Way::LongPoll] {
        let (mut story, mut conn) = Story::on(way);
        for _ in 0..5 {
            story.now += BRIEF;
            conn = story.tell(Input::Lost(conn)).opened(way);
            story.tell(Input::Opened(conn));
        }
    }
}

#[test]
fn a_way_that_is_cut_twice_within_seconds_gives_way() {
    let (mut story, first) = Story::on(Way::WebSocket);
    story.now += 1000;
    let second = story.tell(Input::Lost(first)).opened(Way::WebSocket);
    story.tell(Input::Opened(second));
    story.now += 1000;
    story.tell(Input::Lost(second)).opened(Way::EventSource);
}

#[test]
fn from_a_lower_way_it_moves_up_when_the_websocket_is_welcome_and_not_before() {
    for way in [Way::EventSource, Way::LongPoll] {
        let (mut story, old) = Story::on(way);
        let trial = story.trial_beside(old);
        assert_eq!(story.plan.main_conn(), Some(old));
        assert_eq!(*story.plan.status(), Status::Live(way));
        story.tell(Input::Opened(trial));
        assert_eq!(story.did, [Do::Close(old)]);
        assert_eq!(story.plan.main_conn(), Some(trial));
        assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
    }
}

#[test]
fn being_replaced_by_the_own_trial_does_not_stop_the_page() {
    let (mut story, old) = Story::on(Way::EventSource);
    let trial = story.trial_beside(old);
    story.tell(Input::Goodbye(old, Reason::Replaced, Return::Unwanted));
    assert_eq!(story.did, [Do::Close(old)]);
    story.tell(Input::Opened(trial));
    assert_eq!(story.plan.main_conn(), Some(trial));
    assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
}

#[test]
fn a_trial_that_took_the_place_and_then_failed_sends_the_page_back_to_its_way() {
    let (mut story, old) = Story::on(Way::EventSource);
    let trial = story.trial_beside(old);
    story.tell(Input::Goodbye(old, Reason::Replaced, Return::Unwanted));
    story.tell(Input::Lost(trial)).opened(Way::EventSource);
}

#[test]
fn trials_become_rarer_up_to_five_minutes() {
    let (mut story, source) = Story::on(Way::EventSource);
    let mut gaps = Vec::new();
    let mut last = story.now;
    while gaps.len() < 8 {
        let trial = story.trial_beside(source);
        gaps.push(story.now - last);
        last = story.now;
        story.tell(Input::Lost(trial));
        assert_eq!(story.plan.main_conn(), Some(source));
    }
    assert!((15_000..=46_000).contains(&gaps[0]), "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= TRIAL_LONGEST * 3 / 2 + 1000), "{gaps:?}");
    assert!(gaps[6] > 140_000, "{gaps:?}");
}

#[test]
fn a_trial_that_is_cut_early_leads_straight_back_to_the_way_that_worked() {
    let (mut story, old) = Story::on(Way::LongPoll);
    let trial = story.trial_beside(old);
    story.tell(Input::Opened(trial));
    story.now += 1000;
    story.tell(Input::Lost(trial)).opened(Way::LongPoll);
}

#[test]
fn after_a_websocket_that_worked_the_first_trial_comes_soon() {
    let (mut story, socket) = Story::on(Way::WebSocket);
    story.now += 60_000;
    let socket = {
        story.tell(Input::Alive(socket));
        story.tell(Input::Lost(socket)).opened(Way::WebSocket)
    };
    let source = story.tell(Input::Lost(socket)).opened(Way::EventSource);
    story.tell(Input::Opened(source));
    story.pass(5_000).opened(Way::WebSocket);
}

#[test]
fn a_server_that_restarts_soon_after_a_page_came_does_not_hold_its_way_against_it() {
    let (mut story, socket) = Story::on(Way::WebSocket);
    story.now += 400;
    let socket = story.tell(Input::Lost(socket)).opened(Way::WebSocket);
    let source = story.tell(Input::Lost(socket)).opened(Way::EventSource);
    story.tell(Input::Opened(source));
    story.pass(5_000).opened(Way::WebSocket);
}

#[test]
fn a_websocket_that_is_cut_again_and_again_is_not_tried_soon() {
    let (mut story, first) = Story::on(Way::WebSocket);
    let second = story.tell(Input::Lost(first)).opened(Way::WebSocket);
    story.tell(Input::Opened(second));
    let source = story.tell(Input::Lost(second)).opened(Way::EventSource);
    story.tell(Input::Opened(source));
    story.pass(10_000);
    assert_eq!(story.did, []);
}

#[test]
fn a_silent_websocket_is_asked_and_then_left() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.pass(PING_EVERY);
    assert_eq!(story.did, [Do::Ping(conn)]);
    story.tell(Input::Alive(conn)).pass(PING_EVERY);
    assert_eq!(story.did, [Do::Ping(conn)], "an answer keeps it");
    story.pass(PONG_WITHIN).opened(Way::WebSocket);
    assert!(story.did.contains(&Do::Close(conn)));
}

#[test]
fn silence_on_the_other_ways_means_dead() {
    for (way, silence) in
        [(Way::EventSource, EVENT_SOURCE_SILENCE), (Way::LongPoll, LONG_POLL_SILENCE)]
    {
        let (mut story, conn) = Story::on(way);
        story.plan.trial = Trial::Off;
        story.now += silence - 1;
        story.tell(Input::Alive(conn)).pass(silence - 1);
        assert_eq!(story.did, []);
        story.pass(1).opened(way);
        assert!(story.did.contains(&Do::Close(conn)));
    }
}

#[test]
fn after_a_night_of_sleep_a_websocket_has_three_seconds_to_answer() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.now += 8 * 3_600_000;
    story.tell(Input::Visible);
    assert!(story.did.contains(&Do::Ping(conn)));
    story.pass(PONG_WITHIN_AFTER_SLEEP).opened(Way::WebSocket);
}

#[test]
fn a_waiting_page_tries_at_once_when_it_is_looked_at_or_the_network_returns() {
    for input in [Input::Visible, Input::Online] {
        let mut story = Story::new();
        let mut conn = story.opened(Way::WebSocket);
        for way in [Way::EventSource, Way::LongPoll] {
            conn = story.tell(Input::Lost(conn)).opened(way);
        }
        story.tell(Input::Lost(conn));
        story.tell(input).opened(Way::WebSocket);
    }
}

#[test]
fn the_network_returning_renews_streams_that_cannot_be_asked() {
    let (mut story, old) = Story::on(Way::EventSource);
    story.tell(Input::Online).opened(Way::EventSource);
    assert!(story.did.contains(&Do::Close(old)));
}

#[test]
fn a_goodbye_without_return_stops_and_says_why() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.tell(Input::Goodbye(conn, Reason::RoomClosed, Return::Unwanted));
    assert_eq!(story.did, [Do::Close(conn)]);
    assert_eq!(*story.plan.status(), Status::Ended(Reason::RoomClosed));
    assert_eq!(story.plan.wake_at(), None);
    story.tell(Input::Visible);
    assert_eq!(story.did, []);
    story.tell(Input::Start).opened(Way::WebSocket);
}

#[test]
fn a_restarting_server_is_given_a_moment_and_pages_spread_out() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.tell(Input::Goodbye(conn, Reason::Restarting, Return::Welcome));
    assert_eq!(story.did, [Do::Close(conn)]);
    story.pass(2 * RESTART).opened(Way::WebSocket);
}

#[test]
fn a_page_that_was_turned_away_says_so_and_looks_again() {
    let mut story = Story::new();
    let mut conn = story.opened(Way::WebSocket);
    for way in [Way::EventSource, Way::LongPoll] {
        conn = story.tell(Input::Lost(conn)).opened(way);
    }
    let refusal = Refusal {
        status: 404,
        code: "unknown_room".to_owned(),
        detail: "There is no such room.".to_owned(),
        retry_after: None,
    };
    story.tell(Input::Refused(conn, refusal.clone()));
    assert_eq!(*story.plan.status(), Status::Refused(refusal.clone()));
    let socket = story.pass(2 * TURNED_AWAY).opened(Way::WebSocket);
    assert_eq!(*story.plan.status(), Status::Refused(refusal), "until it is let in");
    // Its person cannot wait.
    story.tell(Input::Start);
    assert_eq!(story.did[0], Do::Close(socket));
    let socket = story.opened(Way::WebSocket);
    assert_eq!(*story.plan.status(), Status::Connecting);
    story.tell(Input::Opened(socket));
    assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
}

#[test]
fn a_server_that_asks_for_patience_is_left_in_peace_for_so_long() {
    for (asked, most) in [(20_000, 20_000), (Millis::MAX, MOST_PATIENCE)] {
        for way in [Way::WebSocket, Way::EventSource, Way::LongPoll] {
            let (mut story, conn) = Story::on(way);
            story.tell(Input::Later(conn, asked));
            assert_eq!(story.did, [Do::Close(conn)]);
            story.pass(most - 1);
            assert_eq!(story.did, [], "{way:?}");
            assert_eq!(*story.plan.status(), Status::Reconnecting);
            // The way is not at fault.
            story.pass(Backoff::LONGEST).opened(way);
        }
    }
}

#[test]
fn while_a_server_asks_for_patience_no_trial_disturbs_it() {
    let (mut story, poll) = Story::on(Way::LongPoll);
    let socket = story.trial_beside(poll);
    story.tell(Input::Later(poll, 20_000));
    assert_eq!(story.did, [Do::Close(poll), Do::Close(socket)]);
    story.pass(19_999);
    assert_eq!(story.did, []);
    story.pass(Backoff::LONGEST).opened(Way::LongPoll);
}

#[test]
fn one_that_was_turned_away_waits_for_as_long_as_the_server_asks() {
    let mut story = Story::new();
    let conn = story.opened(Way::WebSocket);
    let (code, detail) = ("forbidden".to_owned(), "Not now.".to_owned());
    let refusal = Refusal { status: 403, code, detail, retry_after: Some(u64::MAX) };
    story.tell(Input::Refused(conn, refusal));
    story.pass(MOST_PATIENCE - 1);
    assert_eq!(story.did, []);
    story.pass(1).opened(Way::WebSocket);
}

#[test]
fn a_page_that_replaced_itself_takes_its_connection_back() {
    let (mut story, poll) = Story::on(Way::LongPoll);
    let socket = story.trial_beside(poll);
    story.tell(Input::Opened(socket));
    // The poll that was under way reaches the server last.
    story.tell(Input::Goodbye(socket, Reason::Replaced, Return::Unwanted));
    let again = story.opened(Way::WebSocket);
    story.tell(Input::Opened(again));
    assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
}

#[test]
fn two_pages_with_one_id_do_not_fight_for_ever() {
    let (mut story, mut conn) = Story::on(Way::WebSocket);
    for _ in 0..TAKEN_BACK {
        story.tell(Input::Goodbye(conn, Reason::Replaced, Return::Unwanted));
        conn = story.opened(Way::WebSocket);
        story.tell(Input::Opened(conn));
    }
    story.tell(Input::Goodbye(conn, Reason::Replaced, Return::Unwanted));
    assert_eq!(*story.plan.status(), Status::Ended(Reason::Replaced));
}

#[test]
fn a_way_that_falls_silent_after_its_first_bytes_gives_way_to_the_next() {
    let (mut story, _) = Story::on(Way::EventSource);
    for _ in 0..100 {
        story.pass(EVENT_SOURCE_SILENCE);
        match story.did.last().copied() {
            Some(Do::Open(source, Way::EventSource)) => drop(story.tell(Input::Opened(source))),
            // The trials beside it fail.
            Some(Do::Open(socket, Way::WebSocket)) => drop(story.tell(Input::Lost(socket))),
            Some(Do::Open(_, Way::LongPoll)) => return,
            _ => {}
        }
    }
    panic!("it stays where nothing comes through");
}

#[test]
fn a_restart_does_not_forget_that_the_connection_had_lasted() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.now += 3_600_000;
    story.tell(Input::Alive(conn));
    story.tell(Input::Goodbye(conn, Reason::Restarting, Return::Welcome));
    let socket = story.pass(2 * RESTART).opened(Way::WebSocket);
    let source = story.tell(Input::Lost(socket)).opened(Way::EventSource);
    story.tell(Input::Opened(source));
    let begin = story.now;
    story.trial_beside(source);
    assert!(story.now - begin <= 2 * TRIAL_SOON, "it tries again after {}", story.now - begin);
}

#[test]
fn an_interruption_that_nobody_notices_is_not_mentioned() {
    let (mut story, conn) = Story::on(Way::WebSocket);
    story.now += 60_000;
    story.tell(Input::Alive(conn));
    let again = story.tell(Input::Lost(conn)).opened(Way::WebSocket);
    assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
    story.pass(UNNOTICED);
    assert_eq!(*story.plan.status(), Status::Reconnecting);
    story.tell(Input::Opened(again));
    assert_eq!(*story.plan.status(), Status::Live(Way::WebSocket));
}

#[test]
fn the_word_of_a_connection_that_was_left_changes_nothing() {
    let (mut story, first) = Story::on(Way::WebSocket);
    story.now += 10_000;
    let second = story.tell(Input::Lost(first)).opened(Way::WebSocket);
    story.tell(Input::Opened(second));
    for late in [
        Input::Lost(first),
        Input::Opened(first),
        Input::Broken(first),
        Input::Goodbye(first, Reason::Replaced, Return::Unwanted),
    ] {
        story.tell(late);
        assert_eq!(story.did, []);
        assert_eq!(story.plan.main_conn(), Some(second));
    }
}
