//! The newest items as older pages read them, oldest first, each with a time stamp that no other
//! has. Pure: what comes in has its stamp already.

use bytes::Bytes;
use nowcast_shared::id::ItemId;
use nowcast_shared::item::Item;
use nowcast_shared::offset::Offset;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};

/// How many bytes all of it has at most.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// When an item was shown, for such pages: Unix milliseconds, larger for each.
pub(super) type Stamp = i64;

/// An item as the log has it.
pub(super) type Raw = Item<Box<RawValue>>;

/// The stamp of an item of this time after one with `last`.
pub(super) fn next(last: Stamp, at: i64) -> Stamp {
    at.max(last.saturating_add(1))
}

/// The newest items.
pub(super) struct Backlog {
    most: usize,
    elements: VecDeque<Element>,
    bytes: usize,
    /// The newest stamp that was ever given.
    last: Stamp,
}

struct Element {
    id: ItemId,
    offset: Offset,
    stamp: Stamp,
    /// What stands in the array: a comma, and the item. Answers on their way share it.
    json: Bytes,
}

impl Backlog {
    /// Nothing yet, and later at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, elements: VecDeque::new(), bytes: 0, last: 0 }
    }

    /// How many there can be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Where the oldest of them was published.
    pub(super) fn oldest(&self) -> Option<Offset> {
        self.elements.front().map(|element| element.offset)
    }

    /// The newest stamp that was ever given.
    pub(super) fn last(&self) -> Stamp {
        self.last
    }

    /// The stamp of the newest item that was published up to there, or one that is before all.
    pub(super) fn through(&self, offset: Offset) -> Stamp {
        let newer = self.elements.iter().rev().take_while(|element| element.offset > offset);
        match newer.last() {
            Some(first) => first.stamp.saturating_sub(1),
            None => self.last,
        }
    }

    /// Nothing but these, of which the newest that was ever there had the stamp `last`.
    pub(super) fn replace(&mut self, items: impl Iterator<Item = (Stamp, Raw)>, last: Stamp) {
        self.elements.clear();
        self.bytes = 0;
        self.last = last;
        items.for_each(|(stamp, item)| self.publish(stamp, &item));
    }

    /// A new item.
    pub(super) fn publish(&mut self, stamp: Stamp, item: &Raw) {
        let json = element(item, stamp);
        self.bytes += json.len();
        let (id, offset) = (item.id.clone(), item.offset);
        self.elements.push_back(Element { id, offset, stamp, json });
        self.last = self.last.max(stamp);
        while self.elements.len() > self.most || self.bytes > MOST_BYTES && self.elements.len() > 1
        {
            let Some(oldest) = self.elements.pop_front() else { break };
            self.bytes -= oldest.json.len();
        }
    }

    /// An item is another, at the same place.
    pub(super) fn edit(&mut self, item: &Raw) {
        let Some(place) = self.find(&item.id) else { return };
        let edited = &mut self.elements[place];
        let json = element(item, edited.stamp);
        self.bytes = self.bytes - edited.json.len() + json.len();
        edited.json = json;
    }

    /// An item is gone.
    pub(super) fn delete(&mut self, id: &ItemId) {
        let gone = self.find(id).and_then(|place| self.elements.remove(place));
        if let Some(gone) = gone {
            self.bytes -= gone.json.len();
        }
    }

    /// What was published before this offset is gone.
    pub(super) fn let_go(&mut self, before: Offset) {
        while let Some(oldest) = self.elements.pop_front_if(|oldest| oldest.offset < before) {
            self.bytes -= oldest.json.len();
        }
    }

    fn find(&self, id: &ItemId) -> Option<usize> {
        // Mostly it is a new one.
        self.elements.iter().rposition(|element| element.id == *id)
    }

    /// The items that are newer, as the pieces of a JSON array; `None` if there are none. Nothing is
    /// copied: however many ask, and however slowly they read, each item is in memory once.
    pub(super) fn after(&self, since: Stamp) -> Option<Vec<Bytes>> {
        let first = self.elements.partition_point(|element| element.stamp <= since);
        let mut newer = self.elements.iter().skip(first).map(|element| &element.json);
        // The first has no comma before it.
        let begin = [Bytes::from_static(b"["), newer.next()?.slice(1..)];
        Some(begin.into_iter().chain(newer.cloned()).chain([Bytes::from_static(b"]")]).collect())
    }
}

/// A comma and an item's JSON for older pages: its fields beside its `type` and its `timestamp`.
fn element(item: &Raw, stamp: Stamp) -> Bytes {
    let data = item.data.get();
    let mut fields: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
    let posted: BTreeMap<String, Box<RawValue>> = serde_json::from_str(data).unwrap_or_else(|_| {
        // No object: a custom item can be any JSON.
        BTreeMap::from([("data".to_owned(), item.data.clone())])
    });
    let mut set = |name, value: Value| {
        if let Ok(value) = serde_json::value::to_raw_value(&value) {
            fields.insert(name, value);
        }
    };
    set(TYPE, item.kind.as_str().into());
    set("timestamp", stamp.into());
    for (name, value) in &posted {
        // What was posted as a type that is none of ours still says so.
        if name == TYPE && item.kind == CUSTOM || name != TYPE && name != "timestamp" {
            fields.insert(name, value.clone());
        }
    }
    let mut json = vec![b','];
    // Strings and raw JSON can always be written.
    let _ = serde_json::to_writer(&mut json, &fields);
    json.shrink_to_fit();
    json.into()
}

/// The kind of items that are whatever was posted.
pub(super) const CUSTOM: &str = "custom";

/// The field that names the kind of an item.
pub(super) const TYPE: &str = "type";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn item(id: &str, kind: &str, data: &Value) -> Raw {
        let by = json!({"role": "publisher", "id": "p1"});
        let item = json!({"id": id, "offset": 1, "at": 5, "kind": kind, "data": data, "by": by});
        serde_json::from_str(&item.to_string()).unwrap()
    }

    fn said(text: &str) -> Raw {
        item(text, "message", &json!({"text": text}))
    }

    fn after(backlog: &Backlog, since: Stamp) -> Vec<Value> {
        let answer = backlog.after(since).map(|pieces| pieces.concat());
        answer.map(|json| serde_json::from_slice(&json).unwrap()).unwrap_or_default()
    }

    #[test]
    fn an_element_has_the_posted_fields_a_type_and_its_time_stamp() {
        let shown = |kind, data: Value| {
            let mut backlog = Backlog::new(5);
            backlog.publish(7, &item("i1", kind, &data));
            after(&backlog, 0).remove(0)
        };
        assert_eq!(
            shown("message", json!({"text": "A", "mood": ["calm"]})),
            json!({"type": "message", "text": "A", "mood": ["calm"], "timestamp": 7})
        );
        assert_eq!(
            shown("link", json!({"url": "http://x.example", "type": "x", "timestamp": 1})),
            json!({"type": "link", "url": "http://x.example", "timestamp": 7})
        );
        assert_eq!(
            shown("custom", json!({"type": "weather", "degrees": "7"})),
            json!({"type": "weather", "degrees": "7", "timestamp": 7})
        );
        assert_eq!(
            shown("custom", json!({"degrees": 7})),
            json!({"type": "custom", "degrees": 7, "timestamp": 7})
        );
        assert_eq!(
            shown("custom", json!([1, 2])),
            json!({"type": "custom", "data": [1, 2], "timestamp": 7})
        );
    }

    #[test]
    fn only_the_newest_are_held_and_what_is_newer_is_given_in_order() {
        let mut backlog = Backlog::new(3);
        (1..=5).for_each(|stamp| backlog.publish(stamp * 10, &said(&stamp.to_string())));
        let texts = |backlog: &Backlog, since| -> Vec<String> {
            let elements = after(backlog, since);
            elements.iter().map(|element| element["text"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(texts(&backlog, 0), ["3", "4", "5"]);
        assert_eq!(texts(&backlog, 39), ["4", "5"]);
        assert_eq!(texts(&backlog, 40), ["5"]);
        assert!(backlog.after(50).is_none() && backlog.after(i64::MAX).is_none());
        assert_eq!(texts(&backlog, i64::MIN), ["3", "4", "5"]);
    }

    #[test]
    fn an_edited_item_keeps_its_stamp_and_a_deleted_one_is_gone() {
        let mut backlog = Backlog::new(3);
        backlog.publish(10, &said("a"));
        backlog.publish(20, &said("b"));
        assert_eq!(after(&backlog, 0).len(), 2);
        backlog.edit(&item("a", "message", &json!({"text": "A"})));
        assert_eq!(after(&backlog, 0)[0], json!({"type": "message", "text": "A", "timestamp": 10}));
        backlog.delete(&"b".into());
        backlog.delete(&"b".into());
        assert_eq!(after(&backlog, 0).len(), 1);
        assert_eq!((backlog.last(), after(&backlog, 10).len()), (20, 0));
    }

    #[test]
    fn what_is_no_longer_kept_is_gone_and_the_rest_has_its_stamps() {
        let mut backlog = Backlog::new(5);
        for offset in 1..=4 {
            let mut item = said(&offset.to_string());
            item.offset = Offset(offset);
            backlog.publish(Stamp::try_from(offset).unwrap() * 10, &item);
        }
        backlog.let_go(Offset(3));
        let stamps =
            after(&backlog, 0).iter().map(|item| item["timestamp"].as_i64()).collect::<Vec<_>>();
        assert_eq!(stamps, [Some(30), Some(40)]);
        backlog.let_go(Offset(9));
        assert_eq!((backlog.bytes, backlog.last()), (0, 40));
        assert!(backlog.after(0).is_none());
    }

    #[test]
    fn however_many_ask_each_item_is_in_memory_once() {
        let mut backlog = Backlog::new(30);
        (1..=20).for_each(|stamp| backlog.publish(stamp * 10, &said(&stamp.to_string())));
        let all = backlog.after(0).unwrap();
        for (place, since) in (1..20).zip((10..).step_by(10)) {
            let newer = backlog.after(since).unwrap();
            assert_eq!(newer.len(), 22 - place);
            for (piece, same) in newer[2..newer.len() - 1].iter().zip(&all[place + 2..]) {
                assert_eq!(piece.as_ptr(), same.as_ptr());
            }
            assert_eq!(newer[1].as_ptr(), all[place + 1].slice(1..).as_ptr());
        }
    }

    #[test]
    fn now_is_after_what_was_published_by_then() {
        let mut backlog = Backlog::new(2);
        for offset in 1..=4 {
            let mut item = said(&offset.to_string());
            item.offset = Offset(offset);
            backlog.publish(Stamp::try_from(offset).unwrap() * 10, &item);
        }
        assert_eq!([4, 9].map(|offset| backlog.through(Offset(offset))), [40, 40]);
        assert_eq!(backlog.through(Offset(3)), 39, "the next is 40");
        assert_eq!(after(&backlog, backlog.through(Offset(0))).len(), 2);
        backlog.delete(&"4".into());
        assert_eq!(backlog.through(Offset(4)), 40);
    }

    #[test]
    fn its_bytes_are_bounded_and_the_newest_is_always_there() {
        let mut backlog = Backlog::new(1000);
        let text = "x".repeat(MOST_BYTES / 4);
        for stamp in 1..=6 {
            backlog.publish(stamp, &item("i", "message", &json!({"text": text})));
        }
        assert_eq!(backlog.elements.len(), 3);
        let text = "x".repeat(MOST_BYTES + 1);
        backlog.publish(7, &item("i", "message", &json!({"text": text})));
        assert_eq!((backlog.elements.len(), backlog.elements[0].stamp), (1, 7));
        backlog.delete(&"i".into());
        assert_eq!(backlog.bytes, 0);
    }

    proptest! {
        /// A reader that always asks from the last stamp it saw gets every item once, whatever the
        /// clock does.
        #[test]
        fn a_reader_sees_each_item_once(steps in prop::collection::vec((0..50_i64, any::<bool>()), 0..60)) {
            let mut backlog = Backlog::new(100);
            let (mut since, mut seen) = (0, Vec::new());
            for (number, (at, read)) in steps.iter().enumerate() {
                let stamp = next(backlog.last(), *at);
                backlog.publish(stamp, &said(&number.to_string()));
                if *read || number + 1 == steps.len() {
                    for element in after(&backlog, since) {
                        since = element["timestamp"].as_i64().unwrap();
                        seen.push(element["text"].as_str().unwrap().to_owned());
                    }
                }
            }
            let all: Vec<_> = (0..steps.len()).map(|number| number.to_string()).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
