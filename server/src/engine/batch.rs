//! What is due for a room: gathered, then joined once for each wire format.

use super::mailbox::{SessionId, Signal};
use super::outbox::Entry;
use super::poll;
use crate::encoded::Encoded;
use crate::record::Record;
use bytes::Bytes;
use nowcast_shared::offset::{Epoch, Offset};
use std::cell::OnceCell;
use std::sync::Arc;

/// How a session's frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// WebSocket frames.
    WebSocket,
    /// WebSocket frames, the larger ones compressed.
    Deflated,
    /// Chunks of an event stream.
    EventStream,
    /// Elements of a long poll's answer.
    Poll,
    /// Lines of JSON, for whoever writes them in another protocol.
    Lines,
}

impl Format {
    /// A frame as this format writes it; an event stream names the position of an event.
    pub(super) fn of<'a>(
        self,
        encoded: &'a Encoded,
        position: Option<(&Epoch, Offset)>,
    ) -> &'a Bytes {
        match self {
            Self::WebSocket => encoded.websocket(),
            Self::Deflated => encoded.deflated(),
            Self::EventStream => encoded.event_stream(position),
            Self::Poll => encoded.json(),
            Self::Lines => encoded.line(),
        }
    }
}

/// One thing that is due.
pub(super) enum Item {
    /// An event; offsets grow within a batch, though not always by one.
    Event(Arc<Record>),
    /// A signal.
    Signal(Arc<Signal>),
}

impl Item {
    pub(super) fn encoded(&self) -> &Encoded {
        match self {
            Self::Event(record) => &record.encoded,
            Self::Signal(signal) => &signal.encoded,
        }
    }

    fn bytes(&self, format: Format, epoch: &Epoch) -> &Bytes {
        let position = match self {
            Self::Event(record) => Some((epoch, record.offset)),
            Self::Signal(_) => None,
        };
        format.of(self.encoded(), position)
    }

    pub(super) fn entry(&self, format: Format, epoch: &Epoch) -> Entry {
        let bytes = self.bytes(format, epoch).clone();
        match self {
            Self::Event(_) => bytes.into(),
            Self::Signal(signal) => Entry::signal(bytes, signal.key.clone()),
        }
    }
}

/// All that is due for a room, in order.
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    pub(super) epoch: Epoch,
    /// The first and the last event, if they follow each other without a gap.
    run: Option<(Offset, Offset)>,
    /// Whether some sessions are not to get all of it.
    pub(super) selective: bool,
    /// Sessions, by their place in the shard, that are not to get all of it.
    except: Vec<usize>,
    joined: [OnceCell<Bytes>; 4],
    body: OnceCell<Bytes>,
}

impl Batch {
    /// `key` finds a session's place in the shard.
    pub(super) fn new(
        items: Vec<Item>,
        epoch: Epoch,
        key: impl Fn(SessionId) -> Option<usize>,
    ) -> Self {
        let mut run = None;
        let mut selective = false;
        let mut except = Vec::new();
        for item in &items {
            match item {
                Item::Event(record) => {
                    run = match run {
                        None => Some((record.offset, record.offset)),
                        Some((first, last)) if record.offset == last.next() => {
                            Some((first, record.offset))
                        }
                        // Sessions find out one by one.
                        Some(_) => {
                            selective = true;
                            run
                        }
                    };
                }
                Item::Signal(signal) => {
                    selective |= signal.presence.is_some();
                    except.extend(signal.except.and_then(&key));
                }
            }
        }
        let (joined, body) = Default::default();
        Self { items, epoch, run, selective, except, joined, body }
    }

    /// Where the session at `key`, which has seen `cursor`, is after the whole batch; nothing if it
    /// cannot have the whole batch as it is.
    pub(super) fn whole(&self, key: usize, cursor: Offset) -> Option<Offset> {
        if self.selective || self.except.contains(&key) {
            return None;
        }
        match self.run {
            None => Some(cursor),
            Some((first, last)) => (first == cursor.next()).then_some(last),
        }
    }

    /// Whether there are events in it.
    pub(super) fn has_events(&self) -> bool {
        self.run.is_some()
    }

    /// The whole batch as this format writes it; made once.
    pub(super) fn joined(&self, format: Format) -> &Bytes {
        let slot = match format {
            Format::WebSocket => 0,
            Format::Deflated => 1,
            // Whoever polls gets a body instead.
            Format::EventStream | Format::Poll => 2,
            Format::Lines => 3,
        };
        self.joined[slot].get_or_init(|| match &self.items[..] {
            [only] => only.bytes(format, &self.epoch).clone(),
            items => {
                let pieces = items.iter().map(|item| item.bytes(format, &self.epoch));
                let mut joined = Vec::with_capacity(pieces.clone().map(Bytes::len).sum());
                pieces.for_each(|piece| joined.extend_from_slice(piece));
                joined.into()
            }
        })
    }

    /// The answer to a poll that waited for this batch; made once.
    pub(super) fn body(&self, next: Offset) -> &Bytes {
        self.body.get_or_init(|| {
            let frames = self.items.iter().map(|item| item.encoded().json());
            poll::body(frames, &self.epoch, next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(offset: u64) -> Item {
        Item::Event(Arc::new(Record::new(Offset(offset), 0, "{}", "{}")))
    }

    fn batch(offsets: &[u64]) -> Batch {
        let items = offsets.iter().map(|offset| event(*offset)).collect();
        Batch::new(items, Epoch("e1".to_owned()), |_| None)
    }

    #[test]
    fn only_who_is_just_before_it_gets_it_whole() {
        let batch = batch(&[5, 6, 7]);
        assert_eq!(batch.whole(0, Offset(4)), Some(Offset(7)));
        assert_eq!(batch.whole(0, Offset(3)), None, "one is missing");
        assert_eq!(batch.whole(0, Offset(5)), None, "it has a part of it");
    }

    #[test]
    fn a_batch_with_a_hole_is_for_nobody() {
        assert_eq!(batch(&[5, 7]).whole(0, Offset(4)), None);
    }

    #[test]
    fn a_batch_is_joined_in_order() {
        let batch = batch(&[5, 6]);
        let joined = batch.joined(Format::EventStream).clone();
        let text = String::from_utf8(joined.into()).unwrap();
        let ids: Vec<_> = text.lines().filter(|line| line.starts_with("id: ")).collect();
        assert_eq!(ids, ["id: e1:5", "id: e1:6"]);
        assert!(batch.body(Offset(6)).ends_with(br#"],"next":"e1:6"}"#));
    }
}
