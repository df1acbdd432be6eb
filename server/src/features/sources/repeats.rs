//! What was heard before: by the name that the service gave it, or by what it says.

use super::topics::Words;
use sha2::{Digest, Sha256};
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many names of records are remembered, the newest.
pub(super) const MOST_NAMES: usize = 10_000;
/// How many texts are remembered, the newest.
const MOST_TEXTS: usize = 256;
/// How many words a text has at least that can be nearly another; shorter ones are the same or not.
const FEW: usize = 5;

/// What the service calls a record, short.
pub(super) type Name = [u8; 16];

/// The short form of what the service calls a record.
pub(super) fn name(id: &str) -> Name {
    let digest = Sha256::digest(id.as_bytes());
    let mut name = Name::default();
    name.copy_from_slice(&digest[..16]);
    name
}

/// What was heard.
#[derive(Default)]
pub(super) struct Repeats {
    names: HashSet<Name>,
    in_order: VecDeque<Name>,
    texts: VecDeque<Text>,
}

/// What a text says, as far as texts are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// Its words without addresses and mentions, as a set.
    words: Box<[u32]>,
    /// Those of them with digits in them: scores and times make all the difference.
    numbers: Box<[u32]>,
    /// All of them in their order.
    whole: u64,
}

impl Text {
    /// That of this text; none if it says nothing.
    pub(super) fn of(text: &str) -> Option<Self> {
        let plain: Vec<&str> = text.split_whitespace().filter(|word| !is_apart(word)).collect();
        let words = Words::of(&plain.join(" "));
        let mut all: Vec<&str> = words.texts().collect();
        if all.first() == Some(&"rt") {
            all.remove(0);
        }
        if all.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        all.hash(&mut hasher);
        let numbers = all.iter().filter(|word| word.contains(char::is_numeric));
        Some(Self { numbers: set(numbers), words: set(all.iter()), whole: hasher.finish() })
    }

    /// Whether both say nearly the same: the same words, or, of texts that are not too short, four of
    /// five of them, and the same numbers.
    fn is_near(&self, other: &Self) -> bool {
        if self.whole == other.whole {
            return true;
        }
        let (few, many) = match (self.words.len(), other.words.len()) {
            (one, two) if one < two => (one, two),
            (one, two) => (two, one),
        };
        // So few have at most so many in common.
        few >= FEW && 5 * few >= 4 * many && self.numbers == other.numbers && {
            let common = common(&self.words, &other.words);
            5 * common >= 4 * (few + many - common)
        }
    }
}

/// What two texts that say the same may differ in.
fn is_apart(word: &str) -> bool {
    word.contains("://") || word.starts_with('@') && word.len() > 1
}

fn set<'w>(words: impl Iterator<Item = &'w &'w str>) -> Box<[u32]> {
    let mut set: Vec<u32> = words
        .map(|word| {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
            let short = hasher.finish() as u32;
            short
        })
        .collect();
    set.sort_unstable();
    set.dedup();
    set.into()
}

/// How many two sorted sets have in common.
fn common(one: &[u32], two: &[u32]) -> usize {
    let (mut first, mut second, mut common) = (0, 0, 0);
    while let (Some(a), Some(b)) = (one.get(first), two.get(second)) {
        common += usize::from(a == b);
        first += usize::from(a <= b);
        second += usize::from(b <= a);
    }
    common
}

impl Repeats {
    /// Remembers these, oldest first.
    pub(super) fn remembering(names: impl IntoIterator<Item = Name>) -> Self {
        let mut repeats = Self::default();
        for name in names {
            repeats.note_name(name);
        }
        repeats
    }

    /// Whether the record of this name was heard.
    pub(super) fn has_name(&self, name: &Name) -> bool {
        self.names.contains(name)
    }

    /// Remembers a name.
    pub(super) fn note_name(&mut self, name: Name) {
        if !self.names.insert(name) {
            return;
        }
        self.in_order.push_back(name);
        if self.in_order.len() > MOST_NAMES
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.names.remove(&oldest);
        }
    }

    /// Whether nearly the same was said.
    pub(super) fn has_text(&self, text: &Text) -> bool {
        self.texts.iter().rev().any(|known| known.is_near(text))
    }

    /// Remembers a text.
    pub(super) fn note_text(&mut self, text: Text) {
        if self.texts.len() == MOST_TEXTS {
            self.texts.pop_front();
        }
        self.texts.push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(one: &str, two: &str) -> bool {
        let (one, two) = (Text::of(one).unwrap(), Text::of(two).unwrap());
        assert_eq!(one.is_near(&two), two.is_near(&one), "both ways");
        one.is_near(&two)
    }

    #[test]
    fn the_same_in_other_dress_is_a_repeat() {
        let said = "The tall ships enter the harbour now, come and see!";
        for again in [
            "the TALL ships enter the harbour now - come and see",
            "RT @ana: The tall ships enter the harbour now, come and see! https://x.example/1",
            "The tall ships enter the harbour right now, come and see!",
        ] {
            assert!(near(said, again), "{again}");
        }
    }

    #[test]
    fn what_says_something_else_is_not() {
        for (one, two) in [
            (
                "Goal! The Rats lead 2 : 1 after a wonderful corner",
                "Goal! The Rats lead 3 : 1 after a wonderful corner",
            ),
            ("Good morning", "Good evening"),
            ("Hello", "Hello Ana"),
            ("The tall ships enter the harbour now", "The small boats leave the harbour at noon"),
        ] {
            assert!(!near(one, two), "{one} / {two}");
        }
        assert_eq!(Text::of(" https://x.example @ana "), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut repeats = Repeats::default();
        for number in 0..=MOST_NAMES {
            repeats.note_name(name(&number.to_string()));
        }
        assert!(!repeats.has_name(&name("0")));
        assert!(repeats.has_name(&name("1")) && repeats.has_name(&name(&MOST_NAMES.to_string())));
        assert_eq!(repeats.names.len(), MOST_NAMES);
        for number in 0..=MOST_TEXTS {
            repeats.note_text(Text::of(&format!("number {number}")).unwrap());
        }
        assert!(!repeats.has_text(&Text::of("number 0").unwrap()));
        assert!(repeats.has_text(&Text::of("Number 1!").unwrap()));
    }

    proptest! {
        #[test]
        fn every_text_is_near_itself_and_neither_way_matters(one in "[a-e ]{0,40}", two in "[a-e ]{0,40}") {
            if let (Some(one), Some(two)) = (Text::of(&one), Text::of(&two)) {
                prop_assert!(one.is_near(&one));
                prop_assert_eq!(one.is_near(&two), two.is_near(&one));
            }
        }

        #[test]
        fn common_is_what_sets_say(one in prop::collection::btree_set(0..50_u32, 0..20), two in prop::collection::btree_set(0..50_u32, 0..20)) {
            let (a, b): (Vec<u32>, Vec<u32>) = (one.iter().copied().collect(), two.iter().copied().collect());
            prop_assert_eq!(common(&a, &b), one.intersection(&two).count());
        }
    }
}
