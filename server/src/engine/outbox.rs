//! What waits for one session, bounded in bytes.

use super::timers::Millis;
use crate::push_id::PushId;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::IoSlice;

/// A frame that waits, or a part of one.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) bytes: Bytes,
    /// Of a signal: what it tells about.
    pub(super) key: Option<Cow<'static, str>>,
    /// Where else it could be had.
    elsewhere: Elsewhere,
    /// Of a push: which.
    push: Option<PushId>,
    /// Whether the frame goes on in the next entry.
    pub(super) more: bool,
    /// Whether it counts towards what may wait.
    counts: bool,
}

impl Entry {
    /// A part of a frame that goes on in the next entry.
    pub(super) fn part(bytes: Bytes) -> Self {
        Self { more: true, ..bytes.into() }
    }

    /// A frame that is in no log. Of those with the same key only the newest matters.
    pub(super) fn signal(bytes: Bytes, key: Option<Cow<'static, str>>) -> Self {
        Self { key, elsewhere: Elsewhere::Snapshot, ..bytes.into() }
    }

    /// A frame for this session alone, which is in no log.
    pub(super) fn tell(bytes: Bytes, push: Option<PushId>) -> Self {
        Self { elsewhere: Elsewhere::Nowhere, push, ..bytes.into() }
    }
}

impl From<Bytes> for Entry {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, key: None, elsewhere: Elsewhere::Log, push: None, more: false, counts: false }
    }
}

/// Where a session could have a frame again that it was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// In the log.
    Log,
    /// In no log; a snapshot tells what is so since.
    Snapshot,
    /// Nowhere: it is for this session alone.
    Nowhere,
}

/// There was more than may wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// Whether all of it came in this very turn, so that nobody had a chance to take it.
    pub(super) at_once: bool,
}

/// A queue of frames, the first of which may be sent in part.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Entry>,
    /// What was pushed and waits, in bytes. What a session begins with, or reads from the log at
    /// its own pace, does not count.
    pushed: usize,
    /// How much of the first entry is sent.
    sent: usize,
    /// Whether the first entry goes on with a frame whose beginning is sent.
    begun: bool,
    /// When something began to wait.
    since: Millis,
}

impl Outbox {
    /// Queues a frame. A signal takes the place of an older one with its key.
    ///
    /// One that is larger than the limit by itself still goes to a session that keeps up.
    pub(super) fn push(&mut self, entry: Entry, limit: usize, now: Millis) -> Result<(), Full> {
        if let Some(key) = &entry.key {
            self.drop_signal(key);
        }
        if self.pushed > 0 && self.pushed + entry.bytes.len() > limit {
            return Err(Full { at_once: self.since == now });
        }
        self.pushed += entry.bytes.len();
        self.enqueue(Entry { counts: true, ..entry }, now);
        Ok(())
    }

    /// Queues without a limit: what the session itself decides to send next.
    pub(super) fn append(&mut self, entry: Entry, now: Millis) {
        self.enqueue(entry, now);
    }

    fn enqueue(&mut self, entry: Entry, now: Millis) {
        if self.queue.is_empty() {
            self.since = now;
        }
        self.queue.push_back(entry);
    }

    /// Drops what waits, but for the rest of a frame of which a part is sent.
    pub(super) fn abandon(&mut self) {
        if !self.begun && self.sent == 0 {
            self.queue.clear();
        } else if let Some(last) = self.queue.iter().position(|entry| !entry.more) {
            self.queue.truncate(last + 1);
        }
        self.count();
    }

    /// Drops all but what is in no log: a page that asks anew says what it has seen, and is given
    /// the rest again from there.
    pub(super) fn keep_signals(&mut self) {
        self.queue.retain(|entry| entry.elsewhere != Elsewhere::Log);
        self.count();
    }

    /// Takes out what waits, to be queued again behind a snapshot; drops what that has overtaken.
    pub(super) fn overtaken(&mut self) -> Vec<Entry> {
        let Self { queue, .. } = std::mem::take(self);
        let stays = |entry: &Entry| match entry.elsewhere {
            Elsewhere::Nowhere => true,
            Elsewhere::Snapshot => entry.key.is_none(),
            Elsewhere::Log => false,
        };
        queue.into_iter().filter(stays).collect()
    }

    /// Drops the pushes that the page has seen, and these.
    pub(super) fn drop_pushes(&mut self, seen: PushId, these: &[PushId]) {
        let stays = |push: PushId| push > seen && !these.contains(&push);
        self.queue.retain(|entry| entry.push.is_none_or(stays));
        self.count();
    }

    fn count(&mut self) {
        let counting = self.queue.iter().filter(|entry| entry.counts);
        self.pushed = counting.map(|entry| entry.bytes.len()).sum();
    }

    /// Fills `slices` with what is to be sent next; how many of them.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (entry, slice) in self.queue.iter().zip(slices) {
            let start = if count == 0 { self.sent } else { 0 };
            *slice = IoSlice::new(&entry.bytes[start..]);
            count += 1;
        }
        count
    }

    /// Lets go of what was sent.
    pub(super) fn advance(&mut self, mut sent: usize) {
        sent += self.sent;
        while let Some(entry) = self.queue.front()
            && sent >= entry.bytes.len()
        {
            sent -= entry.bytes.len();
            self.begun = entry.more;
            if entry.counts {
                self.pushed -= entry.bytes.len();
            }
            self.queue.pop_front();
        }
        self.sent = sent;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// All that waits, for whoever sends only whole frames.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Bytes> {
        self.queue.iter().map(|entry| &entry.bytes)
    }

    /// Takes all; the first may be one that goes on.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let Self { queue, sent, begun, .. } = std::mem::take(self);
        // The rest of a frame of which only a part is here has to come after it.
        self.begun = queue.back().map_or(begun, |last| last.more);
        let mut sent = Some(sent);
        queue.into_iter().map(move |entry| entry.bytes.slice(sent.take().unwrap_or(0)..))
    }

    fn drop_signal(&mut self, key: &str) {
        // What is sent in part has to be sent whole.
        let first = usize::from(self.sent > 0);
        let same = |entry: &Entry| entry.key.as_deref() == Some(key);
        if let Some(index) = self.queue.iter().skip(first).position(same)
            && let Some(old) = self.queue.remove(first + index)
        {
            self.pushed -= if old.counts { old.bytes.len() } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 100;

    fn signal(text: &'static str) -> Entry {
        let bytes = Bytes::from_static(text.as_bytes());
        Entry::signal(bytes, Some(Cow::Borrowed("presence")))
    }

    fn frame(text: &'static str) -> Entry {
        Bytes::from_static(text.as_bytes()).into()
    }

    fn left(outbox: &mut Outbox) -> Vec<Bytes> {
        outbox.take().collect()
    }

    #[test]
    fn of_signals_only_the_newest_waits() {
        let mut outbox = Outbox::default();
        for entry in [signal("old"), frame("event"), signal("new")] {
            outbox.push(entry, LIMIT, 0).unwrap();
        }
        assert_eq!(left(&mut outbox), ["event", "new"]);
    }

    #[test]
    fn a_snapshot_overtakes_what_it_tells_itself() {
        let mut outbox = Outbox::default();
        let tell = Entry::tell(Bytes::from_static(b"push"), None);
        for entry in [frame("event"), signal("state"), tell] {
            outbox.push(entry, LIMIT, 0).unwrap();
        }
        let left: Vec<_> = outbox.overtaken().into_iter().map(|entry| entry.bytes).collect();
        assert_eq!(left, ["push"]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn many_replaced_signals_do_not_fill_it() {
        let mut outbox = Outbox::default();
        (0..1000).for_each(|_| outbox.push(signal("12345678"), 10, 0).unwrap());
    }

    #[test]
    fn a_signal_that_is_sent_in_part_is_sent_whole() {
        let mut outbox = Outbox::default();
        outbox.push(signal("older"), LIMIT, 0).unwrap();
        outbox.advance(2);
        outbox.push(signal("newer"), LIMIT, 0).unwrap();
        assert_eq!(left(&mut outbox), ["der", "newer"]);
    }

    #[test]
    fn a_large_frame_goes_to_whoever_keeps_up_and_fills_it_for_others() {
        let mut outbox = Outbox::default();
        outbox.push(frame("0123456789"), 5, 7).unwrap();
        assert_eq!(
            outbox.push(frame("0"), 5, 7),
            Err(Full { at_once: true }),
            "it had no time yet"
        );
        assert_eq!(outbox.push(frame("0"), 5, 8), Err(Full { at_once: false }));
    }

    #[test]
    fn what_is_dropped_ends_where_a_frame_ends() {
        let mut outbox = Outbox::default();
        let parts = [("head", true), ("body", true), ("tail", false), ("next", false)];
        for (text, more) in parts {
            outbox.append(Entry { more, ..frame(text) }, 0);
        }
        outbox.advance(6);
        outbox.abandon();
        assert_eq!(left(&mut outbox), ["dy", "tail"]);

        for (text, more) in parts {
            outbox.append(Entry { more, ..frame(text) }, 0);
        }
        outbox.advance(4);
        outbox.abandon();
        assert_eq!(left(&mut outbox), ["body", "tail"], "the frame's beginning is out already");

        outbox.append(frame("whole"), 0);
        outbox.abandon();
        assert!(outbox.is_empty());
    }

    #[test]
    fn slices_begin_where_sending_stopped() {
        let mut outbox = Outbox::default();
        for text in ["abc", "def", "ghi"] {
            outbox.append(frame(text), 0);
        }
        outbox.advance(4);
        let mut slices = [IoSlice::new(&[]); 4];
        assert_eq!(outbox.slices(&mut slices), 2);
        assert_eq!((&*slices[0], &*slices[1]), (&b"ef"[..], &b"ghi"[..]));
    }

    #[test]
    fn what_a_session_begins_with_does_not_count() {
        let mut outbox = Outbox::default();
        outbox.append(frame("a snapshot of any length"), 0);
        outbox.push(frame("12345"), 5, 0).unwrap();
        assert!(outbox.push(frame("6"), 5, 0).is_err());
        outbox.advance("a snapshot of any length12345".len());
        outbox.push(frame("6"), 5, 0).unwrap();
    }

    #[test]
    fn a_frame_that_was_taken_in_part_is_finished() {
        let mut outbox = Outbox::default();
        outbox.append(Entry::part(Bytes::from_static(b"head")), 0);
        assert_eq!(left(&mut outbox), ["head"]);
        outbox.append(frame("tail"), 0);
        outbox.append(frame("next"), 0);
        outbox.abandon();
        assert_eq!(left(&mut outbox), ["tail"]);
    }
}
