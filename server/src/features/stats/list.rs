//! Names with their counts as one value: in the order of the names, each written as what it does not
//! share with the one before. Lists are added up by walking them side by side, so that the most
//! frequent of a million names are found without a row for each.
//!
//! An entry is the length that it shares with the name before, the length of the rest, the rest, and
//! the count, which may be negative; numbers are of seven bits a byte, the lowest first (LEB128), the
//! count's sign is its lowest bit.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Writes a list; names have to come in their order, each once.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Writer {
    /// What counts nothing is left out.
    pub(super) fn push(&mut self, name: &[u8], count: i64) {
        if count == 0 {
            return;
        }
        let shared = self.last.iter().zip(name).take_while(|(a, b)| a == b).count();
        let rest = &name[shared..];
        number(&mut self.bytes, shared as u64);
        number(&mut self.bytes, rest.len() as u64);
        self.bytes.extend_from_slice(rest);
        number(&mut self.bytes, ((count << 1) ^ (count >> 63)).cast_unsigned());
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
    }

    /// The list; empty if nothing counts.
    pub(super) fn end(self) -> Vec<u8> {
        self.bytes
    }
}

fn number(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// Walks a list. A damaged one ends early.
struct Cursor<'l> {
    rest: &'l [u8],
    name: Vec<u8>,
    count: i64,
    /// Which of several sums this one adds to.
    sum: usize,
}

impl Cursor<'_> {
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Goes on to the next name, if there is one.
    fn advance(&mut self) -> Option<()> {
        let shared = usize::try_from(self.number()?).ok()?;
        let length = usize::try_from(self.number()?).ok()?;
        if shared > self.name.len() {
            return None;
        }
        let (rest, after) = self.rest.split_at_checked(length)?;
        self.name.truncate(shared);
        self.name.extend_from_slice(rest);
        self.rest = after;
        let count = self.number()?;
        self.count = (count >> 1).cast_signed() ^ -((count & 1).cast_signed());
        Some(())
    }
}

/// The first name is the greatest, as heaps give the greatest.
impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.name.cmp(&self.name)
    }
}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Cursor<'_> {}

/// Adds lists up: each name of theirs in order, with its sums. Each list says to which sum it adds.
pub(super) fn merge<const SUMS: usize>(
    lists: &[(usize, &[u8])],
    mut each: impl FnMut(&[u8], [i64; SUMS]),
) {
    let mut heap = BinaryHeap::with_capacity(lists.len());
    for (sum, list) in lists.iter().filter(|(sum, _)| *sum < SUMS) {
        let mut cursor = Cursor { rest: list, name: Vec::new(), count: 0, sum: *sum };
        if cursor.advance().is_some() {
            heap.push(cursor);
        }
    }
    let mut name = Vec::new();
    while let Some(first) = heap.peek() {
        name.clone_from(&first.name);
        let mut sums = [0_i64; SUMS];
        while let Some(mut next) = heap.peek_mut()
            && next.name == name
        {
            sums[next.sum] = sums[next.sum].saturating_add(next.count);
            if next.advance().is_none() {
                PeekMut::pop(next);
            }
        }
        each(&name, sums);
    }
}

/// Lists as one.
pub(super) fn added(lists: &[&[u8]]) -> Vec<u8> {
    let lists: Vec<_> = lists.iter().map(|list| (0, *list)).collect();
    let mut all = Writer::default();
    merge(&lists, |name, [count]: [i64; 1]| all.push(name, count));
    all.end()
}

/// Lists as one, without what came to less than nothing: whatever that was taken back from is gone.
pub(super) fn positive(lists: &[&[u8]]) -> Vec<u8> {
    let lists: Vec<_> = lists.iter().map(|list| (0, *list)).collect();
    let mut all = Writer::default();
    merge(&lists, |name, [count]: [i64; 1]| all.push(name, count.max(0)));
    all.end()
}

/// A list with the opposite of each count.
pub(super) fn opposite(list: &[u8]) -> Vec<u8> {
    let mut all = Writer::default();
    merge(&[(0, list)], |name, [count]: [i64; 1]| all.push(name, count.saturating_neg()));
    all.end()
}

/// The list without the rarer half of its names, if it is longer than so many bytes.
pub(super) fn cut(list: Vec<u8>, most: usize) -> Vec<u8> {
    if list.len() <= most {
        return list;
    }
    let mut counts = Vec::new();
    merge(&[(0, &list)], |_, [count]: [i64; 1]| counts.push(count));
    let half = counts.len() / 2;
    // What is no list has no names.
    let Some(at) = (counts.len() - half).checked_sub(1) else { return Vec::new() };
    let (_, middle, more) = counts.select_nth_unstable(at);
    let middle = *middle;
    // Of those as frequent as the middle one, the first by the alphabet fill the half.
    let mut equals = half - more.iter().filter(|count| **count > middle).count();
    let mut rest = Writer::default();
    merge(&[(0, &list)], |name, [count]: [i64; 1]| {
        if count > middle || count == middle && equals > 0 {
            equals -= usize::from(count == middle);
            rest.push(name, count);
        }
    });
    rest.end()
}

/// The names with the largest counts, and what else is known of each; of those that count the same the
/// first by the alphabet.
pub(super) struct Top<T> {
    most: usize,
    heap: BinaryHeap<Reverse<(i64, Reverse<String>, T)>>,
}

impl<T: Ord> Top<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::with_capacity(most + 1) }
    }

    /// Takes a name; they come in their order.
    pub(super) fn take(&mut self, name: &[u8], count: i64, known: T) {
        // As often as the last is not enough, since that one's name is the earlier.
        let full = self.heap.len() >= self.most;
        if count <= 0 || full && self.heap.peek().is_none_or(|Reverse((last, ..))| count <= *last) {
            return;
        }
        if full {
            self.heap.pop();
        }
        let name = String::from_utf8_lossy(name).into_owned();
        self.heap.push(Reverse((count, Reverse(name), known)));
    }

    /// From the largest on.
    pub(super) fn sorted(self) -> impl Iterator<Item = (String, i64, T)> {
        let sorted = self.heap.into_sorted_vec().into_iter();
        sorted.map(|Reverse((count, Reverse(name), known))| (name, count, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Counts = BTreeMap<String, i64>;

    fn written(counts: &Counts) -> Vec<u8> {
        let mut list = Writer::default();
        for (name, count) in counts {
            list.push(name.as_bytes(), *count);
        }
        list.end()
    }

    fn read(list: &[u8]) -> Counts {
        let mut counts = Counts::new();
        merge(&[(0, list)], |name, [count]: [i64; 1]| {
            counts.insert(String::from_utf8(name.to_vec()).unwrap(), count);
        });
        counts
    }

    fn counts() -> impl Strategy<Value = Counts> {
        let count = prop_oneof![-3_i64..3, any::<i64>().prop_map(|count| count / 8)];
        prop::collection::btree_map("[ab\u{e9}]{0,6}", count, 0..30)
    }

    proptest! {
        #[test]
        fn a_list_is_read_as_it_was_written(counts in counts()) {
            let there: Counts = counts.clone().into_iter().filter(|(_, count)| *count != 0).collect();
            prop_assert_eq!(read(&written(&counts)), there);
        }

        #[test]
        fn lists_add_up_name_by_name(all in prop::collection::vec(counts(), 0..6)) {
            let lists: Vec<_> = all.iter().map(written).collect();
            let slices: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
            let mut plain = Counts::new();
            for (name, count) in all.iter().flatten() {
                *plain.entry(name.clone()).or_default() += count;
            }
            plain.retain(|_, count| *count != 0);
            prop_assert_eq!(&read(&added(&slices)), &plain);
            let back = opposite(&added(&slices));
            prop_assert!(added(&[&added(&slices), &back]).is_empty());

            let mut top = Top::new(3);
            for (name, count) in &plain {
                top.take(name.as_bytes(), *count, ());
            }
            let mut sorted: Vec<_> = plain.into_iter().filter(|(_, count)| *count > 0).collect();
            sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            sorted.truncate(3);
            let top: Vec<_> = top.sorted().map(|(name, count, ())| (name, count)).collect();
            prop_assert_eq!(top, sorted);
        }

        #[test]
        fn of_a_list_that_is_too_long_the_more_frequent_half_stays(counts in counts()) {
            let list = written(&counts);
            prop_assert_eq!(cut(list.clone(), list.len()), list.clone());
            let there = read(&list);
            let left = read(&cut(list, 0));
            prop_assert_eq!(left.len(), there.len() / 2);
            let rarest = left.values().min();
            for (name, count) in &there {
                prop_assert!(left.get(name).is_none_or(|left| left == count));
                prop_assert!(left.contains_key(name) || rarest.is_none_or(|rarest| count <= rarest));
            }
        }

        #[test]
        fn what_is_no_list_ends_somewhere(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            added(&[&bytes, &bytes]);
        }
    }
}
