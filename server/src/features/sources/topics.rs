//! Topic words: whole words, whatever their case and accents.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use std::collections::HashMap;

/// The words of a text, folded, in their order.
pub(super) struct Words {
    words: Vec<Word>,
    /// All of it in one piece, where it is written without blanks.
    whole: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    /// Whether it stands behind a `#`.
    tag: bool,
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Topics {
    /// Words that follow each other, by the first of them: a long text is looked through once,
    /// however many topics there are.
    words: HashMap<String, Vec<Vec<Word>>>,
    /// Characters in scripts that are written without blanks.
    parts: Vec<String>,
}

/// Lower case, without accents, ligatures and widths.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let classes = CanonicalCombiningClassMapBorrowed::new();
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(apart.len());
    for letter in apart.chars().flat_map(char::to_lowercase) {
        match letter {
            '\u{df}' => folded.push_str("ss"),
            '\u{e6}' => folded.push_str("ae"),
            '\u{153}' => folded.push_str("oe"),
            '\u{f8}' => folded.push('o'),
            '\u{142}' => folded.push('l'),
            '\u{111}' | '\u{f0}' => folded.push('d'),
            '\u{fe}' => folded.push_str("th"),
            '\u{131}' => folded.push('i'),
            '\u{3c2}' => folded.push('\u{3c3}'),
            // Marks over, under and through letters; the vowels of Hebrew and Arabic. Those of
            // scripts whose words would be others without them have classes of their own.
            letter if matches!(classes.get_u8(letter), 1 | 10..=36 | 200..=240) => {}
            letter => folded.push(letter),
        }
    }
    folded
}

/// Whether a script is written without blanks between words.
fn is_dense(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

impl Words {
    /// Those of this text.
    pub(super) fn of(text: &str) -> Self {
        let folded = fold(text);
        let mut words = Vec::new();
        let (mut word, mut tag, mut before) = (String::new(), false, ' ');
        for letter in folded.chars() {
            if letter.is_alphanumeric() {
                if word.is_empty() {
                    tag = before == '#';
                }
                word.push(letter);
            } else if !word.is_empty() {
                words.push(Word { text: std::mem::take(&mut word), tag });
            }
            before = letter;
        }
        if !word.is_empty() {
            words.push(Word { text: word, tag });
        }
        let whole = folded.chars().any(is_dense).then_some(folded);
        Self { words, whole }
    }

    /// The words without what is around them.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| word.text.as_str())
    }
}

impl Topics {
    /// What these texts stand for: a word, several that follow each other, or a `#tag`. Those without
    /// a letter or digit stand for nothing.
    pub(super) fn new<'t>(topics: impl IntoIterator<Item = &'t str>) -> Self {
        let mut all = Self::default();
        for topic in topics {
            let folded = fold(topic.trim());
            if folded.chars().any(is_dense) {
                all.parts.push(folded);
                continue;
            }
            let words = Words::of(topic).words;
            if let Some(first) = words.first() {
                all.words.entry(first.text.clone()).or_default().push(words);
            }
        }
        all
    }

    /// Whether nothing is looked for: then everything will do.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.parts.is_empty()
    }

    /// Whether one of them is there.
    pub(super) fn are_in(&self, text: &Words) -> bool {
        let whole = text.whole.as_ref();
        let has_part = |part: &String| whole.is_some_and(|whole| whole.contains(part));
        let begins = |(place, word): (usize, &Word)| {
            let topics = self.words.get(&word.text);
            topics.is_some_and(|topics| {
                topics.iter().any(|topic| stands(&text.words[place..], topic))
            })
        };
        text.words.iter().enumerate().any(begins) || self.parts.iter().any(has_part)
    }
}

/// Whether these words begin with those that are wanted.
fn stands(words: &[Word], wanted: &[Word]) -> bool {
    let fits =
        |(word, wanted): (&Word, &Word)| word.text == wanted.text && (word.tag || !wanted.tag);
    words.len() >= wanted.len() && words.iter().zip(wanted).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_in(topic: &str, text: &str) -> bool {
        Topics::new([topic]).are_in(&Words::of(text))
    }

    #[test]
    fn case_and_accents_do_not_matter() {
        for (topic, text) in [
            ("harbour", "The HARBOUR is open"),
            ("cafe", "Un Caf\u{e9}, s'il vous pla\u{ee}t"),
            ("Caf\u{e9}", "cafe"),
            ("caf\u{e9}", "CAFE\u{301}"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{142}\u{f3}d\u{17a}", "Lodz"),
            ("\u{f8}l", "OL"),
            ("\u{3bb}\u{3cc}\u{3b3}\u{3bf}\u{3c2}", "\u{39b}\u{39f}\u{393}\u{39f}\u{3a3}"),
            ("\u{1c4}", "\u{1c6}"),
            ("\u{ff28}\u{ff29}", "hi"),
            ("istanbul", "\u{130}stanbul"),
        ] {
            assert!(is_in(topic, text), "{topic} {text}");
        }
    }

    #[test]
    fn only_whole_words_count() {
        assert!(!is_in("art", "The party started"));
        assert!(is_in("art", "State of the art."));
        assert!(is_in("art", "art-house") && is_in("art", "(art)"));
        assert!(is_in("tall ships", "Two TALL  ships, in the rain"));
        assert!(!is_in("tall ships", "Ships so tall"));
        assert!(is_in("c", "C++ and Rust") && !is_in("rust", "trust"));
    }

    #[test]
    fn a_tag_is_a_word_and_a_tag_alone_where_it_is_asked_for() {
        assert!(is_in("harbour", "#harbour"));
        assert!(is_in("#harbour", "See #Harbour!"));
        assert!(!is_in("#harbour", "See the harbour"));
        assert!(is_in("festival", "#harbour_festival"));
    }

    #[test]
    fn scripts_without_blanks_are_looked_through() {
        assert!(is_in("\u{6771}\u{4eac}", "\u{4eca}\u{65e5}\u{6771}\u{4eac}\u{306f}\u{96e8}"));
        assert!(!is_in("\u{5927}\u{962a}", "\u{6771}\u{4eac}\u{306f}\u{96e8}"));
    }

    #[test]
    fn nothing_is_no_topic() {
        assert!(Topics::new(["", "  ", "#", "!?"]).is_empty());
        assert!(!is_in("!", "!"));
    }

    proptest! {
        #[test]
        fn a_word_of_a_text_is_in_it(before in "\\PC{0,20}", word in "[a-z\u{e4}\u{e9}\u{f1}]{1,8}", after in "\\PC{0,20}") {
            let text = format!("{before} {word} {after}");
            prop_assert!(is_in(&word, &text));
            prop_assert!(is_in(&word.to_uppercase(), &text));
            prop_assert!(is_in(&word, &text.to_uppercase()));
        }

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,30}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
